"""Read Weights & Biases: the summary it prints when a run finishes, and the files it keeps.

Format of the terminal block, 0.8 to 0.31: after `wandb: Run summary:` lines of a right-aligned key, a space
and a value rounded to five decimals, until a blank `wandb:` line; since 0.21.2 at most ten keys, then `+N
...`. A learning rate that it prints as 0 is any below 0.000005, so it tells none. Where a script evaluates
with another HF Trainer than it trained with, that one's step and epoch, 0, are the last ones logged.
"""

import re
from collections.abc import Mapping, Sequence
from typing import IO

from afterall.model import Entry, Fact, Source
from afterall.scan.curves import EXACT, Rounding, place_of
from afterall.scan.logs.bars import Bars
from afterall.scan.logs.lines import Line
from afterall.scan.logs.reader import TraceReader
from afterall.scan.provenance import version_of
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.line_files import read_json
from afterall.scan.trainers.metric_names import CURVES, STEP_FROM_ZERO, STEP_NAMES, curve_of
from afterall.scan.trainers.rows import Rows, count_in, number_in, step_in
from afterall.scan.trainers.trainer import TraceFiles, Trainer, newest
from afterall.scan.trainers.wandb_file import NAME, RUN_FILES, WANTED
from afterall.scan.trainers.wandb_files import ENVIRONMENT_FILES, choose_output

_VERSION = re.compile(r"wandb: Tracking run with wandb version (\S{1,40})")
_BLOCK_LINE = re.compile(r"wandb:\s+(?P<key>\S.{0,200}?)\s(?P<value>\S{1,40})")


class WandbLines(TraceReader):
    """Reads the last summary block, as far as it goes, and wandb's version.

    What other ranks print within the block is passed over.
    """

    triggers = (b"Run summary:", b"Tracking run with wandb version")

    def __init__(self, name: str, _: Bars) -> None:
        self._name = name
        self._start: Line | None = None
        self._is_open = False
        self._values: dict[str, float] = {}
        self._marks: dict[str, int] = {}
        self._version: dict[str, Fact] = {}

    @property
    def wants_next(self) -> bool:
        """True within the block."""
        return self._is_open

    def read(self, line: Line) -> None:
        """Take the block's head, or one of its lines."""
        if line.text.startswith("wandb:") and line.text.endswith("Run summary:"):
            self._start, self._is_open, self._values, self._marks = line, True, {}, {}
        elif (told := _VERSION.fullmatch(line.text)) is not None and line.is_complete:
            self._version = version_of(NAME, told[1], Source(self._name, line.where))
        elif self._is_open and self._start is not None and line.label == self._start.label:
            found = _BLOCK_LINE.fullmatch(line.text)
            self._is_open = line.text.strip() != "wandb:" and line.text.startswith("wandb:")
            number = number_in(found["value"]) if found is not None and line.is_complete else None
            if number == 0 and found is not None and CURVES.get(found["key"]) == "learning_rate":
                return
            if found is not None and number is not None and found["key"] in WANTED:
                self._values[found["key"]] = number
                self._marks[found["key"]] = line.mark

    def trace(self) -> Trace | None:
        """Return the block's values, each without a step of its own, and the version."""
        if self._start is None and not self._version:
            return None
        trace = _summary(self._values, self._name, self._marks, is_printed=True)
        trace.provenance = self._version
        return trace


def _summary(
    values: Mapping[str, object], name: str, marks: Mapping[str, int], *, is_printed: bool = False
) -> Trace:
    """Return a summary's trace; the terminal's is rounded, and its values stand in the lines of `marks`."""
    values = _without_evaluations_place(values)
    rows = Rows("line {}" if is_printed else "last values", Rounding(decimals=5) if is_printed else EXACT)
    for key, value in values.items():
        # One at a time for their marks; HF's mean loss is told by its neighbours.
        rows.add_last({key: value, **{other: None for other in values if other != key}}, marks.get(key, 0))
    facts = {}
    step = step_in(values)
    if step is not None:
        key = next(k for k in (STEP_FROM_ZERO, *STEP_NAMES) if count_in(values.get(k)) is not None)
        where = place_of(marks[key]) if key in marks else f"key {key}"
        facts["global_step"] = Fact(step, Source(name, where))
    return Trace(
        trainer=NAME,
        origin=Origin.TERMINAL_SUMMARY if is_printed else Origin.SUMMARY,
        file=name,
        curves=rows.curves,
        facts=facts,
        trains=False,
    )


def _without_evaluations_place(values: Mapping[str, object]) -> Mapping[str, object]:
    """Return last values without a step and an epoch of 0 beside a loss of training."""
    trained = any(curve_of(key, frozenset(values)) in ("loss", "mean_loss") for key in values)
    if step_in(values) != 0 or not trained:
        return values
    return {
        key: value for key, value in values.items() if key not in STEP_NAMES and CURVES.get(key) != "epoch"
    }


def read_summary(file: IO[bytes], name: str) -> Trace | None:
    """Return the trace in a wandb-summary.json; None where it holds no more than wandb's own entry.

    Raises BadInput where the file is damaged.
    """
    summary = read_json(file, name)
    values = {key: summary[key] for key in summary if key in WANTED and number_in(summary[key]) is not None}
    trace = _summary(values, name, {})
    runtime = number_in(summary.get("_runtime"))
    if runtime is not None and "train_seconds" not in trace.curves:
        trace.facts["train_seconds"] = Fact(runtime, Source(name, "key _runtime"), "s")
    return trace if trace.curves or trace.facts else None


def _choose_summary(entries: Sequence[Entry]) -> Sequence[Entry]:
    return newest([entry for entry in entries if entry.name == "wandb-summary.json"])


SUMMARY_FILES = TraceFiles(choose=_choose_summary, read=read_summary)

WANDB = Trainer(
    name=NAME,
    lines=(WandbLines,),
    files=(RUN_FILES, SUMMARY_FILES, *ENVIRONMENT_FILES),
    transcripts=(choose_output,),
)
