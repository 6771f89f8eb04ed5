"""Take the rows of a history that an unknown program keeps in one JSON document: `training_history.json`.

Format: lists of numbers, as Keras's `History.history` (`{"loss": [2.1, 1.4], "val_loss": [2.0, 1.6]}`), with
or without lists of epochs or steps, also by split (`{"train": {"loss": […]}, "val": {"loss": […]}}`); a list
of rows, as the `log_history` of HF's Trainer; either of them below one name such as "history".

Invariant: a value has a step or an epoch only where the document tells it, in a list as long as its own; a
document without several losses is no history.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeGuard

from afterall.scan.trainers.plain_columns import (
    LOSSES,
    PLACES,
    has_loss_and_place,
    kind_of,
    known_names,
    unfolded,
)
from afterall.scan.trainers.rows import number_in

MOST_BYTES = 16 << 20
FIRST_ROWS = 20
"""Rows among which one has to have a loss; a data set's file has none."""
_MOST_COLUMNS = 200
_WRAPPERS = frozenset(
    {
        "history", "log_history", "train_history", "training_history", "logs", "log", "metrics",
        "training_metrics", "train_metrics", "epochs", "training", "losses",
    }
)  # fmt: skip
"""Names below which the whole of a history may lie."""

Row = Mapping[str, object]


def document_rows(data: bytes) -> Sequence[tuple[int, Row]]:
    """Return the rows of a history, each with its place in its list; none of another document.

    Raises ValueError or RecursionError where the bytes are no JSON document.
    """
    if b"loss" not in data.lower():
        return ()
    document = json.loads(data)
    inner = document.items() if isinstance(document, dict) else ()
    wrapped = (value for name, value in islice(inner, _MOST_COLUMNS) if name.lower() in _WRAPPERS)
    return next((rows for value in (document, *wrapped) if (rows := _rows_in(value))), ())


def _rows_in(value: object) -> Sequence[tuple[int, Row]]:
    rows: list[tuple[int, Row]]
    if isinstance(value, list):
        rows = [(at, unfolded(row)) for at, row in enumerate(value) if isinstance(row, dict)]
        if not any(not LOSSES.isdisjoint(_names_in(row)) for _, row in rows[:FIRST_ROWS]):
            return ()
    else:
        rows = list(_zipped(dict(islice(_columns(value), _MOST_COLUMNS)))) if isinstance(value, dict) else []
    names = [_names_in(row) for _, row in rows]
    losses = sum(not LOSSES.isdisjoint(each) for each in names)
    return rows if losses > 1 or any(map(has_loss_and_place, names)) else ()


def _names_in(row: Row) -> frozenset[str]:
    return frozenset(known_names(tuple(row)).values())


def _columns(document: Row) -> Iterator[tuple[str, list[object]]]:
    """Yield lists of numbers by their names, those of a split as "train/loss"."""
    for name, value in document.items():
        if _is_numbers(value):
            yield name, value
        elif isinstance(value, dict) and (kind := kind_of(name)):
            yield from ((f"{kind}/{inner}", told) for inner, told in value.items() if _is_numbers(told))


def _zipped(columns: Mapping[str, list[object]]) -> Iterator[tuple[int, Row]]:
    """Yield the values of all columns of one length together, with their places where these are as many."""
    known = known_names(tuple(columns))
    for length in dict.fromkeys(len(columns[column]) for column, name in known.items() if name not in PLACES):
        told = {column: columns[column] for column in known if len(columns[column]) == length}
        yield from enumerate(
            dict(zip(told, values, strict=True)) for values in zip(*told.values(), strict=True)
        )


def _is_numbers(value: object) -> TypeGuard[list[object]]:
    return (
        isinstance(value, list)
        and any(each is not None for each in value)
        and all(each is None or number_in(each) is not None for each in value)
    )
