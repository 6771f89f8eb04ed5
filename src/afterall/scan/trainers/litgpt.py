"""Read LitGPT's fine-tuning lines.

Format: `Epoch 1 | iter 2 step 1 | loss train: 1.660, val: n/a | iter time: 548.72 ms (step)`, several
iterations a step where gradients accumulate; `Final evaluation | val loss: 1.234 | …`; `Training time:
11.20s`; `Memory used: 13.90 GB`, the peak of torch's allocator in 10^9 bytes. Source: litgpt/finetune/*.py.
"""

import re

from afterall.scan.curves import Rounding
from afterall.scan.trainers.line_format import LineFormat, Row, lines_of
from afterall.scan.trainers.rows import number_in
from afterall.scan.trainers.trainer import Trainer

NAME = "litgpt"
_STEP = re.compile(
    r"^Epoch (\d{1,9}) \| iter \d{1,12} step (\d{1,12}) \| loss train: (\S{1,30}?), val: (\S{1,30}) \|"
)
_FINAL = re.compile(r"^Final evaluation \| val loss: (\S{1,30}) \|")
_MEMORY = re.compile(r"^Memory used: (\d{1,6}\.\d{1,4}) GB$")
_TIME = re.compile(r"^Training time: (\d{1,12}\.\d{1,4})s$")


def _parse(text: str) -> Row | None:
    if found := _STEP.search(text):
        row: dict[str, object] = {"step": found[2], "loss": found[3]}
        return {**row, "val_loss": found[4]} if found[4] != "n/a" else row
    if found := _FINAL.search(text):
        return {"val_loss": found[1]}
    if found := _MEMORY.search(text):
        return {"peak_memory_alloc": (number_in(found[1]) or 0.0) * 1e9 / 2**30}
    if found := _TIME.search(text):
        # The marker of a run's totals, under which a runtime is taken for the whole run's.
        return {"train_runtime": found[1], "train_samples_per_second": None}
    return None


FORMAT = LineFormat(
    trainer=NAME,
    triggers=(b"| loss train: ", b"Final evaluation | ", b"Memory used: ", b"Training time: "),
    parse=_parse,
    done=_TIME,
    rounding=Rounding(decimals=3),
)

LITGPT = Trainer(name=NAME, lines=(lines_of(FORMAT),))
