"""Hold a configuration flat, under dotted keys, whatever tree it was read from.

Invariant: at most MOST_KEYS keys and MOST_STEPS steps, however often an alias repeats a branch; lists that
differ have texts that differ.
"""

from collections.abc import Iterator

from msgspec import Struct

from afterall.model import Fact, Scalar, Source
from afterall.scan.parameters.unordered import in_one_order, means_a_set
from afterall.scan.parameters.values import listed, scalar

MOST_KEYS = 3000
MOST_ITEMS = 4096
"""Lists of more values are left out: they are data."""
MOST_BRANCHES = 32
"""So are lists of as many tables."""
MOST_LISTED = 200_000
"""Items of all lists together, a list that aliases repeat counted each time."""
DEEPEST = 40
MOST_STEPS = 50_000
LONGEST_KEY = 400


class Config(Struct, frozen=True):
    """A configuration's values by dotted key, in its own order; `problem` says why they may not be all."""

    values: dict[str, Fact] = {}
    problem: str | None = None


def flatten(tree: object, file: str, where: str = "") -> Config:
    """Return a decoded tree of dicts, lists and scalars as dotted keys; lists of scalars become one text.

    `where` is put before each key's place, for configurations within a log.
    """
    walk = _Walk()
    values: dict[str, Fact] = {}
    for key, value in walk.leaves(tree, "", 0):
        if len(values) >= MOST_KEYS:
            return Config(values, f"holds more than {MOST_KEYS} values")
        place = f"{where}, key {key}" if where else f"key {key}"
        values[key] = Fact(value, Source(file, place))
    return Config(values, None if walk.steps <= MOST_STEPS else "repeats itself without end")


class _Walk:
    """Walks a tree; a branch that aliases repeat is walked each time, so the steps are counted."""

    def __init__(self) -> None:
        self.steps = 0
        self._listed = 0

    def leaves(self, tree: object, key: str, depth: int) -> Iterator[tuple[str, Scalar]]:
        self.steps += 1
        if depth > DEEPEST or self.steps > MOST_STEPS:
            return
        if isinstance(tree, dict):
            for name, value in tree.items():
                yield from self.leaves(value, f"{key}.{name}" if key else str(name), depth + 1)
        elif isinstance(tree, list):
            yield from self._items(tree, key, depth)
        elif key and len(key) <= LONGEST_KEY:
            is_scalar, value = scalar(tree)
            if is_scalar:
                yield key, value

    def _items(self, items: list[object], key: str, depth: int) -> Iterator[tuple[str, Scalar]]:
        self._listed += len(items)
        if len(items) > MOST_ITEMS or self._listed > MOST_LISTED:
            return
        scalars = [scalar(item) for item in items]
        if all(is_scalar for is_scalar, _ in scalars):
            if items and key and len(key) <= LONGEST_KEY:
                values = [value for _, value in scalars]
                yield key, in_one_order(key, values) if means_a_set(key) else listed(values)
            return
        for index, item in enumerate(items if len(items) <= MOST_BRANCHES else ()):
            yield from self.leaves(item, f"{key}.{index}" if key else str(index), depth + 1)
