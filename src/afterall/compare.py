"""Put the runs of several sets into one table, from what each set's RESULTS.json says.

Invariant: only what a RESULTS.json holds is compared, under the same rules as within a set: a run that did
not reach its end stands behind those that did, NaN and missing numbers last, and a metric whose better
direction nobody knows ranks nothing.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from afterall.analyse.evaluation_measures import direction_of
from afterall.analyse.ordering import identity, natural_key, scalar_key, to_float
from afterall.errors import BadInput
from afterall.model import Direction, Scalar
from afterall.settings import RESULTS_JSON

MAX_BYTES = 256 << 20
_REWARDS = ("final_val_reward", "final_reward")
SHOWN = (*_REWARDS, "final_val_loss", "final_loss", "global_step", "tokens_per_second_per_gpu")
"""Metrics that have a column where any run has them, the first one ranking the runs, as within a set: where a
reward is trained for, the loss is no measure of how good a model is."""
_NOWHERE = (False, -1.0, -1.0)
_NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_UP = frozenset({*_REWARDS, "final_val_reward_accuracy", "final_reward_accuracy", "final_token_accuracy"})


class Run(Struct, frozen=True, kw_only=True):
    """One experiment of one set; `metrics` holds evaluations' scores too, as "task/scorer/metric"."""

    set_name: str
    name: str
    state: str
    trained: bool | None
    parameters: Mapping[str, Scalar]
    metrics: Mapping[str, float]


class Table(Struct, frozen=True, kw_only=True):
    """Runs in their order, best first, and what the columns are."""

    runs: tuple[Run, ...]
    parameters: tuple[str, ...]
    """Those in which any two runs differ."""
    metrics: tuple[str, ...]
    """The first one ranks the runs."""
    direction: Direction
    same_steps: bool
    """False: the ranked runs did not all take the same number of steps."""


def read_runs(path: Path) -> list[Run]:
    """Return the runs of a set, or of a RESULTS.json; raise BadInput where there is none that can be read."""
    file = path / RESULTS_JSON if path.is_dir() else path
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise BadInput(file, "is not there: write it with `afterall report SET`") from error
    except OSError as error:
        raise BadInput(file, (error.strerror or str(error)).lower()) from error
    try:
        document = json.loads(data) if len(data) <= MAX_BYTES else None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or document.get("schema") != 1:
        raise BadInput(file, "is no RESULTS.json of schema 1")
    name = _text(_mapping(document.get("set")).get("name")) or path.name
    return [_run(name, one) for one in _list(document.get("experiments")) if isinstance(one, dict)]


def compare(runs: Sequence[Run], metric: str | None = None) -> Table:
    """Return the table of several sets' runs, ranked by `metric`; BadInput where no run has it."""
    known = {name for run in runs for name in run.metrics}
    if metric is not None and metric not in known:
        raise BadInput(metric, f"no run has this metric; there are: {', '.join(sorted(known)) or 'none'}")
    shown = [name for name in SHOWN if name in known]
    first = metric or next(iter(shown), "")
    direction = _direction(first)
    ordered = sorted(runs, key=lambda run: _place(run, first, direction))
    steps = {
        run.metrics.get("global_step") for run in runs if math.isfinite(run.metrics.get(first, math.nan))
    }
    return Table(
        runs=tuple(ordered),
        parameters=tuple(_varying(runs)),
        metrics=tuple(dict.fromkeys([first, *shown])) if first else (),
        direction=direction,
        same_steps=len(steps) <= 1,
    )


def _run(set_name: str, one: Mapping[str, object]) -> Run:
    metrics = dict(_numbers(_mapping(one.get("metrics"))))
    metrics |= dict(_scores(_list(one.get("evaluations")), _list(one.get("checkpoints"))))
    trained = one.get("training_completed")
    return Run(
        set_name=set_name,
        name=_text(one.get("name")),
        state=_text(one.get("state")),
        trained=trained if isinstance(trained, bool) else None,
        parameters={k: v for k, v in _mapping(one.get("parameters")).items() if _is_scalar(v)},  # type: ignore[misc]
        metrics=metrics,
    )


def _numbers(metrics: Mapping[str, object]) -> Iterator[tuple[str, float]]:
    for name, fact in metrics.items():
        number = _number(_mapping(fact).get("value"))
        if number is not None:
            yield name, number


def _scores(evaluations: Sequence[object], checkpoints: Sequence[object]) -> Iterator[tuple[str, float]]:
    """Yield the scores of evaluations that succeeded, the one that counts last.

    Of several checkpoints that is the last one's, of two evaluations of one checkpoint the later one's.
    """
    places = {
        _text(one.get(key)): _progress(one) for one in map(_mapping, checkpoints) for key in ("name", "path")
    }
    places.pop("", None)

    def turn(one: Mapping[str, object]) -> tuple[object, ...]:
        return (places.get(_text(one.get("checkpoint")), _NOWHERE), _text(one.get("created")))

    for one in sorted(map(_mapping, evaluations), key=turn):
        for name, value in _mapping(one.get("metrics")).items():
            number = _number(value)
            if one.get("status") == "success" and number is not None:
                yield f"{_text(one.get('task'))}/{name}", number


def _progress(checkpoint: Mapping[str, object]) -> tuple[bool, float, float]:
    """Return how far into training a checkpoint was saved: the last one behind all others."""
    step, epoch = (_number(checkpoint.get(key)) for key in ("step", "epoch"))
    known = [-1.0 if n is None or math.isnan(n) else n for n in (step, epoch)]
    return (checkpoint.get("is_final") is True, known[0], known[1])


def _place(run: Run, metric: str, direction: Direction) -> tuple[object, ...]:
    value = run.metrics.get(metric, math.nan)
    name = (natural_key(run.set_name), natural_key(run.name))
    if not math.isfinite(value) or direction is Direction.UNKNOWN:
        return (2 if metric in run.metrics else 3, 0.0, *name)
    return (int(run.trained is False), -value if direction is Direction.UP else value, *name)


def _direction(metric: str) -> Direction:
    if metric in _UP or metric.startswith(("tokens_per_second", "samples_per_second", "steps_per_second")):
        return Direction.UP
    if metric.endswith("loss") or metric == "train_seconds":
        return Direction.DOWN
    return direction_of(metric.partition("/")[2]) if "/" in metric else Direction.UNKNOWN


def _varying(runs: Sequence[Run]) -> list[str]:
    """Return the parameters that differ between any two runs that tell them, best known first."""
    values: dict[str, set[object]] = {}
    for run in runs:
        for name, value in run.parameters.items():
            values.setdefault(name, set()).add(identity(value))
    return sorted(
        (name for name, told in values.items() if len(told) > 1), key=lambda n: ("." in n, scalar_key(n))
    )


def _is_scalar(value: object) -> bool:
    return value is None or isinstance(value, str | int | float | bool)


def _number(value: object) -> float | None:
    if isinstance(value, str):
        return _NOT_FINITE.get(value)
    return to_float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
