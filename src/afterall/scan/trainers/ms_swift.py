"""Read ms-swift's logging.jsonl and its loggers' words; its rows are HF Trainer's, or `ms_swift_megatron`.

Format: rows with steps of their own, `{"loss": 3.94745, "token_acc": 0.55, "epoch": 0.023,
"global_step/max_steps": "10/438", "memory(GiB)": 16.38, "train_speed(iter/s)": 0.19}`, numbers with eight
decimals; `steps[global_step/max_steps]` in 2.3, `global_step` alone before, where each row stands twice;
`iteration` as "10/438" of its Megatron. Below the totals one record of the whole run, with its `log_history`.
A run that resumed in the same directory appends. As training begins, `[INFO:swift] The logging file will be
saved in: …`; its inference and export say nothing of the kind.
Source: ms-swift 1.7 to 4, trainers/callback.py and llm/train/sft.py.
"""

import re
from collections.abc import Mapping, Sequence
from typing import IO

from afterall.model import Entry, Evidence, Fact, Source
from afterall.scan.curves import Rounding
from afterall.scan.logs.bars import Bars
from afterall.scan.logs.lines import Line
from afterall.scan.logs.reader import TraceReader
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.huggingface_state import NAME as HUGGING_FACE
from afterall.scan.trainers.huggingface_totals import is_totals, understood
from afterall.scan.trainers.line_files import json_row, whole_lines
from afterall.scan.trainers.line_format import lines_of
from afterall.scan.trainers.ms_swift_megatron import format_of
from afterall.scan.trainers.retracing import Retracing
from afterall.scan.trainers.rows import Rows, count_in
from afterall.scan.trainers.trainer import TraceFiles, Trainer, newest

NAME = "ms_swift"
_PROGRESS = ("global_step/max_steps", "steps[global_step/max_steps]", "iteration")
"""Names under which a row tells its step and the plan, the newest first."""
_STEP = re.compile(r"(\d{1,12})/(\d{1,12})")
_OLDEST = frozenset({"learning_rate", "epoch", "global_step"})
"""What every row of training has that tells no plan."""
_ITS_OWN = frozenset({*_PROGRESS[:2], "memory(GiB)", "train_speed(iter/s)", "train_speed(s/it)"})
"""One of these stands in rows of every release but the first, which nothing tells from others' rows."""
_BEGINS = b"[INFO:swift] The logging file will be saved in: "
_EIGHT_DECIMALS = Rounding(decimals=8)


class SwiftLines(TraceReader):
    """Reads whether ms-swift trained at all."""

    triggers = (_BEGINS,)

    def __init__(self, name: str, _: Bars) -> None:
        self._name = name
        self._is_its = False

    def read(self, line: Line) -> None:
        """Take the words with which a training begins."""
        self._is_its = self._is_its or _BEGINS in line.raw

    def trace(self) -> Trace | None:
        """Return that it ran, or None."""
        return Trace(trainer=NAME, origin=Origin.LOG, file=self._name) if self._is_its else None


def read_logging(file: IO[bytes], name: str) -> Trace | None:
    """Return the trace in a logging.jsonl, None where another program wrote it.

    Raises BadInput where the steps of its rows go back without end.
    """
    rows = Rows("line {}", _EIGHT_DECIMALS)
    facts: dict[str, Fact] = {}
    done: Source | None = None
    retracing = Retracing()
    is_its = False
    for number, line in whole_lines(file, name):
        row = json_row(line)
        place = None if row is None or "log_history" in row else _place_in(row)
        if row is None or place is None:
            continue
        step, planned = place
        source = Source(name, f"line {number}")
        if "loss" in row and retracing.at_step(step, rows):
            done = None
        rows.add({**_row(row), "step": step}, number)
        facts["global_step"] = Fact(step, source)
        if planned:
            facts["planned_steps"] = Fact(planned, source)
        done = source if is_totals(row) or 0 < planned <= step else done
        is_its = is_its or not _ITS_OWN.isdisjoint(row)
    retracing.refuse_endless(name)
    if not len(rows):
        return None
    return Trace(
        trainer=NAME if is_its else HUGGING_FACE,
        origin=Origin.METRICS_FILE,
        file=name,
        curves=rows.curves,
        facts=facts,
        evidence=() if done is None else (Evidence("done_line", True, done),),
        is_resumed=retracing.is_resumed,
    )


def _place_in(row: Mapping[str, object]) -> tuple[int, int] | None:
    """Return the step of a row and the planned ones, 0 where it tells none; None for no row of a trainer."""
    told = next((row[name] for name in _PROGRESS if name in row), None)
    if isinstance(told, str):
        found = _STEP.fullmatch(told)
        return None if found is None else (int(found[1]), int(found[2]))
    step = count_in(row.get("global_step"))
    is_its = _OLDEST.issubset(row) or "eval_runtime" in row or is_totals(row)
    return (step, 0) if step is not None and is_its else None


def _row(row: Mapping[str, object]) -> Mapping[str, object]:
    """Return a row without its progress, which is no number."""
    return {name: value for name, value in understood(row).items() if name not in _PROGRESS}


def _choose(entries: Sequence[Entry]) -> Sequence[Entry]:
    return newest([entry for entry in entries if entry.name == "logging.jsonl"])


MS_SWIFT = Trainer(
    name=NAME,
    lines=(SwiftLines, lines_of(format_of(NAME))),
    files=(TraceFiles(choose=_choose, read=read_logging),),
    builds_on=HUGGING_FACE,
)
