"""Read Weights & Biases: the summary it prints when a run finishes, and the files it keeps.

Format of the terminal block, 0.8 to 0.31: after `wandb: Run summary:` lines of a right-aligned key, a space
and a value rounded to five decimals, until a blank `wandb:` line; since 0.21.2 at most ten keys, then `+N
...`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import IO

from afterall.model import Entry, Fact, Source
from afterall.scan.curves import Rounding
from afterall.scan.logs.bars import Bars
from afterall.scan.logs.lines import Line
from afterall.scan.logs.reader import TraceReader
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.line_files import read_json
from afterall.scan.trainers.rows import Rows, number_in, step_in
from afterall.scan.trainers.trainer import TraceFiles, Trainer, newest
from afterall.scan.trainers.wandb_file import NAME, RUN_FILES

_BLOCK_LINE = re.compile(r"wandb:\s+(?P<key>\S.{0,200}?)\s(?P<value>\S{1,40})")
_MOST_KEYS = 2000


class WandbLines(TraceReader):
    """Reads the last summary block that is whole."""

    triggers = (b"Run summary:",)

    def __init__(self, name: str, _: Bars) -> None:
        self._name = name
        self._start: Line | None = None
        self._is_open = False
        self._values: dict[str, float] = {}
        self._marks: dict[str, int] = {}

    @property
    def wants_next(self) -> bool:
        """True within the block."""
        return self._is_open

    def read(self, line: Line) -> None:
        """Take the block's head, or one of its lines."""
        if line.text.startswith("wandb:") and line.text.endswith("Run summary:"):
            self._start, self._is_open, self._values = line, True, {}
        elif self._is_open:
            found = _BLOCK_LINE.fullmatch(line.text)
            self._is_open = line.text.strip() != "wandb:" and line.text.startswith("wandb:")
            number = number_in(found["value"]) if found is not None and line.is_complete else None
            if found is not None and number is not None and len(self._values) < _MOST_KEYS:
                self._values[found["key"]] = number
                self._marks[found["key"]] = line.mark

    def trace(self) -> Trace | None:
        """Return the block's values, each without a step of its own."""
        return None if self._start is None else _summary(self._values, self._name, self._marks)


def _summary(values: Mapping[str, object], name: str, marks: Mapping[str, int]) -> Trace | None:
    """Return a summary's trace; with marks it is the terminal's, rounded."""
    printed = bool(marks)
    rows = Rows("line {}" if printed else "last values", Rounding(decimals=5) if printed else Rounding())
    for key, value in values.items():
        # One at a time for their marks; HF's mean loss is told by its neighbours.
        rows.add_last({key: value, **{other: None for other in values if other != key}}, marks.get(key, 0))
    facts = {}
    step = step_in(values)
    if step is not None:
        key = next((k for k in values if k.endswith("global_step")), "")
        where = f"line {marks[key]}" if key in marks else f"key {key}"
        facts["global_step"] = Fact(step, Source(name, where))
    return Trace(
        trainer=NAME,
        origin=Origin.TERMINAL_SUMMARY if printed else Origin.SUMMARY,
        file=name,
        curves=rows.curves,
        facts=facts,
        trains=False,
    )


def read_summary(file: IO[bytes], name: str) -> Trace | None:
    """Return the trace in a wandb-summary.json; None where it holds no more than wandb's own entry.

    Raises BadInput where the file is damaged.
    """
    summary = read_json(file, name)
    values = {key: value for key, value in list(summary.items())[:_MOST_KEYS] if number_in(value) is not None}
    trace = _summary(values, name, {})
    runtime = number_in(summary.get("_runtime"))
    if trace is not None and runtime is not None and "train_seconds" not in trace.curves:
        trace.facts["train_seconds"] = Fact(runtime, Source(name, "key _runtime"), "s")
    return trace if trace is not None and (trace.curves or trace.facts) else None


def _choose_summary(entries: Sequence[Entry]) -> Sequence[Entry]:
    return newest([entry for entry in entries if entry.name == "wandb-summary.json"])


WANDB = Trainer(
    name=NAME, lines=(WandbLines,), files=(RUN_FILES, TraceFiles(choose=_choose_summary, read=read_summary))
)
