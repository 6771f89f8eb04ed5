"""Decide which of a set's places are its experiments.

Invariant: no experiment's directory lies in another's, and the set's own root is an experiment only when
nothing in it is one. `afterall.toml` decides where it speaks; otherwise the signs do, the topmost strong one
first.
"""

from collections.abc import Callable, Iterable, Mapping

from afterall.discover.layout.final_saves import with_final_saves
from afterall.discover.layout.found import Found
from afterall.discover.layout.locations import Key
from afterall.discover.layout.places import Place, empty_place, gather_places, is_hydras_default
from afterall.discover.layout.versions import versions_of, with_versions
from afterall.discover.names import directories
from afterall.discover.names.directories import natural_key
from afterall.discover.names.files import Grade
from afterall.discover.names.globs import matches_any
from afterall.model import Entry, EntryKind
from afterall.settings import SetSettings


def find_experiments(
    entries: Iterable[Entry], scripts: frozenset[str], settings: SetSettings
) -> tuple[Found, ...]:
    """Return the experiments among `entries` that have directories, in natural order.

    Empty where there is none; then the set's runs may still live in logs alone.
    """
    entries = tuple(entries)
    excluded = _excluded(settings.exclude)
    if settings.experiments:
        found = _named_by_globs(entries, settings.experiments, excluded)
    else:
        found = _among(gather_places(entries, scripts, excluded))
    return tuple(sorted(found, key=lambda one: natural_key(one.roots[0])))


def _excluded(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    return lambda path: matches_any(path, patterns)


def _named_by_globs(
    entries: tuple[Entry, ...], patterns: tuple[str, ...], excluded: Callable[[str], bool]
) -> list[Found]:
    """Return the directories that match; one inside another that matches belongs to that one."""
    chosen: set[str] = set()
    directories = (entry.path for entry in entries if entry.kind is EntryKind.DIRECTORY)
    for path in sorted(directories, key=lambda path: path.count("/")):
        above = [path.rsplit("/", up)[0] for up in range(path.count("/") + 1)]
        if not any(excluded(directory) or directory in chosen for directory in above) and matches_any(
            path, patterns
        ):
            chosen.add(path)
    return [Found(key=tuple(path.split("/")), roots=(path,)) for path in chosen]


def _among(places: Mapping[Key, Place]) -> list[Found]:
    root = places.get((), empty_place(()))
    others = with_final_saves(_settle({key: place for key, place in places.items() if key}), places)
    others = _without_hydras_notes(others, places)
    if _is_one_run(root, others, places) or _is_saved_aside(root, others, places):
        return [_at_root(root)]
    others = with_versions(others, places)
    if others:
        return others + [one for one in _runs_in_containers(root) if not _overlaps(one, others)]
    versions = versions_of(root)
    if len(versions) > 1:
        return versions
    is_array = "array_log" in root.traces
    if root.grade is Grade.PRODUCT or not (is_array or root.traces <= {"script", "log"}):
        return [_at_root(root)]
    weights = _only_weights(places)
    if root.traces:
        return weights if len(weights) > 1 else []
    return weights or ([_at_root(root)] if root.grade is Grade.MODEL else [])


def _without_hydras_notes(found: list[Found], places: Mapping[Key, Place]) -> list[Found]:
    """Leave out where Hydra only noted how runs were started, as long as all of them saved elsewhere."""
    runs = [one for one in found if not places[one.key].is_hydras_alone]
    works_there = any(is_hydras_default(root) for one in runs for root in one.roots)
    return runs if any(one.is_product for one in runs) and not works_there else found


def _only_weights(places: Mapping[Key, Place]) -> list[Found]:
    """Return the topmost directories of a set's own naming in which nothing but weights was kept."""
    found = [_found(place, []) for key, place in places.items() if key and place.grade is Grade.MODEL]
    return [
        one
        for one in found
        if not _overlaps(one, [other for other in found if len(other.key) < len(one.key)])
    ]


def _settle(places: Mapping[Key, Place]) -> list[Found]:
    """Decide bottom-up which places are experiments and which are groups of experiments or parts of one."""
    below: dict[Key, list[Found]] = {}
    for key in sorted(places, key=lambda key: (-len(key), key)):
        settled = _settle_one(places[key], below.pop(key, []))
        above = next((key[:size] for size in range(len(key) - 1, 0, -1) if key[:size] in places), ())
        below.setdefault(above, []).extend(settled)
    return below.get((), [])


def _settle_one(place: Place, below: list[Found]) -> list[Found]:
    match place.grade:
        case Grade.PRODUCT:
            is_group = sum(one.is_whole for one in below) > 1
        case Grade.TRACE if not place.is_aside:
            is_group = len(below) > 1 or any(one.has_own_trace for one in below)
        case _:
            is_group = True
    return below if is_group else [_found(place, below)]


def _is_one_run(root: Place, others: list[Found], places: Mapping[Key, Place]) -> bool:
    """Return whether the set is itself one run, and the places in it are only parts of that run."""
    here = "" in root.products or any(directories.is_checkpoint(p.partition("/")[0]) for p in root.products)
    if here:
        rivals = [one for one in others if one.is_product or "script" in places[one.key].traces]
        return not rivals or (len(rivals) == 1 and not rivals[0].has_own_trace and root.has_own_trace)
    is_of_one_job = len(root.jobs) == 1 and "array_log" not in root.traces
    return is_of_one_job and len(others) == 1 and not others[0].has_own_trace


def _is_saved_aside(root: Place, others: list[Found], places: Mapping[Key, Place]) -> bool:
    """Return whether the set is one run: `outputs/checkpoint-60`, and its last state in `my_model`."""
    steps = [product.split("/") for product in root.products]
    has_steps = any(map(directories.is_numbered_checkpoint, (part for parts in steps for part in parts)))
    in_containers = all(directories.is_container(parts[0]) for parts in steps)
    return has_steps and in_containers and len(others) == 1 and places[others[0].key].is_bare_save


def _found(place: Place, below: list[Found]) -> Found:
    """Return the place as an experiment with everything below it."""
    roots: list[str] = []
    for root in (*place.ranked_roots, *(root for one in below for root in one.roots)):
        if not _is_inside(root, roots):
            roots.append(root)
    return Found(
        key=place.key,
        roots=tuple(roots),
        is_product=place.grade is Grade.PRODUCT,
        has_own_trace=place.has_own_trace,
    )


def _at_root(root: Place) -> Found:
    """Return the set itself as its one experiment."""
    return Found((), ("",), is_product=root.grade is Grade.PRODUCT, has_own_trace=root.has_own_trace)


def _runs_in_containers(root: Place) -> list[Found]:
    """Return runs that bear a container's name, as `out` beside `out_adapter`, and Lightning's versions."""
    versions = versions_of(root)
    tops = {product.partition("/")[0] for product in root.products} - {""}
    tops -= {one.roots[0].partition("/")[0] for one in versions}
    named = [top for top in tops if directories.is_container(top) and not directories.is_called_logs(top)]
    return versions + [Found(key=(top,), roots=(top,), is_product=True) for top in named]


def _overlaps(one: Found, others: Iterable[Found]) -> bool:
    """Return whether a directory of `one` lies in, or holds, a directory of the others."""
    theirs = [root for other in others for root in other.roots]
    return any(_is_inside(root, theirs) for root in one.roots) or any(
        _is_inside(root, one.roots) for root in theirs
    )


def _is_inside(path: str, directories: Iterable[str]) -> bool:
    return any(
        path == directory or directory == "" or path.startswith(f"{directory}/") for directory in directories
    )
