"""Read files of one record a line, and small JSON files, whatever bytes they hold.

Invariant: a last line without its end is left out: it may be half of what was meant.
"""

import csv
import json
from collections.abc import Iterator, Mapping
from typing import IO

import msgspec

from afterall.errors import BadInput

LONGEST_LINE = 1 << 20
MOST_JSON_BYTES = 64 << 20


def whole_lines(file: IO[bytes], name: str) -> Iterator[tuple[int, str]]:
    """Yield the number (from 1) and text of each line that ends; overlong ones are passed over.

    Raises BadInput for a file that begins with a NUL byte: it is no text, or its data were lost.
    """
    if file.read(1) == b"\0":
        raise BadInput(name, "begins with NUL bytes, so it is no text")
    file.seek(0)
    number = 1
    is_rest = False
    while piece := file.readline(LONGEST_LINE):
        ends = piece.endswith(b"\n")
        if ends and not is_rest:
            yield number, piece.decode("utf-8", "replace").rstrip("\r\n")
        number += ends
        is_rest = not ends


def csv_cells(line: str) -> list[str]:
    """Return the cells of a line of comma-separated values; none where it is no such line."""
    try:
        return next(csv.reader([line]), [])
    except csv.Error:
        return []


def json_row(text: str) -> Mapping[str, object] | None:
    """Return a JSON object, NaN and Infinity allowed as Python writes them; None for anything else."""
    try:
        row = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def read_bounded(file: IO[bytes], name: str, most_bytes: int) -> bytes:
    """Return a file's bytes; raise BadInput where they are more than `most_bytes`, a whole number of MiB."""
    data = file.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise BadInput(name, f"is larger than {most_bytes >> 20} MiB")
    return data


def read_json(file: IO[bytes], name: str) -> Mapping[str, object]:
    """Return the JSON object in a file; raise BadInput where it is none, cut, or too large."""
    data = read_bounded(file, name, MOST_JSON_BYTES)
    found = _strict_object(data) or json_row(data.decode("utf-8", "replace"))
    if found is None:
        raise BadInput(name, "is empty" if not data else "is cut short or no JSON object")
    return found


def _strict_object(data: bytes) -> Mapping[str, object] | None:
    """Return the object in JSON as the standard has it, several times as fast as `json_row`; None for others.

    What both take is the same to both; NaN, a number beyond doubles and bytes that are no UTF-8 only that one
    takes.
    """
    try:
        row = msgspec.json.decode(data)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None
