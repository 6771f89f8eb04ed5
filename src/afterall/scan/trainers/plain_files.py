"""Take curves from tables and JSON that an unknown program logged: `log.csv`, `log.jsonl`, `history.json`.

The last resort: it counts only where no known format gave a loss, and its origin says that it is a guess.
Format: a header of names with rows of numbers, or an object a line; names as `plain_columns` knows them. A
table is only taken for one where it has a loss, and a step or an epoch beside it. A file to which several
runs appended tells of the last one. timm's is `summary.csv`, flair's `loss.tsv`; mmengine's `scalars.json`
and mmcv's `<time>.log.json` are JSON lines; of one JSON document see `plain_documents`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import IO

from afterall.model import Entry
from afterall.scan.curves import Curve
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.epoch_steps import EpochSteps
from afterall.scan.trainers.line_files import csv_cells, json_row, whole_lines
from afterall.scan.trainers.metric_names import CURVES
from afterall.scan.trainers.metrics_csv import MOST_COLUMNS
from afterall.scan.trainers.plain_columns import (
    Columns,
    has_loss_and_place,
    kind_of,
    known_names,
    unfolded,
)
from afterall.scan.trainers.plain_documents import FIRST_ROWS, MOST_BYTES, document_rows
from afterall.scan.trainers.retracing import Retracing
from afterall.scan.trainers.rows import Rows, number_in, step_in
from afterall.scan.trainers.trainer import TraceFiles, newest

NAME = "plain"
_ABOUT = r"logs?|metrics|history|loss(?:es)?"
_FILE = re.compile(
    rf"(?i)^(?:[\w-]{{0,40}}[_-])?(?:(?:{_ABOUT}|progress|train(?:ing)?|stats|summary)(?:[_-][\w-]{{0,40}})?\.(?:[ct]sv|jsonl)"
    rf"|(?:{_ABOUT}|scalars)(?:[_-][\w-]{{0,40}})?\.json)$|^[\w-]{{1,80}}\.log\.json$"
)
_OTHERS = frozenset({"trainer_log.jsonl", "gpu_metrics.csv"})


class PlainRows:
    """The curves of one file's rows, of the last run that it tells of."""

    def __init__(self, name: str, place: str = "line {}") -> None:
        self._rows = Rows(place)
        self.columns = Columns(kind_of(name.rpartition("/")[2]))
        self._retracing, self._by_epoch = Retracing(), Retracing()
        self._steps = EpochSteps()
        self._epoch = -1.0
        self.has_loss = False
        """True after a row with a loss and a place."""

    def add(self, row: Mapping[str, object], mark: int) -> None:
        """Take a row, under whatever names."""
        known = self.columns.told(row)
        self.has_loss = self.has_loss or has_loss_and_place(known)
        if any(CURVES.get(name) == "loss" for name in known):
            self._follow(step_in(known), number_in(known.get("epoch")))
        self._rows.add(known, mark)

    def _follow(self, step: int | None, epoch: float | None) -> None:
        """Notice where a row of training goes back, but for steps that each epoch counts anew."""
        self._steps.take(epoch, step, None)
        if epoch is None:
            if step is not None:
                self._retracing.at_step(step, self._rows)
            return
        is_same, self._epoch = epoch == self._epoch, epoch
        goes_back = self._by_epoch.at_epoch(epoch, self._rows)
        if step is None:
            return
        if goes_back or not is_same:
            self._retracing.start_at(step)
        else:
            self._retracing.at_step(step, self._rows)

    def curves(self) -> dict[str, Curve]:
        """Return the curves; empty where they are no run's."""
        curves = {key: curve for key, curve in self._rows.curves.items() if key != "epoch" and len(curve)}
        if self._retracing.is_endless or self._by_epoch.is_endless:
            return {}
        if self._epoch < 0 and self._retracing.may_be_epochs:
            return {key: curve.without_steps() for key, curve in curves.items()}
        return {key: self._steps.placed(curve) for key, curve in curves.items()}


def read_table(file: IO[bytes], name: str) -> Trace | None:
    """Return the curves in a table, JSON lines or a document; None where none tells of losses."""
    curves = (_of_document(file, name) if name.endswith(".json") else {}) or _of_lines(file, name)
    return (
        Trace(trainer=NAME, origin=Origin.GUESS, file=name, curves=curves, trains=False) if curves else None
    )


def _of_document(file: IO[bytes], name: str) -> dict[str, Curve]:
    data = file.read(MOST_BYTES + 1)
    file.seek(0)
    try:
        told = document_rows(data) if len(data) <= MOST_BYTES else ()
    except (ValueError, RecursionError):
        return {}
    rows = PlainRows(name, "entry [{}]")
    for place, row in told:
        rows.add(row, place)
    return rows.curves()


def _of_lines(file: IO[bytes], name: str) -> dict[str, Curve]:
    rows = PlainRows(name)
    for at, (number, row) in enumerate(_rows(file, name, rows.columns)):
        if not rows.has_loss and at >= FIRST_ROWS:
            return {}
        rows.add(row, number)
    return rows.curves() if rows.has_loss else {}


def _rows(file: IO[bytes], name: str, columns: Columns) -> Iterator[tuple[int, Mapping[str, object]]]:
    header: list[str] = []
    for number, line in whole_lines(file, name):
        if line.startswith("{") and not header:
            yield number, unfolded(json_row(line) or {})
            continue
        cells = line.split("\t") if name.endswith(".tsv") else csv_cells(line)
        if not header:
            header = [cell.strip() for cell in cells[:MOST_COLUMNS]]
            if not has_loss_and_place(known_names(tuple(header)).values()):
                return
            columns.expect(header)
        elif len(cells) == len(header):
            yield number, {name: cell.strip() for name, cell in zip(header, cells, strict=True) if cell}


def _choose(entries: Sequence[Entry]) -> Sequence[Entry]:
    """Return two tables and two documents at most, those written last."""
    mine = [e for e in entries if _FILE.match(e.name) and e.name not in _OTHERS and kind_of(e.name) != "test"]
    documents = [entry for entry in mine if entry.name.endswith(".json")]
    return [*newest([entry for entry in mine if entry not in documents], 2), *newest(documents, 2)]


TABLES = TraceFiles(choose=_choose, read=read_table)
