"""Read what HF Trainer and all that derive from it print: dictionaries of numbers, and totals.

Format: `{'loss': 1.2, 'learning_rate': 5e-05, 'epoch': 0.1}` in 4.x; in 5.x each value is text with four
significant digits, `{'loss': '1.2', …}`. A row tells its epoch and no step; the bar that is drawn again
below it does (`RowSteps`). Training ends with a row of `train_runtime` and `train_loss`, the mean over the
run; then `***** train metrics *****` where asked for. A run that resumed begins at its checkpoint's epoch,
without another word.
"""

import math
import re
from collections.abc import Mapping
from itertools import pairwise

from afterall.model import Evidence, Fact, Source
from afterall.scan.curves import EXACT, Rounding, mark_of, place_of
from afterall.scan.logs.bars import Bar, Bars
from afterall.scan.logs.blocks import Block
from afterall.scan.logs.lines import Line, line_between
from afterall.scan.logs.reader import TraceReader
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers import trl
from afterall.scan.trainers.huggingface_bars import bars_alone
from afterall.scan.trainers.huggingface_blocks import MetricsBlocks
from afterall.scan.trainers.huggingface_rows import Row, is_of_script, parse_row, planned_in
from afterall.scan.trainers.huggingface_series import Series, alike, series_of
from afterall.scan.trainers.huggingface_state import NAME, RESULT_FILES, STATE_FILES
from afterall.scan.trainers.huggingface_steps import ROW_AND_BAR, RowSteps, Told
from afterall.scan.trainers.huggingface_totals import is_totals, understood
from afterall.scan.trainers.model_card import CARD_FILES
from afterall.scan.trainers.model_config import MODEL_CONFIG_FILES
from afterall.scan.trainers.rows import Rows, count_in
from afterall.scan.trainers.trainer import Trainer

_PEFT = re.compile(r"^trainable params: [\d,]{1,20} \|\| all params: ")
_OTHERS = (b"Num Epochs = ", b"Num epochs = ", b"Total optimization steps = ", b"trainable params: ")
"""What a line holds that is no row, and yet to be read."""
_TIMES = ("_runtime", "_per_second")
_FOUR_DIGITS = Rounding(significant=4)


class HuggingFaceLines(TraceReader):
    """Reads one run's rows."""

    triggers = (b"{'", *_OTHERS)

    def __init__(self, name: str, bars: Bars) -> None:
        self._name = name
        self._bars = bars
        self._forget()
        self._rounding = EXACT
        self._reached: Fact | None = None
        self._done: Source | None = None
        self._speed = 0.0
        self._is_peft = self._is_scripts = False
        self._planned: dict[str, Fact] = {}
        self._restarts = 0
        self._epochs: list[float] = []
        self._went_back = False
        self._epoch = 0.0
        self._is_trls = False
        self._speaker = ""
        """The label of the last row that counts."""
        self._printed: dict[bool, str] = {}
        """The last row without and the last one with totals, times left out."""

    @property
    def has_trained(self) -> bool:
        """True after the first row of numbers."""
        return len(self._rows) > 0 or self._steps.held is not None

    @property
    def restarts(self) -> int:
        """How often training went on after its totals were printed."""
        return self._restarts

    @property
    def wants_next(self) -> bool:
        """True below a row, until its bar is drawn again."""
        return self._steps.held is not None

    def read_at(self, block: Block, start: int) -> int:
        """Take a row, and the bar below it, as tqdm draws it; and those behind it that are alike."""
        found = ROW_AND_BAR.match(block.data, start)
        if found is None or self._steps.held is not None:
            return start
        rows = alike(block.data, found, [literal for literal in _OTHERS if block.may_hold(literal)])
        series = series_of(rows)
        if series is None or not self._take_series(series, block):
            for row in rows:
                self._take_row_and_bar(row, block)
        return rows[-1].end()

    def read(self, line: Line) -> None:
        """Take a row, the bar below it, or the banner's plan."""
        if not line.is_complete:
            return
        row = parse_row(line.text) if b"{" in line.raw else None
        if row is not None:
            self._take_row(row, line)
        elif not self._is_below_row(line) and line.raw:
            self._read_banner(line)

    def _take_series(self, series: Series, block: Block) -> bool:
        """Take rows of one training that goes on; False, and nothing is taken, where it may not."""
        epochs = series.columns["epoch"]
        if self._done is not None or any(b < a for a, b in pairwise([*self._epochs[-1:], *epochs])):
            return False
        if not self._steps.fit(series.steps, series.total):
            return False
        self._steps.place_all(epochs, series.steps, series.total)
        self._untold += len(series.steps)
        self._rounding = _FOUR_DIGITS if series.is_rounded else self._rounding
        self._epochs = [*[*self._epochs, *epochs[:2]][:2], epochs[-1]]
        self._is_trls = self._is_trls or trl.is_trls(series.columns)
        lines = zip(series.starts, block.lines_at(series.starts), strict=True)
        places = [mark_of(block.offset + start, line) for start, line in lines]
        self._rows.add_table(series.columns, places, series.steps)
        return True

    def _take_row_and_bar(self, found: re.Match[bytes], block: Block) -> None:
        row = parse_row(found[1].decode("utf-8", "replace"))
        if row is not None:
            self._take_row(row, line_between(block, *found.span(1))[0])
            self._take(self._steps.place(int(found[2]), int(found[3])))

    def _take_row(self, row: Row, line: Line) -> None:
        if self._is_anothers(row.numbers["epoch"], line.label):
            return
        self._take(self._steps.pass_on())
        self._rounding = _FOUR_DIGITS if row.is_rounded else self._rounding
        self._tell_progress(row, line)
        self._read_row(row.numbers, line)

    def _is_anothers(self, epoch: float, label: str) -> bool:
        """Tell whether a row is one that another node has printed: without bars each of them prints all."""
        known = self._epoch if self._done is not None else next(iter(self._epochs[-1:]), -math.inf)
        is_anothers = bool(label) and self._speaker not in ("", label) and epoch <= known
        self._speaker = self._speaker if is_anothers else label or self._speaker
        return is_anothers

    def _tell_progress(self, row: Row, line: Line) -> None:
        """Take the step and the plan that a row tells itself."""
        is_told = row.planned_steps > 0 or "global_step" in row.numbers
        step = count_in(row.numbers.get("step")) if is_told else None
        source = Source(self._name, line.where)
        if row.planned_steps:
            self._planned["planned_steps"] = Fact(row.planned_steps, source)
        if step is not None:
            self._reached = Fact(step, source)
        elif not is_totals(row.numbers):
            self._untold += 1

    def _is_below_row(self, line: Line) -> bool:
        """Take the bar below a row; tell whether the line is that bar."""
        told = self._steps.read(line)
        self._take(told)
        return told is not None and told.step is not None

    def _read_banner(self, line: Line) -> None:
        if _PEFT.search(line.text):
            self._is_peft = True
        self._is_scripts = self._is_scripts or is_of_script(line.text)
        for metric, number in planned_in(line.text).items():
            self._planned[metric] = Fact(number, Source(self._name, line.where))

    def _forget(self) -> None:
        """Begin with no rows."""
        self._rows = Rows("line {}")
        self._steps = RowSteps()
        self._untold = 0

    def trace(self) -> Trace | None:
        """Return the rows' curves, and of the bars how far training came."""
        self._take(self._steps.close())
        if not (self.has_trained or self._planned or self._is_peft):
            return bars_alone(self._bars, self._name)
        curves = self._rows.curves
        if self._untold and not self._steps.are_sure:
            curves = {key: curve.without_steps() for key, curve in curves.items()}
        for curve in curves.values():
            curve.rounding = self._rounding
        facts = {**self._progress(), **self._planned}
        return Trace(
            trainer=trl.NAME if self._is_trls else NAME,
            origin=Origin.LOG if self._rounding is EXACT else Origin.ROUNDED_LOG,
            file=self._name,
            curves=curves,
            facts=facts,
            evidence=() if self._done is None else (Evidence("done_line", True, self._done),),
            steps_per_epoch=self._steps_per_epoch(),
            is_resumed=self._went_back or self._began_late(),
            trains=self.has_trained or not self._is_scripts,
        )

    def _read_row(self, row: Mapping[str, float], line: Line) -> None:
        is_total = is_totals(row)
        told = str({name: value for name, value in row.items() if not name.endswith(_TIMES)})
        if self._done is not None and (told == self._printed.get(is_total) or (is_total and self._epochs)):
            return  # Of another node, where nothing labels their lines: each has a mean of its own.
        self._printed[is_total] = told
        if self._done is not None and (is_total or "loss" in row):
            self._restarts += 1
            self._done = None
            if "loss" in row and self._goes_on(row["epoch"]):
                self._went_back = True
                self._steps.begin_again()
            else:
                self._forget()
                self._epochs, self._went_back = [], False
        if "loss" in row:
            self._follow(row["epoch"])
        if is_total:
            self._done = Source(self._name, line.where)
            self._speed = row.get("train_steps_per_second", 0.0) * row.get("train_runtime", 0.0)
            self._epoch = row["epoch"]
        self._is_trls = self._is_trls or trl.is_trls(row)
        self._steps.wait(row, line.mark)

    def _take(self, told: Told | None) -> None:
        if told is not None:
            row = understood(told.row)
            is_told = told.step is None or "step" in row
            self._rows.add(row if is_told else {**row, "step": told.step}, told.mark)

    def _follow(self, epoch: float) -> None:
        """Notice a run that begins again, from a checkpoint or from nothing: what it does again counts anew.

        Of the epochs the first two and the last are kept.
        """
        if self._epochs and epoch < self._epochs[-1]:
            for curve in self._rows.curves.values():
                curve.forget_from(epoch)
            self._went_back = epoch > self._epochs[0]
            self._epochs = self._epochs[:2] if self._went_back else []
        self._epochs = [*self._epochs[:2], epoch]

    def _goes_on(self, epoch: float) -> bool:
        """Tell whether a row after the totals is the next of the same training, with a longer plan."""
        if len(self._epochs) < 3:
            return False
        interval = self._epochs[1] - self._epochs[0]
        return 0 < epoch - self._epochs[-1] <= 1.5 * interval + 0.02

    def _began_late(self) -> bool:
        """Tell whether the first row is not one interval after the beginning; 4.x rounds to two decimals."""
        return len(self._epochs) > 1 and self._epochs[0] > 1.5 * (self._epochs[1] - self._epochs[0]) + 0.02

    def _progress(self) -> dict[str, Fact]:
        """Return planned and reached steps as the training bar shows them."""
        bar = self._training_bar()
        if bar is None:
            return {} if self._reached is None else {"global_step": self._reached}
        source = Source(self._name, place_of(bar.mark))
        facts = {"global_step": Fact(bar.done, source)}
        return {**facts, "planned_steps": Fact(bar.total, source)} if bar.total else facts

    def _steps_per_epoch(self) -> float | None:
        """Return an epoch's optimizer steps where the totals tell the epoch at which the bar was full."""
        bar = self._training_bar() if self._done is not None and self._epoch > 0 else None
        return bar.total / self._epoch if bar is not None and 0 < bar.total == bar.done else None

    def _training_bar(self) -> Bar | None:
        """Return the bar that counts optimizer steps among other unnamed ones.

        Known is the total, from the banner, the bars below rows, or rate times runtime; else it is the first
        that is not full, for one over a dataset ends before training begins and one of a validation begins
        after it.
        """
        bars = self._bars.unnamed
        planned = self._planned.get("planned_steps")
        total = self._steps.sure_total if planned is None else planned.value
        if total is not None:
            return next((bar for bar in bars if bar.total == total), None)
        if self._done is not None and self._speed:
            near = [bar for bar in bars if abs(bar.total - self._speed) <= max(1, 0.01 * self._speed)]
            return near[0] if near else None
        return next((bar for bar in bars if bar.done < bar.total), None)


HUGGING_FACE = Trainer(
    name=NAME,
    lines=(HuggingFaceLines, MetricsBlocks),
    files=(STATE_FILES, RESULT_FILES, CARD_FILES, MODEL_CONFIG_FILES),
)
