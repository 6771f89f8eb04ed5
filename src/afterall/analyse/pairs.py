"""Choose which cells to compare along a parameter: those that differ in it alone, else the nearest.

Invariant: a pair that differs in more than the parameter is only chosen for two values that no clean pair
joins, and always carries the other parameters that differ.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, pairwise, product

from msgspec import Struct

from afterall.analyse.design import Cell, CellKey, Design
from afterall.analyse.ordering import scalar_key
from afterall.model import Scalar

MOST_CLEAN = 24
"""Clean pairs along one parameter, for one measure; the first in order of the other settings."""
MOST_CONFOUNDED = 6


class Pair(Struct, frozen=True):
    """Two cells, the lower value of dimension `along` first; `differing` are the others that differ."""

    along: int
    a: Cell
    b: Cell
    differing: tuple[int, ...] = ()


def choose_pairs(design: Design, cells: Sequence[Cell]) -> list[Pair]:
    """Return the pairs among `cells`, a part of the design's, clean ones of every parameter first.

    Along each parameter neighbouring values are compared, and the lowest with the highest; runs that do not
    say what they have of it are not. Two cells that are confounded are listed once, under the best known
    parameter that they differ in.
    """
    along = [n for n, dimension in enumerate(design.dimensions) if dimension.name in design.shown]
    saying = {n: [cell for cell in cells if cell.key[n] is not None] for n in along}
    clean = {n: list(_clean(saying[n], n)) for n in along}
    pairs = [pair for n in along for pair in clean[n][:MOST_CLEAN]]
    seen: set[tuple[int, int]] = set()
    for n in along:
        joined = {_values(pair) for pair in clean[n]}
        fresh = (p for p in _confounded(saying[n], n, joined) if (id(p.a), id(p.b)) not in seen)
        found = list(islice(fresh, MOST_CONFOUNDED))
        seen |= {(id(p.a), id(p.b)) for p in found} | {(id(p.b), id(p.a)) for p in found}
        pairs += found
    return pairs


def choose_with_row(design: Design, cells: Sequence[Cell], *, along: int, run: str) -> list[Pair]:
    """Return what `choose_pairs` does, and every clean pair of the row along a dimension that holds a run."""
    chosen = choose_pairs(design, cells)
    own = next((cell.key for cell in cells if any(each.name == run for each in cell.runs)), None)
    row = [cell for cell in cells if own is not None and _without(cell.key, along) == _without(own, along)]
    there = {(id(pair.a), id(pair.b)) for pair in chosen if pair.along == along}
    return [*chosen, *(p for p in _clean(row, along) if (id(p.a), id(p.b)) not in there)]


def _without(key: CellKey, along: int) -> CellKey:
    return key[:along] + key[along + 1 :]


def _values(pair: Pair) -> tuple[CellKey, CellKey]:
    return (pair.a.key[pair.along : pair.along + 1], pair.b.key[pair.along : pair.along + 1])


def _clean(cells: Sequence[Cell], along: int) -> Iterator[Pair]:
    """Yield pairs of cells that are equal in every dimension but one, stratum by stratum."""
    strata: dict[CellKey, list[Cell]] = {}
    for cell in cells:
        strata.setdefault(_without(cell.key, along), []).append(cell)
    for stratum in strata.values():
        for lower, higher in _neighbours(_by_value(stratum, along)):
            yield from (Pair(along, a, b) for a, b in product(lower, higher))


def _confounded(cells: Sequence[Cell], along: int, joined: set[tuple[CellKey, CellKey]]) -> Iterator[Pair]:
    """Yield, for each two neighbours that no clean pair joins, the cells that differ least besides."""
    for lower, higher in _neighbours(_by_value(cells, along)):
        if (lower[0].key[along : along + 1], higher[0].key[along : along + 1]) in joined:
            continue
        nearest = min(
            (Pair(along, a, b, _others(a, b, along)) for a, b in product(lower, higher)),
            key=lambda pair: (len(pair.differing), pair.differing),
        )
        yield nearest


def _others(a: Cell, b: Cell, along: int) -> tuple[int, ...]:
    return tuple(n for n, (x, y) in enumerate(zip(a.key, b.key, strict=True)) if x != y and n != along)


def _by_value(cells: Iterable[Cell], along: int) -> list[list[Cell]]:
    groups: dict[object, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(cell.key[along], []).append(cell)
    return sorted(groups.values(), key=lambda group: scalar_key(_setting(group[0], along)))


def _setting(cell: Cell, along: int) -> Scalar:
    return cell.settings[along]


def _neighbours(groups: Sequence[list[Cell]]) -> Iterator[tuple[list[Cell], list[Cell]]]:
    yield from pairwise(groups)
    if len(groups) > 2:
        yield groups[0], groups[-1]
