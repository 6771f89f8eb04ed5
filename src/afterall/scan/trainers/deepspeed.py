"""Read DeepSpeed's own lines: learning rate, speed and memory by step; the loss is the script's to print.

Format: `[INFO] [logging.py:96:log_dist] [Rank 0] step=10, skipped=0, lr=[9.6e-06], mom=[…]` and
`epoch=0/micro_step=10/global_step=10, RunningAvgSamplesPerSec=95.1, …, MaxMemAllocated=11.07GB` (2^30 bytes).
Source: deepspeed/runtime/engine.py, deepspeed/utils/timer.py.
"""

import re

from afterall.scan.curves import Rounding
from afterall.scan.trainers.line_format import LineFormat, Row, lines_of
from afterall.scan.trainers.trainer import Trainer

NAME = "deepspeed"
_STEP = re.compile(r"\bstep=(\d{1,12}), skipped=\d{1,12}, lr=\[([-+\w.]{1,30})[,\]]")
_TIMER = re.compile(r"\bglobal_step=(\d{1,12}), RunningAvgSamplesPerSec=([-+\w.]{1,30})\b")
_MEMORY = re.compile(r"\bMaxMemAllocated=([\d.]{1,12})GB\b")


def _parse(text: str) -> Row | None:
    if found := _STEP.search(text):
        return {"step": found[1], "lr": found[2]}
    if found := _TIMER.search(text):
        row: dict[str, object] = {"step": found[1], "train_samples_per_second": found[2]}
        memory = _MEMORY.search(text)
        return {**row, "peak_memory_alloc": memory[1]} if memory else row
    return None


FORMAT = LineFormat(
    trainer=NAME,
    triggers=(b", skipped=", b"RunningAvgSamplesPerSec="),
    parse=_parse,
    rounding=Rounding(significant=6),
    trains=False,
)

DEEPSPEED = Trainer(name=NAME, lines=(lines_of(FORMAT),))
