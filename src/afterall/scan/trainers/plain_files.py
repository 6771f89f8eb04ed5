"""Take curves from tables and JSON lines that an unknown program logged: `log.csv`, `log.jsonl`.

The last resort: it counts only where no known format gave a loss, and its origin says that it is a guess.
Format: a header of names with rows of numbers, or an object a line; names as `metric_names` knows them, in
any case. A table is only taken for one where it has a loss, and a step or an epoch beside it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import IO

from afterall.model import Entry
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.line_files import csv_cells, json_row, whole_lines
from afterall.scan.trainers.metric_names import CURVES, STEP_NAMES
from afterall.scan.trainers.metrics_csv import MOST_COLUMNS
from afterall.scan.trainers.rows import Rows
from afterall.scan.trainers.trainer import TraceFiles, newest

NAME = "plain"
_FILE = re.compile(
    r"(?i)^(?:[\w-]{0,40}[_-])?(?:logs?|metrics|history|loss(?:es)?|progress|train(?:ing)?|stats)"
    r"(?:[_-][\w-]{0,40})?\.(?:csv|jsonl)$"
)
_OTHERS = frozenset({"trainer_log.jsonl"})
_LOSSES = frozenset(name for name, curve in CURVES.items() if curve in ("loss", "val_loss"))
_PLACES = frozenset({*STEP_NAMES, "epoch"})
FIRST_ROWS = 20
"""Rows among which one has to have a loss; a data set's file has none."""


def read_table(file: IO[bytes], name: str) -> Trace | None:
    """Return the curves in a table or in JSON lines; None where neither tells of a loss by step or epoch."""
    rows = Rows("line {}")
    is_known = False
    for at, (number, row) in enumerate(_rows(file, name)):
        is_known = is_known or (not _LOSSES.isdisjoint(row) and not _PLACES.isdisjoint(row))
        if not is_known and at >= FIRST_ROWS:
            return None
        rows.add(row, number)
    rows.curves.pop("epoch", None)
    if not is_known or not len(rows):
        return None
    return Trace(trainer=NAME, origin=Origin.GUESS, file=name, curves=rows.curves, trains=False)


def _rows(file: IO[bytes], name: str) -> Iterator[tuple[int, Mapping[str, object]]]:
    header: list[str] = []
    for number, line in whole_lines(file, name):
        if line.startswith("{") and not header:
            yield number, {key.lower(): value for key, value in (json_row(line) or {}).items()}
            continue
        cells = csv_cells(line)
        if not header:
            header = [cell.strip().lower() for cell in cells[:MOST_COLUMNS]]
            if _LOSSES.isdisjoint(header) or _PLACES.isdisjoint(header):
                return
        elif len(cells) == len(header):
            yield number, {name: cell.strip() for name, cell in zip(header, cells, strict=True) if cell}


def _choose(entries: Sequence[Entry]) -> Sequence[Entry]:
    return newest([e for e in entries if _FILE.match(e.name) and e.name not in _OTHERS], 2)


TABLES = TraceFiles(choose=_choose, read=read_table)
