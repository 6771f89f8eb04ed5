"""Deal a set's entries out to its experiments, each entry to one at most.

Invariant: an entry belongs to the experiment whose directory is nearest above it, and to none when no
directory is, but for JSON lines that bear its name where its namesakes lie: `logs/rank4.jsonl`, and
`project/rank4.jsonl`, where verl's file logger puts them by default beside `checkpoints/project/rank4`.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct

from afterall.discover.layout.found import Found
from afterall.discover.names.directories import is_container, is_evaluation, without_output_prefix
from afterall.model import Entry, EntryKind

_TRACE = ".jsonl"


class Part(Struct, frozen=True):
    """An entry of an experiment, and its path below that experiment's directory."""

    entry: Entry
    inside: str


class Owners:
    """Answers to which experiment a path belongs, by its index."""

    def __init__(self, roots: Iterable[tuple[str, int]]) -> None:
        """Take the experiments' directories with the experiments' indices."""
        self._roots = dict(roots)
        self._known: dict[str, tuple[str, int] | None] = {}

    def of_directory(self, directory: str) -> tuple[str, int] | None:
        """Return the experiment's directory at or above `directory`, and its index."""
        missing = []
        while directory not in self._known:
            missing.append(directory)
            if directory in self._roots:
                self._known[directory] = (directory, self._roots[directory])
            elif not directory:
                self._known[directory] = None
            else:
                directory = directory.rpartition("/")[0]
        for path in missing:
            self._known[path] = self._known[directory]
        return self._known[directory]

    def of_file(self, path: str) -> int | None:
        """Return the index of the experiment that `path` lies in."""
        owner = self.of_directory(path.rpartition("/")[0])
        return owner[1] if owner else None


def with_companions(found: Sequence[Found], entries: Iterable[Entry]) -> tuple[tuple[str, ...], ...]:
    """Return each experiment's directories with its namesakes in containers: `eval/rank4`, `logs/rank4`."""
    indices = _by_name([one.roots[0] for one in found])
    roots = [list(one.roots) for one in found]
    above = {root[:cut] for own in roots for root in own for cut, sign in enumerate(root) if sign == "/"}
    owners = Owners((root, index) for index, own in enumerate(roots) for root in own)
    added: list[str] = []
    for entry in sorted(entries, key=lambda entry: entry.path):
        if entry.kind is not EntryKind.DIRECTORY or _is_part_name(entry.name) or entry.path in above:
            continue
        index = indices.get(_bare(entry.path))
        if index is None or owners.of_directory(entry.path) or entry.path.startswith(tuple(added)):
            continue
        roots[index].append(entry.path)
        added.append(f"{entry.path}/")
    return tuple(tuple(one) for one in roots)


def deal_out(
    roots: Sequence[tuple[str, ...]], entries: Iterable[Entry]
) -> tuple[tuple[tuple[Part, ...], ...], tuple[Entry, ...]]:
    """Return each experiment's entries, and those of none, in the order given."""
    owners = Owners((root, index) for index, own in enumerate(roots) for root in own)
    indices = _by_name([own[0] for own in roots])
    parts: list[list[Part]] = [[] for _ in roots]
    rest = []
    for entry in entries:
        owner = owners.of_directory(entry.parent)
        if owner is None and entry.name.endswith(_TRACE) and entry.kind is EntryKind.FILE:
            index = indices.get(_bare(entry.path.removesuffix(_TRACE)))
            owner = None if index is None else (entry.parent, index)
        if owner is None:
            rest.append(entry)
        else:
            root, index = owner
            parts[index].append(Part(entry, entry.path[len(root) + 1 :] if root else entry.path))
    return tuple(tuple(own) for own in parts), tuple(rest)


def _by_name(paths: Sequence[str]) -> dict[tuple[str, ...], int]:
    """Return the indices of the experiments in these directories by the names that only one of them bears."""
    bare = [_bare(path) for path in paths]
    times = Counter(bare)
    return {own: index for index, own in enumerate(bare) if own and times[own] == 1}


def _bare(path: str) -> tuple[str, ...]:
    """Return the parts of a path that name a run."""
    return tuple(without_output_prefix(name) for name in path.split("/") if not _is_part_name(name))


def _is_part_name(name: str) -> bool:
    return is_container(name) or is_evaluation(name)
