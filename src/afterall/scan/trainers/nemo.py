"""Read NeMo's progress lines.

Format: NeMo 2 prints `Training epoch 0, iteration 24/99 | lr: 2.9e-05 | global_step: 24 | reduced_train_loss:
2.6 | … | val_loss: 2.8`, iterations and steps counted from 0; NeMo 1 puts `reduced_train_loss=2.600,
global_step=2e+3` behind a tqdm bar, a step of one digit that is no step.
Source: nemo/lightning/pytorch/callbacks.
"""

import re

from afterall.scan.curves import Rounding
from afterall.scan.trainers.line_format import PLANNED, LineFormat, Row, lines_of
from afterall.scan.trainers.trainer import Trainer

NAME = "nemo"
_LINE = re.compile(r"\bTraining epoch \d{1,9}, iteration (\d{1,12})/(\d{1,12}) \|")
_PAIR = re.compile(r"\| ([A-Za-z][\w ]{0,60}): ([-+.\w]{1,30})(?= \||$)")
_BAR_PAIR = re.compile(r"[,\[] ?(reduced_train_loss|val_loss|lr)=([-+.\w]{1,30})(?=[,\]])")


def _parse_line(text: str) -> Row | None:
    found = _LINE.search(text)
    if found is None:
        return None
    pairs = dict(_PAIR.findall(text))
    step = pairs.get("global_step", "")
    if not step.isdecimal():
        return None
    row: dict[str, object] = {"trainer/global_step": int(step), PLANNED: int(found[2]) + 1}
    return row | {name: pairs[name] for name in ("lr", "reduced_train_loss", "val_loss") if name in pairs}


def _parse_bar(text: str) -> Row | None:
    if "reduced_train_loss=" not in text:
        return None
    return dict(_BAR_PAIR.findall(text)) or None


LINES = LineFormat(
    trainer=NAME, triggers=(b"Training epoch ",), parse=_parse_line, rounding=Rounding(significant=4)
)
BARS = LineFormat(
    trainer=NAME,
    triggers=(b"reduced_train_loss=",),
    parse=_parse_bar,
    rounding=Rounding(significant=3),
    last_only=True,
)

NEMO = Trainer(name=NAME, lines=(lines_of(LINES), lines_of(BARS)))
