"""Keep the bars of a job's error output, where its rows went to its other output.

Where Slurm writes the two into files of their own, HF Trainer's rows stand in the one and its bars in the
other; which bar is the training's is told by the rows' totals (`scan.progress`).
"""

import re

from afterall.scan.curves import Curve
from afterall.scan.logs.bars import Bars
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.huggingface_state import NAME

DONE, TOTAL = "bar_done", "bar_total"
"""Curves over the bars of a log in the order in which they began, from 1."""
_ERRORS = re.compile(r"\.(?:err|error|stderr)$|(?:^|/)[^/]*stderr[^/]*$")


def bars_alone(bars: Bars, name: str) -> Trace | None:
    """Return the state of every bar without a name, None where the log is not one of errors, or has none."""
    if _ERRORS.search(name) is None or not bars.unnamed:
        return None
    curves = {DONE: Curve("line {}"), TOTAL: Curve("line {}")}
    for index, bar in enumerate(bars.unnamed, 1):
        curves[DONE].add(index, bar.done, bar.mark)
        curves[TOTAL].add(index, bar.total, bar.mark)
    return Trace(trainer=NAME, origin=Origin.ROUNDED_LOG, file=name, curves=curves, trains=False)
