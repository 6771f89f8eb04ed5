"""Read torchtitan's metrics lines, coloured or not.

Format: `step: 10  loss:  7.1234  grad_norm:  1.3  memory: 12.3GiB(15.4%)  tps: 1,234  tflops: …  mfu: …`, tps
for one device, memory the most reserved so far; `validate step: 10  loss: …`; `Training completed`. Source:
torchtitan/components/metrics.py.
"""

import re

from afterall.scan.curves import Rounding
from afterall.scan.trainers.line_format import PLANNED, LineFormat, Row, lines_of
from afterall.scan.trainers.trainer import Trainer

NAME = "torchtitan"
_STEP = re.compile(r"\b(validate )?step:\s{0,8}(\d{1,12})\s{1,8}loss:\s{0,8}(\S{1,30})\s")
_MEMORY = re.compile(r"\bmemory:\s{0,8}(\d{1,6}\.\d{1,4})GiB\(")
_SPEED = re.compile(r"\btps:\s{0,8}([\d,]{1,16})\b")
_NORM = re.compile(r"\bgrad_norm:\s{0,8}(\S{1,30})\s")
_TOTAL = re.compile(r"\btotal steps (\d{1,12})\b")


def _parse(text: str) -> Row | None:
    found = _STEP.search(text)
    if found is None:
        total = _TOTAL.search(text)
        return {PLANNED: total[1]} if total is not None else None
    row: dict[str, object] = {"step": found[2], "val_loss" if found[1] else "loss": found[3]}
    if found[1]:
        return row
    if memory := _MEMORY.search(text):
        row["peak_memory_reserved"] = memory[1]
    if speed := _SPEED.search(text):
        row["tokens_per_second_per_gpu"] = speed[1].replace(",", "")
    if norm := _NORM.search(text):
        row["grad_norm"] = norm[1]
    return row


FORMAT = LineFormat(
    trainer=NAME,
    triggers=(b"step:", b"total steps ", b"Training completed"),
    parse=_parse,
    done=re.compile(r"(?:^|- |root - )Training completed$"),
    rounding=Rounding(decimals=4),
)

TORCHTITAN = Trainer(name=NAME, lines=(lines_of(FORMAT),))
