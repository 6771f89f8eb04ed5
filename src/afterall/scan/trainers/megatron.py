"""Read Megatron-LM's iterations, validations, memory report and its last line.

Format: ` iteration       25/     500 | consumed samples: 50 | elapsed time per iteration (ms): 87.0 |
learning rate: 1.6E-08 | lm loss: 1.08E+01 | grad norm: 2.1 | number of nan iterations: 0 |`, numbers in E
notation with seven digits, a date before it since 2024, no samples until 2020; validations as ` validation
loss at iteration 100 on validation set | lm loss value: 3.4E+00 | …`, the last one until 2023 `at the end of
training for val data`, and the same of the test set; `[Rank 0] (after 10 iterations) memory (MB) |
allocated: … | max allocated: … | reserved: … | max reserved: …`, in 2^20 bytes, once and soon after the
start. AMD's Primus puts words of its logger before an iteration and the mean behind its time, `(ms):
87.0/88.1`; BigScience's fork tells the time in seconds; MindSpeed MM's loss is `loss`. What it was started
with is read by `megatron_arguments`. Source: megatron/training/training.py and utils.py.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from afterall.model import Fact, Source
from afterall.scan.curves import Rounding
from afterall.scan.logs.lines import Line
from afterall.scan.trainers.line_format import PLANNED, FormatLines, LineFormat, Row, lines_of
from afterall.scan.trainers.megatron_arguments import ARGUMENTS, MegatronArguments
from afterall.scan.trainers.rows import number_in
from afterall.scan.trainers.trainer import Trainer

NAME = "megatron"
_ITERATION = re.compile(
    r"(?:^|[\]:>]\s{0,8}) ?iteration\s{1,12}(\d{1,12})/\s{0,12}(\d{1,12}) \| "
    r"(?:consumed samples: |elapsed time per iteration \(ms\): [\d.]{1,20} \| learning rate: )"
)
_VALIDATION = re.compile(
    r"\bvalidation loss at (?:iteration (\d{1,12})|the end of training)(?P<set>[^|]{0,100})"
    r"\|(?:[^|]{1,60}\|){0,6}? ?lm loss value: (\S{1,30})"
)
_PAIR = re.compile(r"\|\s{0,4}([a-z][\w ()/-]{1,60}):\s{0,8}([-+\w.]{1,30})(?:/[\d.]{1,20})?(?= \|)")
_MEMORY = re.compile(
    r"\[Rank (\d{1,6})\] \(after \d{1,12} iterations\) memory \(MB\) \|.{0,80}?"
    r"\bmax allocated: ([\d.]{1,20}) \|.{0,80}?\bmax reserved: ([\d.]{1,20})(?=\s|$)"
)
_LOADED = re.compile(r"successfully loaded checkpoint from \S{1,4096} .{0,80}?at iteration (\d{1,12})")
_MIB_A_GIB = 1024
_KEPT = {
    "loss": "lm loss",
    "lm loss": "lm loss",
    "grad norm": "grad norm",
    "learning rate": "learning_rate",
    # Megatron-DeepSpeed's
    "consumed tokens": "total_tokens",
    "tokens per gpu per second (tgs)": "tokens_per_second_per_gpu",
    # Primus's
    "tokens per GPU (tokens/s/GPU)": "tokens_per_second_per_gpu",
    # GPT-NeoX's
    "lm_loss": "lm loss",
}
_TIMES = {"elapsed time per iteration (ms)": 1000, "elapsed time per iteration (s)": 1}


class MegatronLines(FormatLines):
    """Reads also the arguments, the greatest memory report of all ranks, and resumptions."""

    is_neox: ClassVar[bool] = False
    """True for GPT-NeoX's arguments, which look otherwise."""

    def __init__(self, form: LineFormat, name: str) -> None:
        super().__init__(form, name)
        self._arguments = MegatronArguments(name, is_neox=self.is_neox)
        self.parameters = self._arguments.values

    def rows_in(self, text: str) -> Iterator[Row]:
        """Yield the row of a line; what was validated at the end of training is the last iteration."""
        for row in super().rows_in(text):
            last = self._reached.value if self._reached is not None else None
            yield row if row["iteration"] is not None else {**row, "iteration": last}

    @property
    def wants_next(self) -> bool:
        """True within the printed arguments."""
        return self._arguments.is_open

    def read(self, line: Line) -> None:
        """Take one line."""
        if not self._arguments.read(line):
            super().read(line)

    def tell(self, text: str, source: Source) -> None:
        """Take memory and what was loaded."""
        if "successfully" not in text and "memory (MB)" not in text:
            return
        if found := _MEMORY.search(text):
            where = Source(source.file, f"{source.where}, rank {found[1]}")
            self._peak("peak_memory_alloc_gib", found[2], where)
            self._peak("peak_memory_reserved_gib", found[3], where)
        elif found := _LOADED.search(text):
            self.is_resumed = self.is_resumed or int(found[1]) > 0

    def _peak(self, name: str, mib: str, source: Source) -> None:
        number = number_in(mib)
        known = self.facts.get(name)
        if number is not None and (known is None or number / _MIB_A_GIB > float(str(known.value))):
            self.facts[name] = Fact(number / _MIB_A_GIB, source, "GiB")


def _parse(text: str) -> Row | None:
    validation = _VALIDATION.search(text) if "validation loss" in text else None
    if validation is not None:
        is_test = "test" in validation["set"]
        return None if is_test else {"iteration": validation[1], "val_loss": validation[3]}
    found = _ITERATION.search(text)
    return None if found is None else row_of(found[1], found[2], text)


def row_of(iteration: str, planned: str, text: str) -> Row:
    """Return the row of an iteration from the pairs that its line holds."""
    pairs = {name.strip(): value for name, value in _PAIR.findall(text)}
    row: dict[str, object] = {"iteration": iteration, PLANNED: planned}
    row |= {key: pairs[name] for name, key in _KEPT.items() if name in pairs}
    for name, a_second in _TIMES.items():
        duration = number_in(pairs.get(name))
        if duration is not None and duration > 0:
            row["train_steps_per_second"] = a_second / duration
    # An iteration whose loss was NaN is skipped and counted, its loss not printed.
    if (number_in(pairs.get("number of nan iterations")) or 0) > 0 and "lm loss" not in row:
        row["lm loss"] = "nan"
    return row


FORMAT = LineFormat(
    trainer=NAME,
    triggers=(
        b"| consumed samples:",
        b"| elapsed time per iteration (",
        b"validation loss at ",
        b"[after training is done]",
        b" iterations) memory (MB) |",
        b"successfully loaded checkpoint ",
        ARGUMENTS,
    ),
    parse=_parse,
    done=re.compile(r"\[after training is done\]"),
    rounding=Rounding(significant=7),
)

MEGATRON = Trainer(name=NAME, lines=(lines_of(FORMAT, MegatronLines),))
