"""Read logs of one row a line, whatever the trainer, from a description of its lines.

Invariant: a line that was cut gives nothing; a row's own step counts, and a row without one has none. What a
trainer prints beside its rows, a subclass of `FormatLines` reads.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct

from afterall.model import Evidence, Fact, Source
from afterall.scan.curves import Rounding
from afterall.scan.logs.bars import Bars
from afterall.scan.logs.lines import Line
from afterall.scan.logs.reader import TraceReader
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.metric_names import CURVES
from afterall.scan.trainers.rows import Rows, count_in, step_in

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
    """True for bars, which show the same values again and again without a step of their own. Other words
    may stand behind the last one."""
    done_needs_rows: bool = False
    """True where others print the last word too: it counts only below a row."""
    in_nats: bool = True
    """As of `Trace`."""
    trains: bool = True


class FormatLines(TraceReader):
    """Reads one trainer's lines by its format; `facts` and the like are a subclass's to fill."""

    def __init__(self, form: LineFormat, name: str) -> None:
        self.triggers = form.triggers
        self.facts: dict[str, Fact] = {}
        self.parameters: dict[str, Fact] = {}
        self.provenance: dict[str, Fact] = {}
        self.is_resumed = False
        self._form = form
        self._name = name
        self._rows = Rows("line {}", form.rounding)
        self._last: dict[str, tuple[object, int]] = {}
        self._done: Line | None = None
        self._planned: Fact | None = None
        self._reached: Fact | None = None
        self._facts_when_done: dict[str, Fact] = {}
        self._restarts = 0

    @property
    def restarts(self) -> int:
        """How often a loss of an earlier step stood below the last word: another run began."""
        return self._restarts

    @property
    def has_trained(self) -> bool:
        """True after the first row."""
        return self._form.trains and (len(self._rows) > 0 or bool(self._last) or self._done is not None)

    def read(self, line: Line) -> None:
        """Take a row or the last word."""
        if not line.is_complete:
            return
        if self._form.done is not None and self._form.done.search(line.text):
            self._done = line if self.has_trained or not self._form.done_needs_rows else None
            self._facts_when_done = dict(self.facts)
        source = Source(self._name, line.where)
        self.tell(line.text, source)
        for row in self.rows_in(line.drawn if self._form.last_only else line.text):
            self._take(row, line, source)

    def _take(self, row: Row, line: Line, source: Source) -> None:
        if self._done is not None and self._goes_back(row):
            self._begin_anew()
        if self._form.last_only:
            self._last |= {name: (value, line.mark) for name, value in row.items()}
        else:
            self._rows.add(row, line.mark)
        self._read_progress(row, source)

    def tell(self, text: str, source: Source) -> None:
        """Take from a line what is no row; most formats have nothing of the kind."""

    def forget_end(self) -> None:
        """Take the last word back: the trainer went on, or began anew."""
        self._done = None

    def _goes_back(self, row: Row) -> bool:
        """Tell whether a row has the training loss, or the reward, of a step that was reached before."""
        step = step_in(row)
        if step is None or self._reached is None or step > int(str(self._reached.value)):
            return False
        return any(CURVES.get(name) in ("loss", "reward", "policy_loss") for name in row)

    def _begin_anew(self) -> None:
        """Forget the run that was done, but not what the next one told before its first loss."""
        self._rows = Rows("line {}", self._form.rounding)
        self._last, self._done, self._planned, self._reached = {}, None, None, None
        self.facts = {
            name: fact for name, fact in self.facts.items() if self._facts_when_done.get(name) is not fact
        }
        self._restarts += 1

    def rows_in(self, text: str) -> Iterator[Row]:
        """Yield the rows in a line's text: none, one, or more where it tells of several steps."""
        row = self._form.parse(text)
        if row is not None:
            yield row

    def trace(self) -> Trace | None:
        """Return the rows' curves; None where there was no line of this trainer."""
        for name, (value, mark) in self._last.items():
            self._rows.add_last({name: value}, mark)
        if not len(self._rows) and self._done is None and not (self.parameters or self.provenance):
            return None
        facts = {**self.facts, "planned_steps": self._planned, "global_step": self._reached}
        done = self._done
        kind = self._form.done_kind
        return Trace(
            trainer=self._form.trainer,
            origin=Origin.ROUNDED_LOG,
            file=self._name,
            curves=self._rows.curves,
            facts={name: fact for name, fact in facts.items() if fact is not None},
            parameters=self.parameters,
            provenance=self.provenance,
            evidence=() if done is None else (Evidence(kind, True, Source(self._name, done.where)),),
            is_resumed=self.is_resumed,
            in_nats=self._form.in_nats,
            trains=self._form.trains,
        )

    def _read_progress(self, row: Row, source: Source) -> None:
        planned, step = count_in(row.get(PLANNED)), step_in(row)
        if planned:
            self._planned = Fact(planned, source)
        if step is not None and (self._reached is None or step > int(str(self._reached.value))):
            self._reached = Fact(step, source)


def lines_of(
    form: LineFormat, kind: Callable[[LineFormat, str], FormatLines] = FormatLines
) -> Callable[[str, Bars], TraceReader]:
    """Return what a registry row needs to make readers of a format."""

    def make(name: str, _: Bars) -> TraceReader:
        return kind(form, name)

    return make
