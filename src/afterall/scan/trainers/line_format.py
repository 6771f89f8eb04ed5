"""Read logs of one row a line, whatever the trainer, from a description of its lines.

Invariant: a line that was cut gives nothing; a row's own step counts, and a row without one has none.
"""

import re
from collections.abc import Callable, Mapping

from msgspec import Struct

from afterall.model import Evidence, Fact, Source
from afterall.scan.curves import Rounding
from afterall.scan.logs.bars import Bars
from afterall.scan.logs.lines import Line
from afterall.scan.logs.reader import TraceReader
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.rows import Rows, number_in, step_in

Row = Mapping[str, object]
PLANNED = "planned_steps"
"""A row's name for the whole run's steps."""


class LineFormat(Struct, frozen=True, kw_only=True):
    """How one trainer's lines look."""

    trainer: str
    triggers: tuple[bytes, ...]
    parse: Callable[[str], Row | None]
    """The row in a line's text, under names that `metric_names` knows; None for any other line."""
    done: re.Pattern[str] | None = None
    """The trainer's last word, by which training reached its end."""
    done_kind: str = "done_line"
    rounding: Rounding = Rounding()
    last_only: bool = False
    """True for bars, which show the same values again and again without a step of their own."""
    trains: bool = True


class FormatLines(TraceReader):
    """Reads one trainer's lines by its format."""

    def __init__(self, form: LineFormat, name: str) -> None:
        self.triggers = form.triggers
        self._form = form
        self._name = name
        self._rows = Rows("line {}", form.rounding)
        self._last: dict[str, tuple[object, int]] = {}
        self._done: Line | None = None
        self._planned: Fact | None = None
        self._reached: Fact | None = None

    @property
    def has_trained(self) -> bool:
        """True after the first row."""
        return self._form.trains and (len(self._rows) > 0 or bool(self._last) or self._done is not None)

    def read(self, line: Line) -> None:
        """Take a row or the last word."""
        if not line.is_complete:
            return
        if self._form.done is not None and self._form.done.search(line.text):
            self._done = line
        row = self._form.parse(line.text)
        if row is None:
            return
        if self._form.last_only:
            self._last |= {name: (value, line.mark) for name, value in row.items()}
        else:
            self._rows.add(row, line.mark)
        self._read_progress(row, Source(self._name, line.where))

    def trace(self) -> Trace | None:
        """Return the rows' curves; None where there was no line of this trainer."""
        for name, (value, mark) in self._last.items():
            self._rows.add_last({name: value}, mark)
        if not len(self._rows) and self._done is None:
            return None
        facts = {"planned_steps": self._planned, "global_step": self._reached}
        done = self._done
        kind = self._form.done_kind
        return Trace(
            trainer=self._form.trainer,
            origin=Origin.ROUNDED_LOG,
            file=self._name,
            curves=self._rows.curves,
            facts={name: fact for name, fact in facts.items() if fact is not None},
            evidence=() if done is None else (Evidence(kind, True, Source(self._name, done.where)),),
            trains=self._form.trains,
        )

    def _read_progress(self, row: Row, source: Source) -> None:
        planned, step = number_in(row.get(PLANNED)), step_in(row)
        if planned is not None and 0 < planned < 1e15:
            self._planned = Fact(int(planned), source)
        if step is not None and (self._reached is None or step > int(str(self._reached.value))):
            self._reached = Fact(step, source)


def lines_of(form: LineFormat) -> Callable[[str, Bars], TraceReader]:
    """Return what a registry row needs to make readers of a format."""

    def make(name: str, _: Bars) -> TraceReader:
        return FormatLines(form, name)

    return make
