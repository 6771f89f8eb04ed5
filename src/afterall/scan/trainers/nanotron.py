"""Read nanotron's iteration lines.

Format: `iteration: 327281 / 378950 | consumed_tokens: 85.8G | elapsed_time_per_iteration_ms: 11.5K |
tokens_per_sec: 22.8K | tokens_per_sec_per_gpu: 11.4K | global_batch_size: 64 | lm_loss: 2.38 | lr: 1e-05 |
… | grad_norm: 1.25`, three digits each, thousands as K, M, G. Source: nanotron/trainer.py,
logging/base.py, human_format.
"""

import re

from afterall.scan.curves import Rounding
from afterall.scan.trainers.line_format import PLANNED, LineFormat, Row, lines_of
from afterall.scan.trainers.rows import number_in
from afterall.scan.trainers.trainer import Trainer

NAME = "nanotron"
_STEP = re.compile(r"(?:^|\s)iteration: (\d{1,12}) / (\d{1,12}) (?=\| consumed_tokens: )")
_PAIR = re.compile(r"\| (\w{2,40}): ([-+]?[\d.]{1,12}(?:e[-+]\d{1,3})?|nan|-?inf)([KMGT]?)(?= \||$)")
_UNITS = {"": 1.0, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
_KEPT = {
    "lm_loss": "loss",
    "lr": "lr",
    "grad_norm": "grad_norm",
    "tokens_per_sec_per_gpu": "tokens_per_second_per_gpu",
}
_TIME = "elapsed_time_per_iteration_ms"


def _parse(text: str) -> Row | None:
    found = _STEP.search(text)
    if found is None:
        return None
    told = {name: _number(value, unit) for name, value, unit in _PAIR.findall(text[found.end() :])}
    row: dict[str, object] = {"step": int(found[1]), PLANNED: found[2]}
    row |= {known: told[name] for name, known in _KEPT.items() if name in told}
    ms = told.get(_TIME)
    return {**row, "train_steps_per_second": 1000 / ms} if ms is not None and ms > 0 else row


def _number(value: str, unit: str) -> float | None:
    number = number_in(value)
    return None if number is None else number * _UNITS[unit]


FORMAT = LineFormat(
    trainer=NAME,
    triggers=(b"| consumed_tokens: ",),
    parse=_parse,
    rounding=Rounding(significant=3),
)

NANOTRON = Trainer(name=NAME, lines=(lines_of(FORMAT),))
