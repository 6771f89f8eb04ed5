"""Read the table that `spacy train` prints as it validates.

Format: `E    #       LOSS TRANS...  LOSS NER  ENTS_F  ENTS_P  ENTS_R  SCORE`, a line of dashes, and rows as
`  2     200      124605.61  17320.93    81.25   80.00   82.50    0.81`: the epoch, counted from 0, so that
the last one says not how many there were, the optimizer step, the sum of each component's losses since the
row before, scores in percent, and what they weigh together. The row of step 0 sums one batch alone. What the
shared layers, tok2vec or transformer, get is no loss of their own: without it, one component's is the loss;
of several there is none in common. Names are cut to 13 characters. `Saved pipeline to output directory`
stands below a training that met no error. Source: spacy/training/loggers.py, loop.py.
"""

import re
from collections.abc import Mapping
from typing import ClassVar

from afterall.scan.curves import Rounding
from afterall.scan.trainers.line_format import LineFormat, Row, lines_of
from afterall.scan.trainers.rows import number_in
from afterall.scan.trainers.table_lines import TableLines
from afterall.scan.trainers.trainer import Trainer

NAME = "spacy"
_LOSS = "LOSS "
_SHARED = frozenset({"LOSS TOK2VEC", "LOSS TRANS..."})
_NO_PERCENT = frozenset({"SCORE"})
_NO_SCORES = frozenset({"E", "#", "SPEED"})
_CUT = "..."


class SpacyLines(TableLines):
    """Knows what the columns are."""

    header = re.compile(r"E {1,8}# {2,12}LOSS [A-Z][^\n]{0,400} {2}SCORE")
    between: ClassVar[re.Pattern[str]] = re.compile(r" {2,}")
    cell = re.compile(r"-?\d{1,20}(?:\.\d\d)?|nan|-?inf")

    def row_of(self, told: Mapping[str, str]) -> Row:
        """Return a row's place and, where one component alone has a loss, that."""
        step = told["#"]
        losses = [name for name in told if name.startswith(_LOSS) and name not in _SHARED]
        scores = {name for name in told if not name.startswith(_LOSS) and name not in _NO_SCORES}
        self.score(
            {
                name.lower(): value if name in _NO_PERCENT else value / 100
                for name in sorted(scores)
                if not name.endswith(_CUT) and (value := number_in(told[name])) is not None
            }
        )
        row: Row = {"step": step}
        return {**row, "loss": told[losses[0]]} if len(losses) == 1 and step != "0" else row


FORMAT = LineFormat(
    trainer=NAME,
    triggers=(b"#       LOSS ", b"Saved pipeline to output directory"),
    parse=lambda _: None,
    done=re.compile(r"(?:^|\s)Saved pipeline to output directory$"),
    done_needs_rows=True,
    rounding=Rounding(decimals=2),
    in_nats=False,
)

SPACY = Trainer(name=NAME, lines=(lines_of(FORMAT, SpacyLines),))
