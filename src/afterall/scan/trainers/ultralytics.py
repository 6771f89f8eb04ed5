"""Read what Ultralytics' YOLO leaves: results.csv, a row an epoch, and its words at start and end.

Format: columns padded with spaces until 2024, `epoch`, `time`, `train/box_loss`, `train/cls_loss`, …,
`metrics/mAP50-95(B)`, …, `val/box_loss`, …, `lr/pg0`; YOLOv5's `x/lr0` and `metrics/mAP_0.5:0.95`; of a
classifier `train/loss` alone. Each loss is weighted already, and their sum is what is trained on. Epochs were
counted from 0, since 2023 from 1. `Starting training for 100 epochs...`, and at last, also where it stopped
early, `100 epochs completed in 0.123 hours.`; of the rows in between see `ultralytics_rows`. Source:
ultralytics/engine/trainer.py, utils/loss.py; yolov5/train.py, utils/loss.py.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import IO

from afterall.model import Entry, Evaluation, EvaluationStatus, Fact, Source
from afterall.scan.curves import Rounding
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.huggingface_scores import TASK
from afterall.scan.trainers.line_files import csv_cells, whole_lines
from afterall.scan.trainers.line_format import FormatLines, LineFormat, Row, lines_of
from afterall.scan.trainers.metrics_csv import MOST_COLUMNS
from afterall.scan.trainers.rows import Rows, count_in, number_in
from afterall.scan.trainers.trainer import TraceFiles, Trainer, newest
from afterall.scan.trainers.ultralytics_rows import HEADER, EpochRows

NAME = "ultralytics"
_PLAN = re.compile(r"^Starting training for (\d{1,9}) epochs\.\.\.$")
_DONE = re.compile(r"^(\d{1,9}) epochs completed in [\d.]{1,12} hours\.$")
_LOSS = re.compile(r"(train|val)/(?:\w{1,40}_)?loss")
_LEARNING_RATES = ("lr/pg0", "x/lr0")
_SCORE = "metrics/"


class UltralyticsLines(FormatLines):
    """Reads the rows of epochs, how many there were to be, and that there were so many."""

    def __init__(self, form: LineFormat, name: str) -> None:
        super().__init__(form, name)
        self._epochs = EpochRows()
        self._validated: Evaluation | None = None

    @property
    def wants_next(self) -> bool:
        """True within an epoch's rows."""
        return self._epochs.wants_next

    def rows_in(self, text: str) -> Iterator[Row]:
        """Yield the row of an epoch."""
        row = self._epochs.row_in(text)
        if row is not None:
            yield row

    def tell(self, text: str, source: Source) -> None:
        """Take the plan, which a second run replaces, and the end."""
        if plan := _PLAN.search(text):
            if self.has_trained:
                self._begin_anew()
            self.facts, self._validated = {"planned_epochs": Fact(int(plan[1]), source)}, None
            self.forget_end()
        elif done := _DONE.search(text):
            self.facts["epochs"] = Fact(int(done[1]), source)
        elif scores := self._epochs.scores_in(text):
            self._validated = _evaluation(scores, source)

    def trace(self) -> Trace | None:
        """Return the rows, the plan and the end; None where nothing of them was told."""
        trace = super().trace()
        if trace is None and self.facts:
            trace = Trace(trainer=NAME, origin=Origin.LOG, file=self._name, facts=self.facts)
        if trace is not None:
            trace.validation = self._validated
        return trace


def read_results(file: IO[bytes], name: str) -> Trace | None:
    """Return the trace in a results.csv of Ultralytics; None for any other."""
    rows = Rows("line {}")
    header: list[str] = []
    first = 1
    last: tuple[int, dict[str, str], int] | None = None
    for number, line in whole_lines(file, name):
        cells = [cell.strip() for cell in csv_cells(line)]
        if not header:
            header = cells[:MOST_COLUMNS]
            if not _is_its(header):
                return None
            continue
        told = dict(zip(header, cells, strict=False)) if len(cells) == len(header) else {}
        epoch = count_in(told.get("epoch"))
        if epoch is None:
            continue
        first = min(first, epoch)
        epoch += 1 - first
        rows.add({"epoch": epoch, **_losses(told), **_learning_rate(told)}, number)
        last = (number, told, epoch)
    if last is None or not len(rows):
        return None
    number, told, epoch = last
    source = Source(name, f"line {number}")
    return Trace(
        trainer=NAME,
        origin=Origin.METRICS_FILE,
        file=name,
        curves=rows.curves,
        facts={"epochs": Fact(epoch, source)},
        validation=_validation(told, source),
        in_nats=False,
    )


def _is_its(header: Sequence[str]) -> bool:
    has_losses = any(_LOSS.fullmatch(name) for name in header)
    has_others = any(name.startswith(_SCORE) for name in header)
    return "epoch" in header and has_losses and has_others


def _losses(told: Mapping[str, str]) -> dict[str, float]:
    """Return the sums of the losses of training and of validation; none where one of them is no number."""
    parts: dict[str, list[float | None]] = {}
    for name, value in told.items():
        if found := _LOSS.fullmatch(name):
            parts.setdefault(f"{found[1]}/loss", []).append(number_in(value))
    return {name: sum(filter(None, values)) for name, values in parts.items() if None not in values}


def _learning_rate(told: Mapping[str, str]) -> dict[str, str]:
    name = next((name for name in _LEARNING_RATES if name in told), None)
    return {} if name is None else {"lr": told[name]}


def _validation(told: Mapping[str, str], source: Source) -> Evaluation | None:
    numbers = {name: number_in(value) for name, value in told.items() if name.startswith(_SCORE)}
    scores = {name.removeprefix(_SCORE): value for name, value in numbers.items() if value is not None}
    return _evaluation(scores, source) if scores else None


def _evaluation(scores: Mapping[str, float], source: Source) -> Evaluation:
    return Evaluation(
        task=TASK, status=EvaluationStatus.SUCCESS, source=source, metrics=dict(scores), is_validation=True
    )


def _choose(entries: Sequence[Entry]) -> Sequence[Entry]:
    return newest([entry for entry in entries if entry.name == "results.csv"])


FORMAT = LineFormat(
    trainer=NAME,
    triggers=(b"Starting training for ", b" epochs completed in ", HEADER.encode()),
    parse=lambda _: None,
    done=_DONE,
    rounding=Rounding(significant=4),
    in_nats=False,
)

ULTRALYTICS = Trainer(
    name=NAME,
    lines=(lines_of(FORMAT, UltralyticsLines),),
    files=(TraceFiles(choose=_choose, read=read_results, may_be_empty=True),),
)
