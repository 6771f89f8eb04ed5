"""Choose which of a trainer's own validations speaks for its run.

Invariant: one at most; a result file, written at the end, speaks before a state, a later step before an
earlier one, and of one step the source with the most digits.
"""

import re
from collections.abc import Sequence

from afterall.model import Evaluation
from afterall.scan.traces import Origin, Trace

_STEP = re.compile(r"(?a:\d{1,12})$")
"""As in `checkpoint-50`, `global_step_50` and `step_50`."""


def own_validation(traces: Sequence[Trace]) -> tuple[Evaluation, ...]:
    """Return the scores that the trainer's last validation gave, empty where it gave none."""
    told = [(trace, trace.validation) for trace in traces if trace.validation is not None]
    if not told:
        return ()
    _, best = min(told, key=lambda pair: _place(*pair))
    return (best,)


def _place(trace: Trace, validation: Evaluation) -> tuple[bool, int, Origin, int, str]:
    step = _STEP.search(validation.checkpoint or "")
    number = int(step[0]) if step is not None else 0
    is_result = trace.origin is Origin.RESULTS
    return (not is_result, -number, trace.origin, trace.file.count("/"), trace.file)
