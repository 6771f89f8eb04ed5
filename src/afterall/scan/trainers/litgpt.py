"""Read LitGPT's lines and the metrics.csv of its logger.

Format: `Epoch 1 | iter 4 step 1 | loss train: 1.660, val: n/a | iter time: 548.72 ms (step)`, several
iterations a step where gradients accumulate, `val` the last validation's again; `iter 4: val loss 1.2345,
val time: 99 ms`; `Final evaluation | val loss: 1.234 | …`. At the end `Training time: 11.20s` and `Memory
used: 13.90 GB`, since 2025 `| - Training Time             :  11.20 s` and so on, the peak of torch's
allocator in 10^9 bytes. As lit-gpt, until 2024: `iter 3 step 1: loss 1.6600, iter time: 548.72ms
(optimizer.step)`, at last with ` | ` before the step, and `step 4: val loss 1.2345, …`, which counts
iterations, too. Its metrics.csv, with more digits, counts iterations under `step`. The tokens a second that
pretraining prints are divided by a clock's time and mean nothing. Source: litgpt/finetune, pretrain.py,
utils.py.
"""

import re
from collections.abc import Iterator

from afterall.model import Fact, Source
from afterall.scan.curves import Rounding
from afterall.scan.traces import Trace
from afterall.scan.trainers.line_format import FormatLines, LineFormat, Row, lines_of
from afterall.scan.trainers.litgpt_csv import METRICS_FILES, NAME
from afterall.scan.trainers.rows import number_in
from afterall.scan.trainers.trainer import Trainer

_STEP = re.compile(
    r"^Epoch \d{1,9} \| iter (\d{1,12}) step (\d{1,12}) \| loss train: (\S{1,30}?), val: \S{1,30} \| "
    r"iter time: [\d.]{1,20} ms( \(step\))?"
)
_OLD_STEP = re.compile(
    r"^iter (\d{1,12}) (?:\| )?step (\d{1,12}): loss (\S{1,30}?), "
    r"(?:iter|train) time: [\d.]{1,20} ?ms( \(optimizer\.step\))?"
)
_VALIDATION = re.compile(r"^(?:iter|step) (\d{1,12}): val loss (\S{1,30}?), val time: [\d.]{1,20} ?ms$")
_FINAL = re.compile(r"^Final evaluation \| val loss: (\S{1,30}) \| val ppl: ")
_MEMORY = re.compile(r"^(?:Memory used:|\| - Memory Used {1,20}:) {1,2}(\d{1,6}\.\d{1,4}) GB\s{0,60}$")
_TIME = re.compile(r"^(?:Training time:|\| - Training Time {1,20}:) {1,2}(\d{1,12}\.\d{1,4}) ?s$")
_SPEED = re.compile(r"^\| - Tok/sec {12,20}: {1,2}(\d{1,12}\.\d{1,4}) tok/s$")
_TOKENS = re.compile(r"^\| - Tokens w/ Prompt {1,20}: {1,6}(\d{1,18})$")
_EPOCHS = re.compile(r"^Number of epochs (\d{1,9}) reached, stopping training\.\.\.$")
_RESUMED = re.compile(r"^Resuming training from \S")


class LitgptLines(FormatLines):
    """Reads also validations, whose lines name an iteration and no step."""

    def __init__(self, form: LineFormat, name: str) -> None:
        super().__init__(form, name)
        self._iteration: tuple[int, int] | None = None
        self._accumulated: int | None = None
        self._is_even = True
        """False where steps were found to be made of more and of fewer iterations."""

    def tell(self, text: str, source: Source) -> None:
        """Take the epochs of a run that came to their end, and whether it was resumed."""
        if found := _EPOCHS.search(text):
            epochs = Fact(int(found[1]), source)
            self.facts |= {"planned_epochs": epochs, "epochs": epochs}
        self.is_resumed = self.is_resumed or _RESUMED.search(text) is not None

    def rows_in(self, text: str) -> Iterator[Row]:
        """Yield a line's row, a validation's with the step at which its iteration was.

        Totals count only below a row: others print a training time and memory, too.
        """
        new = _STEP.search(text)
        found = new or _OLD_STEP.search(text)
        if found is not None:
            iteration, step = int(found[1]), int(found[2])
            self._iteration = (iteration, step)
            if new is not None and found[4] and step > 0:
                self._learn(iteration, step)
            # Between two steps a line tells the loss so far of the step to come, and no step's.
            yield {"step": step, "loss": found[3]} if found[4] else {"step": step}
        elif found := _VALIDATION.search(text):
            yield _placed({"val_loss": found[2]}, self._step_of(int(found[1])))
        elif found := _FINAL.search(text):
            yield _placed({"val_loss": found[1]}, self._iteration[1] if self._iteration else None)
        elif self._iteration is not None:
            yield from super().rows_in(text)

    def _learn(self, iteration: int, step: int) -> None:
        """Note how many iterations make a step: since 2024 they are counted from 1."""
        per_step, rest = divmod(iteration, step)
        accumulated = per_step if rest == 0 else None
        self._is_even = self._is_even and self._accumulated in (None, accumulated)
        self._accumulated = accumulated

    def trace(self) -> Trace | None:
        """Return what the log tells, also of how many iterations make a step, which metrics.csv does not."""
        trace = super().trace()
        if trace is not None and self._is_even:
            trace.iterations_per_step = self._accumulated
        return trace

    def _step_of(self, iteration: int) -> int | None:
        if self._iteration is not None and self._iteration[0] == iteration:
            return self._iteration[1]
        if self._accumulated and iteration % self._accumulated == 0:
            return iteration // self._accumulated
        return None


def _placed(row: Row, step: int | None) -> Row:
    return row if step is None else {"step": step, **row}


def _parse(text: str) -> Row | None:
    if found := _MEMORY.search(text):
        return {"peak_memory_alloc": (number_in(found[1]) or 0.0) * 1e9 / 2**30}
    if found := _TIME.search(text):
        # The marker of a run's totals, under which a runtime is taken for the whole run's.
        return {"train_runtime": found[1], "train_samples_per_second": None}
    if found := _SPEED.search(text):
        return {"train_tokens_per_second": found[1]}
    if found := _TOKENS.search(text):
        return {"total_tokens": found[1]}
    return None


FORMAT = LineFormat(
    trainer=NAME,
    triggers=(
        b"| loss train: ",
        b": loss ",
        b": val loss ",
        b"Final evaluation | ",
        b"Memory used: ",
        b"Memory Used ",
        b"Training time: ",
        b"Training Time ",
        b"| - Tok",
        b"Number of epochs ",
        b"Resuming training from ",
    ),
    parse=_parse,
    done=_TIME,
    done_needs_rows=True,
    rounding=Rounding(decimals=3),
)

LITGPT = Trainer(name=NAME, lines=(lines_of(FORMAT, LitgptLines),), files=(METRICS_FILES,))
