"""Read NeMo's progress lines and the commit that its experiment manager keeps.

Format: NeMo 2 prints `Training epoch 0, iteration 24/99 | lr: 2.9e-05 | global_step: 24 |
reduced_train_loss: 2.6 | … | val_loss: 2.8`, four digits, steps counted from 0; the iteration is the step,
of a last one, and until 2024 one more, of all. It begins anew in each epoch; what it is one of are all steps
of the run where `max_steps` was set, else those of an epoch. `val_loss` stays from one validation to the
next and first stands on the line after it. NeMo 1 puts `reduced_train_loss=2.600, global_step=2e+3` into a
tqdm bar, a step of few digits that is no step. `git-info.log` begins `commit hash: 1f2e…`. Source:
nemo/lightning/pytorch/callbacks/progress_printer.py, nemo/utils/exp_manager.py.
"""

import re
from collections.abc import Iterator, Sequence
from typing import IO

from afterall.model import Entry, Source
from afterall.scan.curves import Rounding
from afterall.scan.provenance import commit_of
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.line_format import PLANNED, FormatLines, LineFormat, Row, lines_of
from afterall.scan.trainers.rows import number_in
from afterall.scan.trainers.trainer import TraceFiles, Trainer, newest

NAME = "nemo"
_LINE = re.compile(r"\bTraining epoch \d{1,9}, iteration (\d{1,12})/(\d{1,12}):? \|")
_PAIR = re.compile(r"\| ([A-Za-z][\w ]{0,60}): ([-+.\w]{1,30})(?= \||$)")
_BAR_PAIR = re.compile(r"[,\[] ?(reduced_train_loss|val_loss|lr)=([-+.\w]{1,30})(?=[,\]])")
_COMMIT = re.compile(rb"commit hash: (?:b')?([0-9a-f]{40})(?![0-9a-f])")
_GIB = 1 << 30
_ITERATION = "iteration of the line"
_NOT_OF_STEP = frozenset({_ITERATION, "val_loss"})
_KEPT = {
    "lr": "lr",
    "reduced_train_loss": "reduced_train_loss",
    "grad_norm": "grad_norm",
    "tokens_per_sec_per_gpu": "tokens_per_second_per_gpu",
}


class NemoLines(FormatLines):
    """Reads lines of NeMo 2; a validation belongs to the step before the line that first tells it."""

    def __init__(self, form: LineFormat, name: str) -> None:
        super().__init__(form, name)
        self._validation: object = None
        self._step = -1
        self._behind: int | None = None
        self._is_epochs = False

    def rows_in(self, text: str) -> Iterator[Row]:
        """Yield the row of a line, after that of a validation before it."""
        for row in super().rows_in(text):
            step, validation = int(str(row["trainer/global_step"])), row.get("val_loss")
            if validation not in (None, self._validation) and step == self._step + 1:
                yield {"global_step": step, "val_loss": validation}
            self._step, self._validation = step, validation
            plan = self._plan(step, int(str(row[_ITERATION])), int(str(row[PLANNED])))
            yield {name: value for name, value in row.items() if name not in _NOT_OF_STEP} | {PLANNED: plan}

    def _plan(self, step: int, iteration: int, last: int) -> int | None:
        """Return the steps of the run; None where the line's own total may be that of an epoch."""
        if iteration in (step, step + 1):
            self._behind = step + 1 - iteration
        plan = None if self._behind is None else last + self._behind
        if plan is not None and step >= plan:
            self._is_epochs, self._planned = True, None
        return None if self._is_epochs else plan


def _parse_line(text: str) -> Row | None:
    found = _LINE.search(text)
    if found is None:
        return None
    pairs = dict(_PAIR.findall(text))
    step = pairs.get("global_step", "")
    if not step.isdecimal() or len(step) > 12:
        return None
    row: dict[str, object] = {"trainer/global_step": int(step), _ITERATION: found[1], PLANNED: found[2]}
    row |= {key: pairs[name] for name, key in _KEPT.items() if name in pairs}
    seconds, peak = number_in(pairs.get("train_step_timing in s")), number_in(pairs.get("peak_memory_usage"))
    if seconds is not None and seconds > 0:
        row["train_steps_per_second"] = 1 / seconds
    if peak is not None:
        row["peak_memory_alloc"] = peak / _GIB
    return {**row, "val_loss": pairs["val_loss"]} if "val_loss" in pairs else row


def _parse_bar(text: str) -> Row | None:
    if "reduced_train_loss=" not in text:
        return None
    return dict(_BAR_PAIR.findall(text)) or None


def read_git_info(file: IO[bytes], name: str) -> Trace | None:
    """Return the commit in a git-info.log; None where it begins otherwise."""
    found = _COMMIT.match(file.read(200))
    if found is None:
        return None
    commit = commit_of(found[1].decode(), Source(name, "line 1"))
    return Trace(trainer=NAME, origin=Origin.RESULTS, file=name, provenance=commit)


def _choose(entries: Sequence[Entry]) -> Sequence[Entry]:
    return newest([entry for entry in entries if entry.name == "git-info.log"])


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

NEMO = Trainer(
    name=NAME,
    lines=(lines_of(LINES, NemoLines), lines_of(BARS)),
    files=(TraceFiles(choose=_choose, read=read_git_info, may_be_empty=True),),
)
