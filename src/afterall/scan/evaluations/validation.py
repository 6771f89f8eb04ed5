"""Choose which of a trainer's own validations speaks for its run.

Invariant: one at most; a result file, written at the end, speaks before a state, a later step before an
earlier one.
"""

from collections.abc import Sequence

from afterall.model import Evaluation
from afterall.scan.traces import Origin, Trace


def own_validation(traces: Sequence[Trace]) -> tuple[Evaluation, ...]:
    """Return the scores that the trainer's last validation gave, empty where it gave none."""
    told = [(trace, trace.validation) for trace in traces if trace.validation is not None]
    if not told:
        return ()
    _, best = min(told, key=lambda pair: _place(*pair))
    return (best,)


def _place(trace: Trace, validation: Evaluation) -> tuple[bool, int, int, str]:
    step = (validation.checkpoint or "").rpartition("-")[2]
    number = int(step) if step.isascii() and step.isdigit() else 0
    return (trace.origin is not Origin.RESULTS, -number, trace.file.count("/"), trace.file)
