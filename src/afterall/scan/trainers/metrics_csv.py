"""Read the rows of Lightning's metrics.csv, whoever logs through it.

Format: a header of names in any order, rows with empty cells. Source: lightning/fabric/loggers/csv_logs.py.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import IO

from afterall.model import Entry
from afterall.scan.trainers.line_files import csv_cells, whole_lines
from afterall.scan.trainers.trainer import newest

MOST_COLUMNS = 500


def metrics_rows(file: IO[bytes], name: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield first the header, its names to themselves, then each row's line and its cells that hold anything.

    Nothing where no column is called "step"; a row of another length than the header is passed over.
    """
    header: list[str] = []
    for number, line in whole_lines(file, name):
        cells = csv_cells(line)
        if not header:
            header = cells[:MOST_COLUMNS]
            if "step" not in header:
                return
            yield number, {column: column for column in header}
        elif len(cells) == len(header):
            yield number, {column: cell for column, cell in zip(header, cells, strict=True) if cell}


def choose(entries: Sequence[Entry]) -> Sequence[Entry]:
    """Return the file that was written last: a directory keeps one for each run."""
    return newest([entry for entry in entries if entry.name == "metrics.csv"])
