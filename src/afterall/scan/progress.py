"""Find how far training came and how far it was to go, in steps and in epochs.

Invariant: what was reached is the furthest that any source shows; what was planned is what the most
trustworthy source says, or steps an epoch times epochs where both are known. Bars of another file than the
rows' only count where the rows' totals tell which of them is the training's.
"""

import math
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from afterall.model import DIRECTORY_NAME, Fact, Source
from afterall.scan.precedence import as_number, first_fact, furthest_fact, told
from afterall.scan.traces import Trace
from afterall.scan.trainers.huggingface_bars import DONE, TOTAL

_TOTALS = ("steps_per_second", "train_seconds", "epoch")
"""Curves whose last values are HF Trainer's totals."""


class Progress(Struct, frozen=True):
    """Facts on progress under their metric names, and the optimizer steps of one epoch (None if unknown)."""

    facts: dict[str, Fact]
    steps_per_epoch: float | None


def find_progress(traces: Sequence[Trace], parameters: Mapping[str, Fact]) -> Progress:
    """Return the progress that `traces` show, none without any; `parameters` may know the planned epochs."""
    if not traces:
        return Progress({}, None)
    planned_epochs = None if _goes_by_steps(parameters) else _planned_epochs(traces, parameters)
    bar = _bar_beside(traces)
    planned_steps = first_fact(traces, "planned_steps") or bar.get("planned_steps")
    length, length_source = _epoch_length(traces, planned_steps, planned_epochs)
    if length is None and bar:
        length = as_number(bar["planned_steps"].value) / as_number(bar["epochs"].value)
    if (
        planned_steps is None
        and planned_epochs is not None
        and length is not None
        and length_source is not None
    ):
        where = f"{length:g} steps an epoch, {planned_epochs.value} epochs"
        planned_steps = Fact(round(length * as_number(planned_epochs.value)), Source(length_source, where))
    reached = furthest_fact([*_reached_steps(traces, length), *_of(bar, "global_step")])
    epochs = furthest_fact([*_reached_epochs(traces), *_epochs_of(reached, length)])
    facts = {
        "global_step": reached,
        "planned_steps": planned_steps,
        "epochs": epochs,
        "planned_epochs": planned_epochs,
    }
    return Progress({name: fact for name, fact in facts.items() if fact is not None}, length)


def _goes_by_steps(parameters: Mapping[str, Fact]) -> bool:
    """Tell whether steps were asked for and no epochs: then what a trainer prints of epochs was no plan."""
    steps = parameters.get("max_steps")
    return steps is not None and steps.source.where != DIRECTORY_NAME and "epochs" not in parameters


def _planned_epochs(traces: Sequence[Trace], parameters: Mapping[str, Fact]) -> Fact | None:
    return first_fact(traces, "planned_epochs") or _positive(parameters.get("epochs"))


def _epoch_length(
    traces: Sequence[Trace], steps: Fact | None, epochs: Fact | None
) -> tuple[float | None, str | None]:
    """Return the steps of an epoch, and the file that tells them."""
    known = [trace for trace in traces if trace.steps_per_epoch is not None]
    if known:
        trace = min(known, key=lambda trace: trace.origin)
        return trace.steps_per_epoch, trace.file
    if steps is None or epochs is None or as_number(epochs.value) <= 0:
        return None, None
    length = as_number(steps.value) / as_number(epochs.value)
    return (length, steps.source.file) if _fits(length, traces) else (None, None)


def _bar_beside(traces: Sequence[Trace]) -> dict[str, Fact]:
    """Return what the full training bar in a file of its own tells, empty where none is known to be it.

    The rows' totals tell steps a second and seconds, whose product is the plan, to within their rounding, and
    the epoch at their end.
    """
    if any("global_step" in trace.facts for trace in traces):
        return {}
    for rows in (trace for trace in traces if trace.curves.keys() >= set(_TOTALS)):
        rate, seconds, epoch = (rows.curves[key].readings(None)[-1].value for key in _TOTALS)
        for bars in (trace for trace in traces if DONE in trace.curves):
            found = _full_bar(bars, rate * seconds)
            if found is not None and 0 < epoch < math.inf:
                end = Fact(epoch, rows.source())
                return {"planned_steps": found, "global_step": found, "epochs": end}
    return {}


def _full_bar(bars: Trace, steps: float) -> Fact | None:
    """Return the steps of the full bar with about so many, the first of several."""
    done, total = (bars.curves[name].readings(None) for name in (DONE, TOTAL))
    for reached, planned in zip(done, total, strict=True):
        is_near = abs(planned.value - steps) <= max(1.0, 0.01 * steps)
        if is_near and reached.value == planned.value > 0:
            return Fact(int(planned.value), bars.source(bars.curves[DONE].where(reached)))
    return None


def _of(facts: Mapping[str, Fact], name: str) -> list[Fact]:
    return [facts[name]] if name in facts else []


def _fits(length: float, traces: Sequence[Trace]) -> bool:
    """Tell whether rows placed by an epoch's length end where a bar says that training ended.

    Steps and epochs may be of different sources, as a bar and a script that was edited since. Rows end at
    most one interval before the bar, give or take a tenth, and never after it.
    """
    bars = [as_number(trace.facts["global_step"].value) for trace in traces if "global_step" in trace.facts]
    for rows in (trace.curves["loss"].readings(length) for trace in traces if "loss" in trace.curves):
        if not bars or len(rows) < 2 or rows[-1].step < 0 or math.isnan(rows[-1].epoch):
            continue
        behind = max(bars) - rows[-1].step
        slack = max(2.0, 0.1 * max(bars))
        if not -slack <= behind <= rows[-1].step / len(rows) + slack:
            return False
    return True


def _positive(fact: Fact | None) -> Fact | None:
    return fact if fact is not None and as_number(fact.value) > 0 else None


def _reached_steps(traces: Sequence[Trace], length: float | None) -> list[Fact]:
    """Return the steps that sources show, the most trustworthy source's first."""
    found = [(trace.origin, trace.facts["global_step"]) for trace in traces if "global_step" in trace.facts]
    curves = (one for key in ("loss", "val_loss", "learning_rate") for one in told(traces, key, length))
    found += [
        (one.trace.origin, Fact(one.rows[-1].step, one.source(one.rows[-1])))
        for one in curves
        if one.is_placed
    ]
    return [fact for _, fact in sorted(found, key=lambda pair: pair[0])]


def _reached_epochs(traces: Sequence[Trace]) -> Iterator[Fact]:
    yield from (trace.facts["epochs"] for trace in traces if "epochs" in trace.facts)
    for one in told(traces, "epoch", None):
        last = one.rows[max(range(len(one.rows)), key=one.rows.values.__getitem__)]
        yield Fact(last.value, Source(one.trace.file, one.curve.where(last)))


def _epochs_of(reached: Fact | None, length: float | None) -> list[Fact]:
    if reached is None or length is None or length <= 0:
        return []
    return [Fact(round(as_number(reached.value) / length, 6), reached.source)]
