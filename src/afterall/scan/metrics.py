"""Derive RESULTS.json's metrics and series from what the believed sources logged.

Invariant: NaN and infinity are kept where they were the last value; a best value is always finite; no metric
is made from two sources, except a plan of steps from steps an epoch and epochs.
"""

import math
import statistics
from array import array
from collections.abc import Callable, Sequence
from itertools import islice
from operator import le

from msgspec import Struct
from msgspec.structs import replace

from afterall.model import Fact, Points, Series, Source
from afterall.scan.precedence import Pick, Told, first_fact, for_curve, for_last, told
from afterall.scan.readings import Readings
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.gpu_samples import GPU_METRICS

LAST_LOGGED = 10
"""How many of the last logged training losses `mean_last_loss` averages."""
MOST_POINTS = 5_000
"""A longer curve is thinned for keeping."""
SERIES = ("loss", "val_loss", "reward", "learning_rate", "tokens_per_second_per_gpu", "grad_norm")

OF_POLICIES: dict[str, str | None] = {
    "reward": None,
    "reward_accuracy": None,
    "reward_margin": None,
    "kl": "nats",
    "token_accuracy": None,
    "entropy": "nats",
    "completion_length": "tokens",
    "policy_loss": None,
    "value_loss": None,
    "class_loss": "nats",
    "kd_loss": "nats",
    "nll_loss": "nats",
    "val_reward": None,
    "val_reward_accuracy": None,
    "val_reward_margin": None,
    "val_kl": "nats",
    "val_token_accuracy": None,
    "val_entropy": "nats",
}
"""What training on preferences and rewards is watched by, with units; the last values are metrics."""
SUMMED: tuple[str, ...] = (
    "train_seconds",
    "peak_memory_alloc_gib",
    "peak_memory_reserved_gib",
    *GPU_METRICS,
)
"""Metrics that a source may have summed up itself, so that no curve gives them."""

Derive = Callable[[Told], Fact | None]


class Derived(Struct, frozen=True):
    """One metric: from which curve, which source's, how, and its unit."""

    metric: str
    curve: str
    pick: Pick
    derive: Derive


def _last(unit: str | None) -> Derive:
    def derive(one: Told) -> Fact:
        return Fact(one.rows[-1].value, one.source(one.rows[-1]), unit)

    return derive


def _least(unit: str | None) -> Derive:
    def derive(one: Told) -> Fact | None:
        row = one.rows.best if _is_history(one) else None
        return None if row is None else Fact(row.value, one.source(row), unit)

    return derive


def _greatest(unit: str | None) -> Derive:
    def derive(one: Told) -> Fact | None:
        greatest = max(filter(math.isfinite, one.rows.values), default=None)
        if greatest is None:
            return None
        return Fact(greatest, one.source(one.rows[one.rows.values.index(greatest)]), unit)

    return derive


def _peak(one: Told) -> Fact | None:
    return _greatest(None)(one) if _is_history(one) else None


def _is_history(one: Told) -> bool:
    """Tell a curve from a summary's or a bar's one last value, which is neither best nor peak."""
    return one.is_placed or len(one.rows) > 1


def _first(one: Told) -> Fact | None:
    return Fact(one.rows[0].value, one.source(one.rows[0])) if _is_history(one) else None


def _last_count(one: Told) -> Fact | None:
    value = one.rows[-1].value
    return Fact(round(value), one.source(one.rows[-1])) if math.isfinite(value) else None


def _step_of_least(one: Told) -> Fact | None:
    row = one.rows.best
    return Fact(row.step, one.source(row)) if row is not None and one.is_placed else None


def _mean_of_last(one: Told) -> Fact | None:
    if not one.is_placed and len(one.rows) < 4 * LAST_LOGGED:
        return None  # Without steps there is no series, which tells others that ten are most of a run.
    rows = one.rows[-LAST_LOGGED:]
    where = f"last {len(rows)} logged"
    if one.is_placed:
        where = f"{where}, steps {rows[0].step} to {rows[-1].step}"
    return Fact(_mean(rows.values), Source(one.trace.file, where), "nats")


def _median(unit: str | None) -> Derive:
    def derive(one: Told) -> Fact | None:
        values = [*filter(math.isfinite, one.rows.values)]
        where = f"median of {len(values)} logged"
        return (
            Fact(statistics.median(values), Source(one.trace.file, where), unit) if len(values) > 1 else None
        )

    return derive


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if all(map(math.isfinite, values)) else sum(values) / len(values)


_RATE = "tokens/s"
TABLE: tuple[Derived, ...] = (
    Derived("final_loss", "loss", for_last, _last("nats")),
    Derived("best_loss", "loss", for_curve, _least("nats")),
    Derived("best_loss_step", "loss", for_curve, _step_of_least),
    Derived("mean_last_loss", "loss", for_curve, _mean_of_last),
    Derived("mean_loss", "mean_loss", for_last, _last("nats")),
    Derived("final_val_loss", "val_loss", for_last, _last("nats")),
    Derived("best_val_loss", "val_loss", for_curve, _least("nats")),
    Derived("best_val_step", "val_loss", for_curve, _step_of_least),
    Derived("tokens_per_second_per_gpu", "tokens_per_second_per_gpu", for_last, _last(_RATE)),
    Derived("tokens_per_second_per_gpu_median", "tokens_per_second_per_gpu", for_curve, _median(_RATE)),
    Derived("tokens_per_second", "tokens_per_second", for_last, _last(_RATE)),
    Derived("samples_per_second", "samples_per_second", for_last, _last("samples/s")),
    Derived("steps_per_second", "steps_per_second", for_last, _last("steps/s")),
    Derived("peak_memory_active_gib", "peak_memory_active_gib", for_curve, _greatest("GiB")),
    Derived("peak_memory_alloc_gib", "peak_memory_alloc_gib", for_curve, _greatest("GiB")),
    Derived("peak_memory_reserved_gib", "peak_memory_reserved_gib", for_curve, _greatest("GiB")),
    Derived("train_seconds", "train_seconds", for_last, _last("s")),
    Derived("initial_learning_rate", "learning_rate", for_curve, _first),
    Derived("final_learning_rate", "learning_rate", for_last, _last(None)),
    Derived("peak_learning_rate", "learning_rate", for_curve, _peak),
    Derived("tokens", "tokens", for_last, _last_count),
    *(Derived(f"final_{curve}", curve, for_last, _last(unit)) for curve, unit in OF_POLICIES.items()),
)


_OF_ONE_LEG = ("train_seconds", "samples_per_second", "steps_per_second", "tokens_per_second", "mean_loss")
"""What HF Trainer computes from the steps of the whole run and the time or losses since it was resumed."""


def derive_metrics(traces: Sequence[Trace], steps_per_epoch: float | None) -> dict[str, Fact]:
    """Return the metrics that logged values give, in the table's order."""
    sources = {row.curve: told(traces, row.curve, steps_per_epoch) for row in TABLE}
    found = {row.metric: _derived(row, sources[row.curve]) for row in TABLE if sources[row.curve]}
    for metric in SUMMED:
        found.setdefault(metric, first_fact(traces, metric))
    if any(trace.is_resumed for trace in traces):
        found |= dict.fromkeys(_OF_ONE_LEG)
    return {metric: fact for metric, fact in found.items() if fact is not None}


def _derived(row: Derived, sources: Sequence[Told]) -> Fact | None:
    """Return one metric; nobody knows the unit of a loss that was guessed: fairseq's is in bits."""
    source = row.pick(sources)
    fact = row.derive(source)
    is_known = source.trace.in_nats and source.trace.origin is not Origin.GUESS
    if fact is not None and fact.unit == "nats" and not is_known:
        return replace(fact, unit=None)
    return fact


def derive_series(traces: Sequence[Trace], steps_per_epoch: float | None) -> dict[str, Series]:
    """Return the curves that are kept, each one source's; one without optimizer steps is no series."""
    found = {}
    for key in SERIES:
        placed = [one for one in told(traces, key, steps_per_epoch) if one.rows[-1].step >= 0]
        if placed:
            one = for_curve(placed)
            rows = one.rows.thinned(MOST_POINTS)
            found[key] = Series(key, Points(rows.steps, rows.values, rows.epochs), Source(one.trace.file))
    return found


def derive_series_by_epoch(traces: Sequence[Trace], steps_per_epoch: float | None) -> dict[str, Series]:
    """Return the curves whose values all have an epoch, ascending, where no source has optimizer steps."""
    found = {}
    for key in SERIES:
        sources = told(traces, key, steps_per_epoch)
        loose = [one for one in sources if len(one.rows) > 1 and _goes_by_epochs(one.rows)]
        if loose and not any(one.rows[-1].step >= 0 for one in sources):
            one = for_curve(loose)
            places = array("q", range(1, len(one.rows) + 1))
            rows = Readings((places, one.rows.values, one.rows.epochs, one.rows.marks)).thinned(MOST_POINTS)
            found[key] = Series(key, Points(rows.steps, rows.values, rows.epochs), Source(one.trace.file))
    return found


def _goes_by_epochs(rows: Readings) -> bool:
    epochs = rows.epochs
    return math.isfinite(sum(epochs)) and all(map(le, epochs, islice(epochs, 1, None)))
