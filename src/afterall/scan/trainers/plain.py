"""Take a number behind a word such as "loss" from the log of a program that nobody here knows.

The last resort: it counts only where no known format gave a loss, and its origin says that it is a guess.
"""

import re

from afterall.scan.curves import Rounding
from afterall.scan.logs.bars import Bars
from afterall.scan.logs.lines import Line
from afterall.scan.logs.reader import TraceReader
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.epoch_steps import EpochSteps
from afterall.scan.trainers.line_files import json_row
from afterall.scan.trainers.metric_names import CURVES
from afterall.scan.trainers.plain_files import NAME, TABLES
from afterall.scan.trainers.rows import Rows, number_in
from afterall.scan.trainers.trainer import Trainer

_NUMBER = r"(?:[-+]?(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})(?:[eE][-+]?\d{1,3})?|nan|NaN|inf|-inf)(?![\w.%])"
_POINTED = r"(?:[-+]?\d{0,20}\.\d{1,20}(?:[eE][-+]?\d{1,3})?|nan|NaN|inf|-inf)(?![\w.%])"
_CALL = r"(?:(?:(?:np|numpy|torch)\.)?(?:tensor|float\d\d)\()?"
"""As PyTorch and numpy 2 print a number: `tensor(0.5, device='cuda:0')`, `np.float64(0.5)`."""
_LOSS = re.compile(
    r"(?i)(?<![\w/.-])(?P<words>(?:[a-z]{1,20}[ _/.-]){0,2})loss"
    rf"(?:[\"']?\s{{0,4}}[:=]\s{{0,8}}[\"']?{_CALL}(?P<told>{_NUMBER})|\s{{1,8}}(?P<bare>{_POINTED}))"
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
    r"(?i)(?<![\w/])(?:global[ _])?(?:step|iter(?:ation)?)s?[\"']?\s{0,2}[:=\[#]?\s{0,8}[\"']?"
    r"(?P<step>\d{1,12})(?![\w.])"
    r"(?:\s{0,2}(?:/|of)\s{0,2}(?P<last>\d{1,12})(?![\w.]))?"
)
_EPOCH = re.compile(r"(?i)(?<![\w/])epoch[\"']?\s{0,2}[:=\[#]?\s{0,8}(\d{1,9}(?:\.\d{1,9})?)")


_KIND = r"(?P<kind>test(?:ing)?|val(?:id(?:ation|ating)?)?|eval(?:uation|uating)?|dev)"
_LINE_OF = re.compile(rf"(?i)\W{{0,10}}{_KIND}(?![\w/.-])")
_BRACKETED = re.compile(rf"(?i)(?:[\[(<|]|(?:^|\s)-)\s{{0,3}}{_KIND}\s{{0,3}}[\])>|:]")
_JOB_ENDED = re.compile(r"\*\*\* JOB \d{1,12} ON \S{1,100} CANCELLED ")
_PLACES = frozenset({"step", "epoch"})


class PlainLines(TraceReader):
    """Reads lines that name a loss."""

    triggers = (b"loss", b"Loss", b"LOSS", b"*** JOB ")
    is_guess = True

    def __init__(self, name: str, _: Bars) -> None:
        self._name = name
        self._rows = Rows("line {}", Rounding(significant=3))
        self._ranks: dict[str, int] = {}
        self._steps = EpochSteps()
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
        if _JOB_ENDED.search(line.text):
            self._has_ended = len(self._rows) > 0
            return
        row = _json_row(line.text)
        for found in () if row else _LOSS.finditer(line.text):
            name = _among(name_of(found["words"]), found["words"], line.text)
            if name is not None:
                row.setdefault(name, found["told"] or found["bare"])
        if not row:
            return
        step, epoch = _STEP.search(line.text), _EPOCH.search(line.text)
        row |= {"step": step["step"]} if step is not None else {}
        row |= {"epoch": epoch[1]} if epoch is not None else {}
        numbers = {name: number_in(value) for name, value in row.items()}
        if step is not None:
            self._steps.take(numbers.get("epoch"), numbers["step"], step["last"])
        if self._has_ended:
            self._begin_anew(numbers.get("step"))
        if self._ranks or line.label.isdecimal():
            numbers = self._of_lowest_rank(numbers, int(line.label) if line.label.isdecimal() else 0)
        self._rows.add(numbers, line.mark)

    def _begin_anew(self, step: float | None) -> None:
        """Keep of the job before only what this one, which goes on from a step, did not train again."""
        self._has_ended = False
        self._restarts += 1
        for curve in self._rows.curves.values():
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
        """Return what was guessed."""
        curves = {
            key: self._steps.placed(curve) for key, curve in self._rows.curves.items() if key != "epoch"
        }
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


def _among(name: str | None, words: str, text: str) -> str | None:
    """Return which loss one is in its line: "Validation: loss 0.1" and "[test] loss 0.1" say it before."""
    told = _LINE_OF.match(text) or _BRACKETED.search(text) if name == "loss" else None
    if told is None or "train" in words.lower():
        return name
    return None if told["kind"].lower().startswith("test") else "val_loss"


PLAIN = Trainer(name=NAME, lines=(PlainLines,), files=(TABLES,))
