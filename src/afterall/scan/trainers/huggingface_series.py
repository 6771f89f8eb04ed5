"""Read many of HF Trainer's rows at once, where one like the other stands in a log with its bar below it.

Invariant: pure, and never surer than reading row by row: what is unusual about one of the rows is a reason to
have none of them.
"""

import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice

from msgspec import Struct

from afterall.scan.trainers.huggingface_steps import ROW_AND_BAR
from afterall.scan.trainers.metric_names import STEP_FROM_ZERO, STEP_NAMES
from afterall.scan.trainers.rows import LONGEST_NUMBER

PAIR = re.compile(r"'([\w/. ()@-]{1,80})': (?:'([^']{0,60})'|([^,}\s]{1,60}))[,}]")
"""One name and its value, quoted or bare."""
_NUMBER = rb"[^\s'{},_]{1,%d}" % LONGEST_NUMBER
"""What may be one: Python's own `float` says whether it is."""
_FEWEST = 4
_BEGINS = b"{'"
_TOLD_OTHERWISE = frozenset({"train_loss", STEP_FROM_ZERO, *STEP_NAMES})
"""Names of rows that are read one by one: totals, and rows that tell their own steps."""


Row = re.Match[bytes]


class Series(Struct, frozen=True):
    """Rows of the same names, none of them totals."""

    columns: Mapping[str, "array[float]"]
    starts: Sequence[int]
    """Where each row begins in the block's data."""
    steps: Sequence[int]
    total: int
    """What the bars below the rows show, and count to."""
    is_rounded: bool


def alike(data: bytes, first: Row, others: Sequence[bytes]) -> list[Row]:
    """Return the matches of ROW_AND_BAR from `first` on that begin with its name and count to its total.

    They end before what holds one of the literals `others`.
    """
    found, rows = [first], _following(data, first)
    # Each time as many again: what is looked at in vain is no more than what is returned.
    while more := list(islice(rows, len(found))):
        begin, end = found[-1].end(), more[-1].end()
        told = [place for other in others if (place := data.find(other, begin, end)) >= 0]
        if told:
            return found + [row for row in more if row.end() <= min(told)]
        found += more
    return found


def _following(data: bytes, first: Row) -> Iterator[Row]:
    begin, end = _begin(first), first.end()
    while True:
        start = data.find(_BEGINS, end)
        if start < 0 or data[start - 1] not in b"\r\n" or not data.startswith(begin, start):
            return
        row = ROW_AND_BAR.match(data, start)
        if row is None or row[3] != first[3]:
            return
        yield row
        end = row.end()


def series_of(rows: Sequence[Row]) -> Series | None:
    """Return rows that are `alike` as columns; None for a few, and where they are not of equal form."""
    pairs = PAIR.findall(rows[0][1].decode("utf-8", "replace"))
    names = tuple(name for name, _, _ in pairs)
    if len(rows) < _FEWEST or not _are_usual(names, _begin(rows[0])):
        return None
    are_quoted = tuple(bool(quoted) for _, quoted, _ in pairs)
    told = _form_of(names, are_quoted).findall(b"\n".join([row[1] for row in rows]))
    if len(told) < len(rows):
        return None
    try:
        columns = [array("d", map(float, column)) for column in zip(*told, strict=True)]
    except ValueError:
        return None
    return Series(
        columns=dict(zip(names, columns, strict=True)),
        starts=[row.start() for row in rows],
        steps=[int(row[2]) for row in rows],
        total=int(rows[0][3]),
        is_rounded=any(are_quoted),
    )


@lru_cache(64)
def _form_of(names: tuple[str, ...], are_quoted: tuple[bool, ...]) -> re.Pattern[bytes]:
    """Return what matches one row in a line of its own that gives these names a number each, and no more."""
    forms = [b"'(%s)'" % _NUMBER if quoted else b"(%s)" % _NUMBER for quoted in are_quoted]
    told = [b"'%s': %s" % (re.escape(n.encode()), form) for n, form in zip(names, forms, strict=True)]
    return re.compile(rb"^\{%s\}$" % b", ".join(told), re.MULTILINE)


def _begin(row: Row) -> bytes:
    """Return what stands before a row's first value."""
    return row[1][: row[1].find(b": ") + 2]


def _are_usual(names: Sequence[str], begin: bytes) -> bool:
    """Tell whether rows of these names, each once, may be read together."""
    known = frozenset(names)
    return (
        len(known) == len(names) > 1
        and {"loss", "epoch"} <= known
        and known.isdisjoint(_TOLD_OTHERWISE)
        and begin == f"{{'{names[0]}': ".encode()
    )
