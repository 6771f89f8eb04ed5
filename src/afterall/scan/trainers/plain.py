"""Take a number behind a word such as "loss" from the log of a program that nobody here knows.

The last resort: it counts only where no known format gave a loss, and its origin says that it is a guess.
"""

import re
from collections.abc import Mapping

from afterall.model import Fact, Source
from afterall.scan.curves import Rounding
from afterall.scan.logs.bars import Bars
from afterall.scan.logs.lines import Line
from afterall.scan.logs.reader import TraceReader
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.epoch_ends import EpochEnds
from afterall.scan.trainers.epoch_steps import EpochSteps
from afterall.scan.trainers.line_files import json_row
from afterall.scan.trainers.metric_names import CURVES
from afterall.scan.trainers.plain_columns import unfolded
from afterall.scan.trainers.plain_files import NAME, TABLES
from afterall.scan.trainers.plain_words import Place, Told, told_in
from afterall.scan.trainers.rows import Rows, number_in
from afterall.scan.trainers.trainer import Trainer

_JOB = "*** JOB "
_JOB_ENDED = re.compile(r"\*\*\* JOB \d{1,12} ON \S{1,100} CANCELLED ")
_PLACES = frozenset({"step", "epoch"})
_MOST_RESTARTS = 100
"""How often the log may go on below the end of a job: each time costs as much as what was read before."""
_SOME_RANK = 1 << 20
"""A rank above 0 that a line names in words, as long as no line named rank 0: it may be that of a LoRA."""


class PlainLines(TraceReader):
    """Reads lines that name a loss."""

    triggers = (b"loss", b"Loss", b"LOSS", b"xent", _JOB.encode())
    is_guess = True

    def __init__(self, name: str, _: Bars) -> None:
        self._name = name
        self._rows = Rows("line {}", Rounding(significant=3))
        self._means = Rows("line {}", Rounding(significant=3))
        self._ranks: dict[str, int] = {}
        self._has_first_rank = False
        self._steps = EpochSteps()
        self._ends: dict[str, EpochEnds] = {"loss": EpochEnds(), "val_loss": EpochEnds()}
        self._restarts = 0
        self._has_ended = False

    @property
    def restarts(self) -> int:
        """How often losses went on below Slurm's word on the end of a job: another one wrote them."""
        return self._restarts

    def read(self, line: Line) -> None:
        """Take the first loss of each kind in a line."""
        if not line.is_complete or len(line.text) > 1000:
            return
        text = line.text
        if _JOB in text and _JOB_ENDED.search(text):
            self._has_ended = len(self._rows) > 0
            return
        told = told_in(text)
        place = told.place
        numbers = _row_of(_json_row(text) or told.losses, place)
        if not numbers:
            return
        if told.is_mean:
            self._means.add(numbers, line.mark)
            return
        if place.step is not None:
            self._steps.take(numbers.get("epoch"), numbers["step"], place.last)
        if self._has_ended:
            self._begin_anew(numbers.get("step"))
        rank = self._rank_of(line, told)
        if self._ranks or rank is not None:
            numbers = self._of_lowest_rank(numbers, rank or 0)
        if place.step is None:
            self._take_epoch(numbers, place, Source(self._name, line.where))
        self._rows.add(numbers, line.mark)

    def _take_epoch(self, numbers: Mapping[str, float | None], place: Place, source: Source) -> None:
        for name in numbers:
            ends = self._ends.get(CURVES.get(name, name))
            if ends is not None:
                ends.take(place.epoch, place.epochs, source)

    def _rank_of(self, line: Line, told: Told) -> int | None:
        """Return which rank printed a line; None where none is told."""
        if line.label.isdecimal():
            return int(line.label)
        rank = told.rank
        self._has_first_rank = self._has_first_rank or rank == 0
        return rank if not rank or self._has_first_rank else _SOME_RANK

    def _begin_anew(self, step: float | None) -> None:
        """Keep of the job before only what this one, which goes on from a step, did not train again."""
        self._has_ended = False
        self._restarts += 1
        for curve in self._rows.curves.values() if self._restarts <= _MOST_RESTARTS else ():
            curve.keep_below(0 if step is None else int(step))

    def _of_lowest_rank(self, row: dict[str, float | None], rank: int) -> dict[str, float | None]:
        """Return a row without what a lower rank prints; forget what only higher ones have printed of it."""
        kept = dict(row)
        for name in row:
            key = CURVES.get(name, name)
            known = self._ranks.setdefault(key, 0 if key in self._rows.curves else rank)
            if rank > known and name not in _PLACES:
                del kept[name]
            elif rank < known:
                self._ranks[key] = rank
                self._rows.curves.pop(key, None)
        return kept

    def trace(self) -> Trace | None:
        """Return what was guessed; means over epochs only where no other line told a loss of training."""
        told = self._rows.curves
        if "loss" not in told:
            told = {**self._means.curves, **told}
        curves = {key: self._steps.placed(curve) for key, curve in told.items() if key != "epoch"}
        if not curves:
            return None
        return Trace(
            trainer=NAME,
            origin=Origin.GUESS,
            file=self._name,
            curves=curves,
            facts=self._epochs() if "loss" in curves else {},
            trains=False,
        )

    def _epochs(self) -> dict[str, Fact]:
        """Return what the loss tells of epochs that tells of most."""
        told = [facts for ends in self._ends.values() if (facts := ends.facts)]
        return max(told, key=lambda facts: int(str(facts["epochs"].value)), default={})


def _row_of(losses: Mapping[str, object], place: Place) -> dict[str, float | None]:
    """Return a line's losses with its place; a whole number without a place may be any setting."""
    told = {"step": place.step, "epoch": place.epoch}
    row: dict[str, object] = {name: digits for name, digits in told.items() if digits is not None}
    kept = {name: value for name, value in losses.items() if row or not str(value).isdecimal()}
    return {name: number_in(value) for name, value in {**kept, **row}.items()} if kept else {}


def _json_row(text: str) -> dict[str, object]:
    """Return the curves in a line that is one JSON object with a loss; empty for any other line."""
    found = json_row(text) if text.startswith("{") and text.endswith("}") else None
    known = {name: value for name, value in unfolded(found or {}).items() if name in CURVES}
    is_row = any(CURVES[name] in ("loss", "val_loss") for name in known)
    return known if is_row else {}


PLAIN = Trainer(name=NAME, lines=(PlainLines,), files=(TABLES,))
