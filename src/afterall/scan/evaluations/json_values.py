"""Take values out of decoded JSON as what they should be, whatever stands there instead.

Invariant: total; a truth value is no number, and a number written as text is no score.
"""

from collections.abc import Mapping

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
