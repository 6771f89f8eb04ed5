"""Take values out of JSON as what they should be, whatever stands there instead.

Invariant: total; a truth value is no number, and a number written as text is no score.
"""

from collections.abc import Mapping

import msgspec
from msgspec import Raw

from afterall.scan.trainers.rows import number_in

_MOST = 10**12


def mapping_in(value: object) -> Mapping[str, object]:
    """Return an object, an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def score_in(value: object) -> float | None:
    """Return a number, NaN and infinity included."""
    return None if isinstance(value, str) else number_in(value)


def count_in(value: object) -> int | None:
    """Return a whole number of things."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value < _MOST else None


def value_in(raw: Raw) -> object:
    """Return a JSON value that was passed over at first; None for a number beyond all floats, or no text."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
