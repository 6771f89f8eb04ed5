"""Take a number behind a word such as "loss" from the log of a program that nobody here knows.

The last resort: it counts only where no known format gave a loss, and its origin says that it is a guess.
"""

import re

from afterall.scan.curves import Rounding
from afterall.scan.logs.bars import Bars
from afterall.scan.logs.lines import Line
from afterall.scan.logs.reader import TraceReader
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.line_files import json_row
from afterall.scan.trainers.metric_names import CURVES
from afterall.scan.trainers.plain_files import NAME, TABLES
from afterall.scan.trainers.rows import Rows, number_in
from afterall.scan.trainers.trainer import Trainer

_NUMBER = r"(?:[-+]?(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})(?:[eE][-+]?\d{1,3})?|nan|NaN|inf|-inf)(?![\w.%])"
_POINTED = r"(?:[-+]?\d{0,20}\.\d{1,20}(?:[eE][-+]?\d{1,3})?|nan|NaN|inf|-inf)(?![\w.%])"
_LOSS = re.compile(
    r"(?i)(?<![\w/.-])(?P<words>(?:[a-z]{1,20}[ _/.-]){0,2})loss"
    rf"(?:[\"']?\s{{0,4}}[:=]\s{{0,8}}(?P<told>{_NUMBER})|\s{{1,8}}(?P<bare>{_POINTED}))"
)
_TRAINING = frozenset({"train", "training"})
_VALIDATION = frozenset({"val", "valid", "validation", "eval", "evaluation", "dev"})
_NEUTRAL = frozenset(
    {
        "", "a", "and", "average", "avg", "batch", "current", "epoch", "final", "has", "is", "iter",
        "iteration", "lm", "mean", "model", "of", "running", "smoothed", "step", "the", "total", "with",
    }
)  # fmt: skip
"""Words before "loss" that leave open which one it is. Any other makes it another number: "best", "test"."""
_STEP = re.compile(
    r"(?i)(?<![\w/])(?:global[ _])?(?:step|iter(?:ation)?)s?[\"']?\s{0,2}[:=\[#]?\s{0,8}(\d{1,12})(?![\w.])"
)
_EPOCH = re.compile(r"(?i)(?<![\w/])epoch[\"']?\s{0,2}[:=\[#]?\s{0,8}(\d{1,9}(?:\.\d{1,9})?)")


class PlainLines(TraceReader):
    """Reads lines that name a loss."""

    triggers = (b"loss", b"Loss", b"LOSS")
    is_guess = True

    def __init__(self, name: str, _: Bars) -> None:
        self._name = name
        self._rows = Rows("line {}", Rounding(significant=3))

    def read(self, line: Line) -> None:
        """Take the first loss of each kind in a line."""
        if not line.is_complete or len(line.text) > 1000:
            return
        row = _json_row(line.text)
        for found in () if row else _LOSS.finditer(line.text):
            name = name_of(found["words"])
            if name is not None:
                row.setdefault(name, found["told"] or found["bare"])
        if not row:
            return
        step, epoch = _STEP.search(line.text), _EPOCH.search(line.text)
        row |= {"step": step[1]} if step is not None else {}
        row |= {"epoch": epoch[1]} if epoch is not None else {}
        self._rows.add({name: number_in(value) for name, value in row.items()}, line.mark)

    def trace(self) -> Trace | None:
        """Return what was guessed."""
        curves = {key: curve for key, curve in self._rows.curves.items() if key != "epoch"}
        if not curves:
            return None
        return Trace(trainer=NAME, origin=Origin.GUESS, file=self._name, curves=curves, trains=False)


def _json_row(text: str) -> dict[str, object]:
    """Return the curves in a line that is one JSON object with a loss; empty for any other line."""
    found = json_row(text) if text.startswith("{") and text.endswith("}") else None
    known = {name: value for name, value in (found or {}).items() if name in CURVES}
    is_row = any(CURVES[name] in ("loss", "val_loss") for name in known)
    return known if is_row else {}


def name_of(words: str) -> str | None:
    """Return which loss the two words before "loss" make it; None for one that is neither of the two."""
    first, last = (*[""] * 2, *re.split("[ _/.-]", words.lower())[:-1])[-2:]
    if first not in _NEUTRAL:
        return None
    if last in _VALIDATION:
        return "val_loss"
    return "loss" if last in _TRAINING or last in _NEUTRAL else None


PLAIN = Trainer(name=NAME, lines=(PlainLines,), files=(TABLES,))
