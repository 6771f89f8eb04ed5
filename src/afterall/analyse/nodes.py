"""Read Slurm's lists of nodes: "gpu[07-09,12],login1" names five.

Invariant: total over any text; what is no list of that form is taken for one name. The form is that of
`scontrol show hostnames`: commas between names, and in brackets numbers and ranges of numbers.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import product
from math import prod

MOST = 4096
"""Nodes of one list; a longer one is taken for one name."""

_PARTS = re.compile(r"(?:[^\[\],]|\[[^\[\]]*\])+")
_RANGE = r"[0-9]{1,9}(?:-[0-9]{1,9})?"
_PIECES = re.compile(rf"\[(?P<ranges>{_RANGE}(?:,{_RANGE})*)\]|(?P<text>[^\[\]]+)")


def nodes_in(node_list: str) -> frozenset[str]:
    """Return the names of the nodes in a list of Slurm's, none for an empty one."""
    found: set[str] = set()
    parts = _PARTS.findall(node_list)
    if ",".join(parts) != node_list:
        return frozenset({node_list})
    for part in parts:
        pieces = list(_PIECES.finditer(part))
        if "".join(piece[0] for piece in pieces) != part or not 0 < _amount(pieces) <= MOST - len(found):
            return frozenset({node_list})
        found.update("".join(each) for each in product(*(tuple(_names(piece)) for piece in pieces)))
    return frozenset(found)


def _amount(pieces: Sequence[re.Match[str]]) -> int:
    """Return how many names these pieces make, 0 where a range ends before it begins."""
    ranges = [list(_ranges(piece["ranges"])) for piece in pieces if piece["ranges"]]
    return prod(sum(max(0, last - first + 1) for _, first, last in own) for own in ranges)


def _names(piece: re.Match[str]) -> Iterator[str]:
    if not piece["ranges"]:
        yield piece["text"]
        return
    for width, first, last in _ranges(piece["ranges"]):
        yield from (f"{number:0{width}}" for number in range(first, last + 1))


def _ranges(inside: str) -> Iterator[tuple[int, int, int]]:
    """Yield the width of each range's numbers, its first and its last."""
    for part in inside.split(","):
        first, _, last = part.partition("-")
        yield len(first), int(first), int(last or first)
