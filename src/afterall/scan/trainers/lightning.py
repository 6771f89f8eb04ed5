"""Read Lightning's metrics.csv, its last line, its saves and its progress bars.

Format: `lightning_logs/version_N/metrics.csv`, columns in any order and empty cells, step counted from 0; ``
`Trainer.fit` stopped: `max_epochs=3` reached. ``; `Epoch 0, global step 1: 'val_loss' reached 0.33304 (best
…)`; tqdm's bar ends in `v_num=0, train_loss=0.046]`, rich's in lines of `train_loss: 0.046`. Under Slurm
v_num is the job id. Source: lightning/pytorch 1.9 to 2.5.
"""

import csv
import re
from collections.abc import Sequence
from typing import IO

from afterall.model import Entry, Evidence, Fact, Source
from afterall.scan.curves import Rounding
from afterall.scan.logs.bars import Bars
from afterall.scan.logs.lines import Line
from afterall.scan.logs.reader import TraceReader
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.line_files import whole_lines
from afterall.scan.trainers.rows import Rows, number_in
from afterall.scan.trainers.trainer import TraceFiles, Trainer, newest

NAME = "lightning"
_DONE = re.compile(r"`Trainer\.fit` stopped: `max_(epochs|steps)=(\d{1,12})` reached\.")
_NOTHING = re.compile(r"`Trainer\.fit` stopped: (?:`max_(?:epochs|steps)=0` reached|No training batches)")
_SAVED = re.compile(r"Epoch \d{1,9}, global step (\d{1,12}): '(val[_/]?\w{0,40})' reached (\S{1,30}) \(best ")
_BAR = re.compile(r"(?:Epoch|Training epoch) [^\r\n]{0,400}\bv_num[=:]")
_RICH = re.compile(r"\s{8,}[A-Za-z][\w/]{0,60}: [-+.\w]{1,30}\s*$")
_VALUE = re.compile(r"(?:^|[,\s])([A-Za-z][\w/]{0,60})[=:] ?([-+.\w]{1,30})(?=[,\]\s]|$)")
MOST_COLUMNS = 500


class LightningLines(TraceReader):
    """Reads one run's last line, saves and bars; of bars only the last values count."""

    triggers = (b"`Trainer.fit` stopped", b"global step ", b"v_num")

    def __init__(self, name: str, _: Bars) -> None:
        self._name = name
        self._saves = Rows("line {}", Rounding(decimals=5))
        self._last: dict[str, tuple[float, int]] = {}
        self._facts: dict[str, Fact] = {}
        self._done: Source | None = None
        self._is_bar = False

    @property
    def wants_next(self) -> bool:
        """True below a rich bar: it goes on in lines of one value each."""
        return self._is_bar

    @property
    def has_trained(self) -> bool:
        """True after a bar, a save or the last line of a fit."""
        return bool(self._last or self._facts) or len(self._saves) > 0

    def read(self, line: Line) -> None:
        """Take one line of a fit."""
        if not line.is_complete:
            return
        source = Source(self._name, line.where)
        if found := _NOTHING.search(line.text):
            self._facts["global_step"] = Fact(0, source)
        elif found := _DONE.search(line.text):
            self._done = source
            planned, reached = (
                ("planned_epochs", "epochs") if found[1] == "epochs" else ("planned_steps", "global_step")
            )
            self._facts |= {planned: Fact(int(found[2]), source), reached: Fact(int(found[2]), source)}
        elif found := _SAVED.search(line.text):
            self._saves.add({"global_step": found[1], found[2]: found[3]}, line.mark)
        self._is_bar = _BAR.search(line.text) is not None or (
            self._is_bar and _RICH.match(line.text) is not None
        )
        if self._is_bar:
            for name, text in _VALUE.findall(line.text):
                number = number_in(text)
                if number is not None and name != "v_num" and len(self._last) < MOST_COLUMNS:
                    self._last[name] = (number, line.mark)

    def trace(self) -> Trace | None:
        """Return what the log tells; metrics.csv tells more."""
        if not self.has_trained:
            return None
        rows = Rows("line {}", Rounding(significant=3))
        for name, (number, mark) in self._last.items():
            rows.add_last({name: number}, mark)
        curves = {**rows.curves, **self._saves.curves}
        curves.pop("epoch", None)
        return Trace(
            trainer=NAME,
            origin=Origin.ROUNDED_LOG,
            file=self._name,
            curves=curves,
            facts=self._facts,
            evidence=() if self._done is None else (Evidence("done_line", True, self._done),),
        )


def read_metrics_csv(file: IO[bytes], name: str) -> Trace | None:
    """Return the trace in a metrics.csv; None where its columns are no metrics."""
    rows = Rows("line {}")
    header: list[str] = []
    for number, line in whole_lines(file):
        cells = _cells(line)
        if not header:
            header = cells[:MOST_COLUMNS]
            if "step" not in header:
                return None
        elif len(cells) == len(header):
            values = {key: cell for key, cell in zip(header, cells, strict=True) if cell}
            step = number_in(values.pop("step", None))
            if step is not None and 0 <= step < 1e15:
                rows.add({**values, "global_step": int(step) + 1}, number)
    rows.curves.pop("epoch", None)
    if not len(rows):
        return None
    return Trace(trainer=NAME, origin=Origin.METRICS_FILE, file=name, curves=rows.curves)


def _cells(line: str) -> list[str]:
    try:
        return next(csv.reader([line]), [])
    except csv.Error:
        return []


def _choose(entries: Sequence[Entry]) -> Sequence[Entry]:
    return newest([entry for entry in entries if entry.name == "metrics.csv"])


LIGHTNING = Trainer(
    name=NAME, lines=(LightningLines,), files=(TraceFiles(choose=_choose, read=read_metrics_csv),)
)
