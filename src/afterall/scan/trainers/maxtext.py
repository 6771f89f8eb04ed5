"""Read the steps of MaxText, which trains with JAX.

Format: `completed step: 9, seconds: 5.667, TFLOP/s/device: 134.924, Tokens/s/device: 8672.758,
total_weights: 196608, loss: 10.374`, without the speeds while batches still grow, and `eval metrics after
step: 9, loss=9.420, total_weights=196608`; steps are counted from 0, and what was evaluated after one is its
model. Source: MaxText/metric_logger.py.
"""

import re

from afterall.scan.curves import Rounding
from afterall.scan.trainers.line_format import LineFormat, Row, lines_of
from afterall.scan.trainers.rows import number_in
from afterall.scan.trainers.trainer import Trainer

NAME = "maxtext"
_STEP = re.compile(
    r"(?:^|\s)completed step: (?P<step>\d{1,12}), seconds: (?P<seconds>[\d.]{1,20}), "
    r"(?:TFLOP/s/device: [\d.]{1,20}, Tokens/s/device: (?P<speed>[\d.]{1,20}), )?"
    r"total_weights: [\d.]{1,20}, loss: (?P<loss>[-+.\w]{1,30})(?=,|$)"
)
_EVALUATED = re.compile(
    r"(?:^|\s)eval metrics after step: (?P<step>\d{1,12}), loss=(?P<loss>[-+.\w]{1,30}), total_weights="
)


def _parse(text: str) -> Row | None:
    if evaluated := _EVALUATED.search(text):
        return {"step": int(evaluated["step"]) + 1, "val_loss": evaluated["loss"]}
    found = _STEP.search(text)
    if found is None:
        return None
    row: dict[str, object] = {"step": int(found["step"]) + 1, "loss": found["loss"]}
    if (seconds := number_in(found["seconds"])) is not None and seconds > 0:
        row["train_steps_per_second"] = 1 / seconds
    return {**row, "tokens_per_second_per_gpu": found["speed"]} if found["speed"] else row


FORMAT = LineFormat(
    trainer=NAME,
    triggers=(b"completed step: ", b"eval metrics after step: "),
    parse=_parse,
    rounding=Rounding(decimals=3),
)

MAXTEXT = Trainer(name=NAME, lines=(lines_of(FORMAT),))
