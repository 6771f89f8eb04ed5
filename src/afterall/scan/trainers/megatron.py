"""Read Megatron-LM's iterations, validations and its last line.

Format: ` iteration       25/     500 | consumed samples: 50 | … | learning rate: 1.6E-08 | lm loss: 1.08E+01
| grad norm: 2.1 | number of nan iterations: 0 |`, numbers in E notation with seven digits; validations as `
validation loss at iteration 100 | lm loss value: 3.4E+00 | …`. Source: megatron/training/training.py.
"""

import re

from afterall.scan.curves import Rounding
from afterall.scan.trainers.line_format import PLANNED, LineFormat, Row, lines_of
from afterall.scan.trainers.rows import number_in
from afterall.scan.trainers.trainer import Trainer

NAME = "megatron"
_ITERATION = re.compile(r"\biteration\s{1,12}(\d{1,12})/\s{0,12}(\d{1,12}) \|")
_VALIDATION = re.compile(r"\bvalidation loss at iteration (\d{1,12}) .{0,200}?\| lm loss value: (\S{1,30})")
_PAIR = re.compile(r"\|\s{0,4}([a-z][\w ()/-]{1,60}):\s{0,8}([-+\w.]{1,30})")


def _parse(text: str) -> Row | None:
    validation = _VALIDATION.search(text)
    if validation is not None:
        return {"iteration": validation[1], "val_loss": validation[2]}
    found = _ITERATION.search(text)
    if found is None:
        return None
    pairs = {name.strip(): value for name, value in _PAIR.findall(text)}
    row: dict[str, object] = {"iteration": found[1], PLANNED: found[2]}
    row |= {name: pairs[name] for name in ("lm loss", "grad norm") if name in pairs}
    row |= {"learning_rate": pairs["learning rate"]} if "learning rate" in pairs else {}
    # An iteration whose loss was NaN is skipped and counted, its loss not printed.
    if (number_in(pairs.get("number of nan iterations")) or 0) > 0 and "lm loss" not in pairs:
        row["lm loss"] = "nan"
    return row


FORMAT = LineFormat(
    trainer=NAME,
    triggers=(b"| consumed samples:", b"validation loss at iteration", b"[after training is done]"),
    parse=_parse,
    done=re.compile(r"\[after training is done\]"),
    rounding=Rounding(significant=7),
)

MEGATRON = Trainer(name=NAME, lines=(lines_of(FORMAT),))
