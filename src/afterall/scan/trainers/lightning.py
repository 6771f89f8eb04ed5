"""Read Lightning's metrics.csv, its last line, its saves and its progress bars.

Format: `lightning_logs/version_N/metrics.csv`, columns in any order and empty cells, step counted from 0;
`` `Trainer.fit` stopped: `max_epochs=3` reached. ``, or `Monitored metric val_loss did not improve in the
last 3 records. Best score: 0.123. Signaling Trainer to stop.`; `Epoch 0, global step 1: 'val_loss' reached
0.33304 (best …)`; tqdm's bar ends in `v_num=0, train_loss=0.046]`, rich's in lines of `train_loss: 0.046`.
Under Slurm v_num is the job id. Source: lightning/pytorch 1.9 to 2.5.
"""

import re
from typing import IO

from afterall.model import Evidence, Fact, Source
from afterall.scan.curves import Rounding
from afterall.scan.logs.bars import Bars
from afterall.scan.logs.lines import Line
from afterall.scan.logs.reader import TraceReader
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.litgpt_csv import is_litgpt
from afterall.scan.trainers.metrics_csv import MOST_COLUMNS, choose, metrics_rows
from afterall.scan.trainers.rows import Rows, count_in, number_in
from afterall.scan.trainers.trainer import TraceFiles, Trainer

NAME = "lightning"
_DONE = re.compile(r"`Trainer\.fit` stopped: `max_(epochs|steps)=(\d{1,12})` reached\.")
_NOTHING = re.compile(r"`Trainer\.fit` stopped: (?:`max_(?:epochs|steps)=0` reached|No training batches)")
_STOPPED_EARLY = re.compile(
    r"\bMonitored metric \S{1,80} did not improve in the last \d{1,9} records\. Best score: .{1,60} "
    r"Signaling Trainer to stop\.$"
)
_RESUMED = re.compile(r"\bRestored all states from the checkpoint (?:file )?at \S")
_GPU = re.compile(r"\bYou are using a CUDA device \('([^']{1,100})'\) that has Tensor Cores\.")
_SAVED = re.compile(r"Epoch \d{1,9}, global step (\d{1,12}): '(val[_/]?\w{0,40})' reached (\S{1,30}) \(best ")
_V_NUM = re.compile(r"\bv_num[=:] ?[-+.\w]{0,30}")
_BAR = re.compile(r"(?:Epoch|Training epoch) (\d{1,9})?[^\r\n]{0,400}\bv_num[=:]")
_RICH = re.compile(
    r"\s{8,400}(?:(?:[-+.\w]{1,30} )?[A-Za-z][\w/]{0,60}:(?: [-+.\w]{1,30})?|[-+.\w]{1,30})\s{0,400}$"
)
_OPEN_NAME = re.compile(r"(?<!\S)[A-Za-z][\w/]{0,60}:\s{0,400}$")
"""A name whose value stands on the next line."""
_VALUE = re.compile(r"(?:^|[,\s])([A-Za-z][\w/]{0,60})[=:] ?([-+.\w]{1,30})(?=[,\]\s]|$)")


class LightningLines(TraceReader):
    """Reads one run's last line, saves and bars; of bars only the last values count."""

    triggers = (
        b"`Trainer.fit` stopped",
        b"global step ",
        b"v_num",
        b"Signaling Trainer to stop.",
        b"Restored all states from the checkpoint ",
        b"You are using a CUDA device (",
    )

    def __init__(self, name: str, _: Bars) -> None:
        self._name = name
        self._saves = Rows("line {}", Rounding(decimals=5))
        self._last: dict[str, tuple[float, int]] = {}
        self._facts: dict[str, Fact] = {}
        self._done: Source | None = None
        self._gpu: Fact | None = None
        self._is_resumed = False
        self._is_bar = False
        self._open_name = ""
        self._told: set[str] = set()
        self._epoch = 0
        self._restarts = 0

    @property
    def restarts(self) -> int:
        """How often a bar of an earlier epoch stood below a fit's last line: another fit began."""
        return self._restarts

    @property
    def wants_next(self) -> bool:
        """True below a rich bar: it goes on in lines of one value each."""
        return self._is_bar

    @property
    def has_trained(self) -> bool:
        """True after a bar, a save or the last line of a fit."""
        return bool(self._last or self._facts or self._done) or len(self._saves) > 0

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
        elif _STOPPED_EARLY.search(line.text):
            self._done = source
        elif found := _GPU.search(line.text):
            self._gpu = Fact(found[1], source)
        self._is_resumed = self._is_resumed or _RESUMED.search(line.text) is not None
        self._read_bar(line)

    def _read_bar(self, line: Line) -> None:
        """Take a bar's values; rich breaks its text into lines wherever a blank is.

        Before 2.0 a bar's own `loss`, before v_num, is a mean over the last twenty steps. Behind the bracket
        that ends tqdm's bar other words may stand.
        """
        drawn = line.drawn
        if bar := _BAR.search(drawn):
            self._follow(int(bar[1] or self._epoch))
            self._is_bar, self._told = True, set()
            text = _V_NUM.split(drawn, maxsplit=1)[-1].partition("]")[0]
        elif self._is_bar and _RICH.match(line.text):
            text = f"{self._open_name} {line.text.strip()}"
        else:
            self._is_bar = False
            return
        for name, value in _VALUE.findall(text):
            number = number_in(value)
            if number is not None and name not in self._told and len(self._last) < MOST_COLUMNS:
                self._last[name] = (number, line.mark)
                self._told.add(name)
        is_open = _OPEN_NAME.search(text)
        self._open_name = is_open[0] if is_open is not None else ""

    def _follow(self, epoch: int) -> None:
        """Forget a fit that had ended where a bar begins anew; the last bar is often drawn again below it."""
        if self._done is not None and epoch < self._epoch:
            self._saves = Rows("line {}", Rounding(decimals=5))
            self._last, self._facts, self._done = {}, {}, None
            self._restarts += 1
        self._epoch = epoch

    def trace(self) -> Trace | None:
        """Return what the log tells; metrics.csv tells more."""
        if not self.has_trained and self._gpu is None:
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
            provenance={} if self._gpu is None else {"gpu": self._gpu},
            is_resumed=self._is_resumed,
            evidence=() if self._done is None else (Evidence("done_line", True, self._done),),
        )


def read_metrics_csv(file: IO[bytes], name: str) -> Trace | None:
    """Return the trace in a metrics.csv; None where its columns are no metrics, or LitGPT's."""
    found = metrics_rows(file, name)
    if is_litgpt(next(found, (0, {}))[1]):
        return None
    rows = Rows("line {}")
    for number, row in found:
        step = count_in(row.get("step"))
        if step is not None:
            values = {key: cell for key, cell in row.items() if key != "step"}
            rows.add({**values, "global_step": step + 1}, number)
    rows.curves.pop("epoch", None)
    if not len(rows):
        return None
    return Trace(trainer=NAME, origin=Origin.METRICS_FILE, file=name, curves=rows.curves)


LIGHTNING = Trainer(
    name=NAME, lines=(LightningLines,), files=(TraceFiles(choose=choose, read=read_metrics_csv),)
)
