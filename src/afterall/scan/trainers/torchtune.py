"""Read torchtune's recipes: their progress bars, validation lines, resolved configuration and saves.

Source: torchtune 0.1 to main (bd2a0fc), recipes/*.py and torchtune/training/checkpointing. Memory lines tell
the state after the model was set up, not the peak of training, and are left alone.
"""

import re

from afterall.model import Evidence, Fact, Source
from afterall.scan.curves import Curve, Rounding
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
from afterall.scan.trainers.trainer import Trainer

_BANNER = re.compile(r"Running \w+ with resolved config:")
_VALIDATION = re.compile(r"^Validation loss: (\S{1,40})$")
_SAVED = re.compile(
    r"(?:Model|Adapter|Recipe) checkpoint (?:of size [\d.]+ \w+ )?saved to (?P<path>\S{1,4096})$"
)
_FINAL = "Saving final epoch checkpoint."
_EMPTY_EPOCH = re.compile(rb"^\s*0it \[\d\d:\d\d, ")
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
    )

    def __init__(self, name: str, _: Bars) -> None:
        self._name = name
        self._bars = LossBars()
        self._rows = Rows("line {}")
        self._validation = Curve("line {}", Rounding(decimals=4))
        self._config = ConfigBanner()
        self._saved: dict[str, None] = {}
        self._final: Line | None = None
        self._empty_epoch: Line | None = None

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
        curves = {**self._rows.curves, "val_loss": self._validation}
        if len(self._bars.curve):
            curves["loss"] = self._bars.curve
        return Trace(
            trainer=NAME,
            origin=Origin.LOG,
            file=self._name,
            curves={name: curve for name, curve in curves.items() if len(curve)},
            parameters=self._parameters(),
            facts=self._facts(),
            evidence=self._evidence(),
            saved=tuple(self._saved),
            steps_per_epoch=self._bars.total,
        )

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
        elif (row := parse_step(line.text + " ")) is not None:
            self._rows.add(row, line.mark)

    def _parameters(self) -> dict[str, Fact]:
        first = self._config.first
        return {} if first is None else parse_yaml(self._config.text, self._name, first.where).values

    def _facts(self) -> dict[str, Fact]:
        if self._empty_epoch is None or len(self._bars.curve):
            return {}
        return {"global_step": Fact(0, Source(self._name, self._empty_epoch.where))}

    def _evidence(self) -> tuple[Evidence, ...]:
        if self._final is None:
            return ()
        return (Evidence("final_checkpoint", True, Source(self._name, self._final.where)),)


TORCHTUNE = Trainer(name=NAME, lines=(TorchtuneLines,), files=(METRICS_FILES,))
