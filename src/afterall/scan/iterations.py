"""Give curves that count iterations their optimizer steps, where their trainer's log tells how many make one.

Invariant: a loss that was logged between two steps is that of none; whatever else was is of the last one.
"""

from collections.abc import Sequence
from functools import partial

from afterall.scan.readings import Reading
from afterall.scan.traces import Trace


def place_iterations(traces: Sequence[Trace]) -> None:
    """Place the curves of each trace by what others of the same trainer tell, if they agree."""
    for trace in traces:
        told = {other.iterations_per_step for other in traces if other.trainer == trace.trainer} - {None}
        for key, curve in trace.curves.items() if len(told) == 1 else ():
            if curve.counts_rows:
                placing = partial(_step_of, per_step=max(filter(None, told)), is_of_steps=key == "loss")
                trace.curves[key] = curve.with_steps(placing)


def _step_of(reading: Reading, per_step: int, *, is_of_steps: bool) -> int | None:
    step, rest = divmod(reading.step, per_step)
    return None if is_of_steps and (rest or step == 0) else step
