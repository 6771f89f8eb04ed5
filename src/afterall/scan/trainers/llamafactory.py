"""Read LLaMA-Factory's trainer_log.jsonl and its running_log.txt; what else it leaves is HF Trainer's.

Format: `{"current_steps": 10, "total_steps": 6566, "loss": 0.85, "lr": 9.9e-06, "epoch": 0.01, …}`, losses
with four decimals; older files say `learning_rate`; the last line has no loss; a resumed run appends, and so
does a new one in the same directory. `vram_allocated` is the peak in GiB; `accuracy` is TRL's
`rewards/accuracies`. Its loggers print `[INFO|2025-05-15 07:22:21] llamafactory.hparams.parser:401 >> Process
rank: 0, …`, before 0.9.1 `05/15/2025 07:22:21 - INFO - llamafactory.hparams.parser - …`, and call themselves
llmtuner before 0.7.1. Run from its web interface it copies these lines, and a row of each logged step, into
`running_log.txt`.
Source: src/llamafactory/train/callbacks.py, extras/logging.py.
"""

import re
from collections.abc import Sequence
from typing import IO

from afterall.model import Entry, Evidence, Fact, Source
from afterall.scan.curves import Rounding
from afterall.scan.logs.bars import Bars
from afterall.scan.logs.lines import Line
from afterall.scan.logs.reader import TraceReader
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.line_files import json_row, whole_lines
from afterall.scan.trainers.retracing import Retracing
from afterall.scan.trainers.rows import Rows, count_in, step_in
from afterall.scan.trainers.trainer import TraceFiles, Trainer, newest

NAME = "llamafactory"
_FOUR_DECIMALS = Rounding(decimals=4)
_RENAMED = {
    "accuracy": "rewards/accuracies",
    "vram_allocated": "peak_memory_alloc",
    "vram_reserved": "peak_memory_reserved",
    "throughput": "train_tokens_per_second",
}
_LOGGER = re.compile(rb"(?:llamafactory|llmtuner)\.[\w.]{1,80}(?::\d{1,6} >>| - )")


class LlamaFactoryLines(TraceReader):
    """Reads whether LLaMA-Factory speaks in a log at all: what it logs of training is HF Trainer's."""

    triggers = (b"llamafactory.", b"llmtuner.")

    def __init__(self, name: str, _: Bars) -> None:
        self._name = name
        self._is_its = False

    def read(self, line: Line) -> None:
        """Take a line that may be one of its loggers'."""
        self._is_its = self._is_its or _LOGGER.search(line.raw) is not None

    def trace(self) -> Trace | None:
        """Return that it ran, or None."""
        return Trace(trainer=NAME, origin=Origin.LOG, file=self._name) if self._is_its else None


def read_trainer_log(file: IO[bytes], name: str) -> Trace | None:
    """Return the trace of the last run in a trainer_log.jsonl.

    Raises BadInput where the steps of its lines go back without end.
    """
    rows = Rows("line {}", _FOUR_DECIMALS)
    retracing = Retracing()
    planned: Fact | None = None
    reached: Fact | None = None
    for number, line in whole_lines(file, name):
        row = json_row(line)
        step = None if row is None else step_in(row)
        if row is None or step is None:
            continue
        retracing.at_step(step, rows)
        rows.add({_RENAMED.get(key, key): value for key, value in row.items()}, number)
        source = Source(name, f"line {number}")
        reached = Fact(step, source)
        total = count_in(row.get("total_steps"))
        planned = Fact(total, source) if total else planned
    retracing.refuse_endless(name)
    if reached is None:
        return None
    facts = {"global_step": reached, "planned_steps": planned}
    is_done = planned is not None and int(str(reached.value)) >= int(str(planned.value))
    return Trace(
        trainer=NAME,
        origin=Origin.METRICS_FILE,
        file=name,
        curves=rows.curves,
        facts={key: fact for key, fact in facts.items() if fact is not None},
        evidence=(Evidence("done_line", True, reached.source),) if is_done else (),
        is_resumed=retracing.is_resumed,
    )


def _choose_copies(entries: Sequence[Entry]) -> Sequence[Entry]:
    return newest([entry for entry in entries if entry.name == "running_log.txt"])


def _choose(entries: Sequence[Entry]) -> Sequence[Entry]:
    return newest([entry for entry in entries if entry.name == "trainer_log.jsonl"])


LLAMA_FACTORY = Trainer(
    name=NAME,
    lines=(LlamaFactoryLines,),
    files=(TraceFiles(choose=_choose, read=read_trainer_log),),
    transcripts=(_choose_copies,),
    builds_on="huggingface",
)
