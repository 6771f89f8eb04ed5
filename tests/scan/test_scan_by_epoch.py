"""Keep curves whose source tells epochs and no optimizer steps."""

import math
from collections.abc import Iterable

from afterall.scan.curves import Curve
from afterall.scan.metrics import derive_series, derive_series_by_epoch
from afterall.scan.traces import Origin, Trace

Told = tuple[int | None, float, float | None]
"""Step, value and epoch."""


def trace(rows: Iterable[Told], file: str = "run.log", origin: Origin = Origin.ROUNDED_LOG) -> Trace:
    """Return a trace whose training loss are these rows."""
    curve = Curve("line {}")
    for mark, (step, value, epoch) in enumerate(rows, start=1):
        curve.add(step, value, mark, epoch)
    return Trace(trainer="huggingface", origin=origin, file=file, curves={"loss": curve})


def kept(*traces: Trace, length: float | None = None) -> list[tuple[int, float, float | None]]:
    """Return the points of the training loss by epoch, [] where there is no such curve."""
    assert not derive_series_by_epoch(traces, length) or not derive_series(traces, length)
    series = derive_series_by_epoch(traces, length).get("loss")
    return [] if series is None else [(point.step, point.value, point.epoch) for point in series.points]


def test_losses_by_epoch_are_kept_in_their_order() -> None:
    """Also those that stand at one epoch as it was rounded, and what is no number."""
    rows: list[Told] = [(None, 3.0, 0.1), (None, 2.0, 0.1), (None, math.inf, 0.2)]
    assert kept(trace(rows)) == [(1, 3.0, 0.1), (2, 2.0, 0.1), (3, math.inf, 0.2)]


def test_a_source_with_steps_has_the_curve() -> None:
    """What another one tells of epochs adds nothing."""
    assert kept(trace([(None, 3.0, 1.0), (None, 2.0, 2.0)]), trace([(10, 3.0, None), (20, 2.0, None)])) == []


def test_known_lengths_make_steps_of_epochs() -> None:
    """Where it is known how many steps an epoch has, the curve is one of steps."""
    told = trace([(None, 3.0, 1.0), (None, 2.0, 2.0)])
    assert kept(told, length=100.0) == []
    assert [point.step for point in derive_series([told], 100.0)["loss"].points] == [100, 200]


def test_what_tells_no_epoch_or_goes_back_is_no_curve() -> None:
    """Nor is one value."""
    assert kept(trace([(None, 3.0, 1.0), (None, 2.0, None)])) == []
    assert kept(trace([(None, 3.0, 2.0), (None, 2.0, 1.0)])) == []
    assert kept(trace([(None, 3.0, 2.0)])) == []
    assert kept() == []
