"""Read torchtune's recipes: their progress bars, validation lines, resolved configuration and saves.

Source: torchtune 0.1 to main (bd2a0fc), recipes/*.py and torchtune/training/checkpointing. Memory lines tell
the state after the model was set up, not the peak of training, and are left alone. A recipe that goes on from
a saved state counts epochs on and, up to 0.6, steps from 1 again. 0.1's bars count batches, of which
`gradient_accumulation_steps` make one optimizer step, and its loggers count steps from 0; of bars that change
only every few steps see `torchtune_sparse`. PPO's bar has no loss and counts batches of trajectories, each of
several optimizer steps: `Total steps to run: 20, Total epochs to run: 2`.
"""

import re
from collections.abc import Mapping

from afterall.model import Evidence, Fact, Source
from afterall.scan.curves import Curve, Rounding, place_of
from afterall.scan.logs.bars import Bars
from afterall.scan.logs.blocks import Block
from afterall.scan.logs.lines import Line
from afterall.scan.logs.loss_bars import LossBars
from afterall.scan.logs.reader import TraceReader
from afterall.scan.parameters.yaml_text import parse_yaml
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.config_banner import ConfigBanner
from afterall.scan.trainers.rows import Rows, number_in
from afterall.scan.trainers.torchtune_metrics import METRICS_FILES, NAME, parse_step
from afterall.scan.trainers.torchtune_sparse import LastBar, last_bar, place_sparse
from afterall.scan.trainers.trainer import Trainer

_BANNER = re.compile(r"Running \w+ with resolved config:")
_VALIDATION = re.compile(r"^Validation loss: (\S{1,40})$")
_SAVED = re.compile(
    r"(?:Model|Adapter|Recipe) checkpoint (?:of size [\d.]+ \w+ )?saved to (?P<path>\S{1,4096})$"
)
_FINAL = "Saving final epoch checkpoint."
_EMPTY_EPOCH = re.compile(rb"^\s*0it \[\d\d:\d\d, ")
_PPO_PLAN = re.compile(r"^Total steps to run: (\d{1,12}), Total epochs to run: (\d{1,9})$")
_RESUMED = "Loading the recipe state using:"
_MOST_SAVED = 10_000


class TorchtuneLines(TraceReader):
    """Reads one run's lines; of its bars, see `LossBars`."""

    triggers = (
        b" with resolved config:",
        b"Validation loss: ",
        b"heckpoint of size ",
        b"checkpoint saved to ",
        _FINAL.encode(),
        b"Step ",
        b"0it [",
        b"Total steps to run: ",
        _RESUMED.encode(),
    )

    def __init__(self, name: str, bars: Bars) -> None:
        self._name = name
        self._all_bars = bars
        self._bars = LossBars()
        self._last_bar: LastBar | None = None
        self._rows = Rows("line {}")
        self._validation = Curve("line {}", Rounding(decimals=4))
        self._config = ConfigBanner()
        self._saved: dict[str, None] = {}
        self._final: Line | None = None
        self._empty_epoch: Line | None = None
        self._ppo_steps: int | None = None
        self._ppo_epochs: Fact | None = None
        self._goes_on = False
        self._is_oldest = False

    @property
    def has_trained(self) -> bool:
        """True after the first bar with a loss, the first printed step, or an epoch without any step."""
        empty = self._empty_epoch is not None and self._config.first is not None
        return len(self._bars.curve) > 0 or len(self._rows) > 0 or empty

    @property
    def restarts(self) -> int:
        """How often the bars began anew."""
        return self._bars.restarts

    @property
    def wants_next(self) -> bool:
        """True while the resolved configuration goes on."""
        return self._config.is_open

    def read_block(self, block: Block) -> None:
        """Take the block's bars."""
        self._bars.read_block(block)
        if len(self._bars.curve):
            self._last_bar = last_bar(block) or self._last_bar

    def read(self, line: Line) -> None:
        """Take one line of a recipe."""
        if self._config.is_open and self._config.read(line):
            return
        if _BANNER.search(line.text):
            self._config.begin(line)
        elif _EMPTY_EPOCH.match(line.raw):
            self._empty_epoch = line
        elif line.is_complete:
            self._read_words(line)

    def trace(self) -> Trace | None:
        """Return what the recipe printed; None where no recipe printed anything."""
        if not (self.has_trained or self._config.first or self._final):
            return None
        parameters = self._parameters()
        rows = self._rows.curves
        curves = {
            **({name: _later(curve, 1) for name, curve in rows.items()} if self._is_oldest else rows),
            "val_loss": self._validation,
        }
        batches = self._batches_a_step(parameters)
        length = _steps_an_epoch(self._bars.total, batches, parameters)
        facts = self._facts()
        wordless = next((bar for bar in self._all_bars.unnamed if bar.total == self._bars.total), None)
        sparse = place_sparse(self._bars, self._last_bar, wordless, parameters)
        if sparse is not None:
            curves["loss"], length = sparse.curve, sparse.steps
            if sparse.reached is not None:
                facts["global_step"] = Fact(sparse.reached, Source(self._name, sparse.where))
        elif len(self._bars.curve):
            curves["loss"] = _in_steps(self._bars.curve, batches) if batches > 1 else self._bars.curve
        told = parameters.get("resume_from_checkpoint")
        self._goes_on = self._goes_on or (told is not None and told.value is True)
        skipped = self._steps_skipped()
        if skipped:
            curves = {name: _later(curve, skipped) for name, curve in curves.items()}
        return Trace(
            trainer=NAME,
            origin=Origin.LOG,
            file=self._name,
            curves={name: curve for name, curve in curves.items() if len(curve)},
            parameters=parameters,
            facts=facts,
            evidence=self._evidence(),
            saved=tuple(self._saved),
            steps_per_epoch=length,
            is_resumed=self._goes_on,
        )

    def _batches_a_step(self, parameters: Mapping[str, Fact]) -> int:
        """Return how many of the numbers in the bars are one optimizer step: 1 since 0.2."""
        if not (self._is_oldest or self._bars.counts_in_epochs):
            return 1
        told = parameters.get("gradient_accumulation_steps")
        return told.value if told is not None and type(told.value) is int and told.value > 0 else 1

    def _steps_skipped(self) -> int:
        """Return the steps before the epoch at which a resumed run began to count from 1 again."""
        bars = self._bars
        if not self._goes_on or not bars.total or bars.step < 1:
            return 0
        epochs = -(-bars.step // bars.total)
        return max(0, bars.epoch - epochs) * bars.total

    def _read_words(self, line: Line) -> None:
        if found := _VALIDATION.search(line.text):
            loss = number_in(found[1])
            if loss is not None:
                self._validation.add(self._bars.step_before(line.offset + len(line.raw)), loss, line.mark)
        elif found := _SAVED.search(line.text):
            if len(self._saved) < _MOST_SAVED:
                self._saved[found["path"]] = None
        elif line.text.startswith(_FINAL):
            self._final = line
        elif line.text.startswith(_RESUMED):
            self._goes_on = True
        elif found := _PPO_PLAN.search(line.text):
            self._ppo_steps = int(found[1])
            self._ppo_epochs = Fact(int(found[2]), Source(self._name, line.where))
        elif (row := parse_step(line.text + " ")) is not None:
            self._is_oldest = self._is_oldest or row["global_step"] == "0"
            self._rows.add(row, line.mark)

    def _parameters(self) -> dict[str, Fact]:
        first = self._config.first
        return {} if first is None else parse_yaml(self._config.text, self._name, first.where).values

    def _facts(self) -> dict[str, Fact]:
        facts = {} if self._ppo_epochs is None else {"planned_epochs": self._ppo_epochs}
        if self._empty_epoch is not None and not len(self._bars.curve):
            facts["global_step"] = Fact(0, Source(self._name, self._empty_epoch.where))
        return facts

    def _evidence(self) -> tuple[Evidence, ...]:
        found = []
        if self._final is not None:
            found.append(Evidence("final_checkpoint", True, Source(self._name, self._final.where)))
        bar = next((bar for bar in self._all_bars.unnamed if bar.total == self._ppo_steps), None)
        if bar is not None:
            kind = f"planned_steps_{'reached' if bar.done >= bar.total else 'not_reached'}"
            found.append(Evidence(kind, bar.done >= bar.total, Source(self._name, place_of(bar.mark))))
        return tuple(found)


def _steps_an_epoch(total: int | None, batches: int, parameters: Mapping[str, Fact]) -> int | None:
    """Return the optimizer steps of an epoch, also where bars count batches, also of an epoch cut short."""
    if total is None or batches == 1:
        return total
    told = parameters.get("max_steps_per_epoch")
    most = told.value if told is not None and type(told.value) is int else total
    return min(total // batches, most) or None


def _in_steps(curve: Curve, batches: int) -> Curve:
    """Return a curve over batches as one over optimizer steps of so many."""
    return curve.with_steps(lambda row: -(-row.step // batches))


def _later(curve: Curve, steps: int) -> Curve:
    """Return a curve whose steps are counted from so many steps before."""
    return curve.with_steps(lambda row: row.step + steps)


TORCHTUNE = Trainer(name=NAME, lines=(TorchtuneLines,), files=(METRICS_FILES,))
