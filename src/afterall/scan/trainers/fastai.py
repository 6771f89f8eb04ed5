"""Read the table that fastai prints, a row an epoch.

Format: `epoch     train_loss  valid_loss  accuracy  time    ` and rows as `0         0.612345    0.512345
0.812345  01:02     `, epochs counted from 0, `None` or `#na#` for what was not validated. Each `fit` prints
a header of its own, `fine_tune` so two; only the last table counts. Source: fastai/learner.py, Recorder;
fastai/callback/progress.py.
"""

import re
from collections.abc import Mapping
from typing import ClassVar

from afterall.scan.curves import Rounding
from afterall.scan.trainers.line_format import LineFormat, Row, lines_of
from afterall.scan.trainers.rows import Rows, count_in, number_in
from afterall.scan.trainers.table_lines import TableLines
from afterall.scan.trainers.trainer import Trainer

NAME = "fastai"
_NO_SCORES = frozenset({"epoch", "train_loss", "valid_loss", "time"})


class FastaiLines(TableLines):
    """Knows what the columns are."""

    header = re.compile(r"epoch\s{1,12}train_loss\s{1,12}valid_loss(?:\s{1,20}\S{1,60}){0,20}\s{1,20}time")
    between: ClassVar[re.Pattern[str]] = re.compile(r"\s+")
    cell = re.compile(r"\d{1,9}|-?\d{1,20}\.\d{6}|nan|-?inf|None|#na#|(?:\d{1,4}:)?\d{1,2}:\d\d")

    def begin(self) -> None:
        """Forget the table before: this one is of another fit."""
        self._rows = Rows("line {}", self._form.rounding)
        self.facts, self.validation = {}, None

    def row_of(self, told: Mapping[str, str]) -> Row:
        """Return the row of an epoch."""
        numbers = {name: number_in(value) for name, value in told.items() if name not in _NO_SCORES}
        self.score({name: value for name, value in numbers.items() if value is not None})
        epoch = (count_in(told["epoch"]) or 0) + 1
        return {"epoch": epoch, "train_loss": told["train_loss"], "valid_loss": told["valid_loss"]}


FORMAT = LineFormat(
    trainer=NAME,
    triggers=(b"train_loss  valid_loss",),
    parse=lambda _: None,
    rounding=Rounding(decimals=6),
    in_nats=False,
)

FASTAI = Trainer(name=NAME, lines=(lines_of(FORMAT, FastaiLines),))
