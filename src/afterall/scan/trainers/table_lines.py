"""Read logs that print a table: a header once, and below it a row of numbers now and then.

Invariant: a row has a number below each name of the header above it; whatever stands in between is no row,
and after MOST_BETWEEN such lines the table has ended.
"""

import re
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from afterall.model import Evaluation, EvaluationStatus, Source
from afterall.scan.logs.lines import Line
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.huggingface_scores import TASK
from afterall.scan.trainers.line_format import FormatLines, LineFormat, Row

MOST_BETWEEN = 10_000
"""How many other lines may stand between two rows."""
_LONGEST_ROW = 1000


class TableLines(FormatLines):
    """Reads tables; a subclass says how they look, and what a row tells."""

    header: ClassVar[re.Pattern[str]]
    """The whole line that begins a table."""
    between: ClassVar[re.Pattern[str]]
    """What stands between two names of the header."""
    cell: ClassVar[re.Pattern[str]]
    """A whole cell of a row."""

    def __init__(self, form: LineFormat, name: str) -> None:
        super().__init__(form, name)
        self.names: Sequence[str] = ()
        self.validation: Evaluation | None = None
        self._left = 0
        self._source = Source(name)

    @property
    def wants_next(self) -> bool:
        """True below a header."""
        return self._left > 0

    @property
    def has_trained(self) -> bool:
        """True after the first row that tells a step, or a curve's value."""
        return super().has_trained or self._reached is not None

    def read(self, line: Line) -> None:
        """Take one line."""
        self._source = Source(self._name, line.where)
        super().read(line)

    def rows_in(self, text: str) -> Iterator[Row]:
        """Yield what a row tells."""
        if self.header.fullmatch(text):
            self.names, self._left = self.between.split(text.strip()), MOST_BETWEEN
            self.begin()
        elif self._left > 0:
            self._left -= 1
            cells = text.split() if len(text) <= _LONGEST_ROW else []
            if len(cells) == len(self.names) and all(map(self.cell.fullmatch, cells)):
                self._left = MOST_BETWEEN
                yield self.row_of(dict(zip(self.names, cells, strict=True)))

    def begin(self) -> None:
        """Notice that a table begins; most trainers print one."""

    @abstractmethod
    def row_of(self, told: Mapping[str, str]) -> Row:
        """Return what a row tells, by the header's names."""

    def score(self, scores: Mapping[str, float]) -> None:
        """Take the scores of a row's validation."""
        if scores:
            self.validation = Evaluation(
                task=TASK,
                status=EvaluationStatus.SUCCESS,
                source=self._source,
                metrics=dict(scores),
                is_validation=True,
            )

    def trace(self) -> Trace | None:
        """Return the curves, with the step reached and the scores of the last validation."""
        trace = super().trace()
        if trace is None and self._reached is not None:
            facts = {"global_step": self._reached}
            trace = Trace(trainer=self._form.trainer, origin=Origin.ROUNDED_LOG, file=self._name, facts=facts)
        if trace is not None:
            trace.validation = self.validation
        return trace
