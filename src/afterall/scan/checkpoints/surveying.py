"""Survey what a person names on the command line: what kind of thing it is, and which checkpoints lie there.

Invariant: what was typed may be a link; below it none is followed out of the root.
"""

import os
import re
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from msgspec import Struct

from afterall.errors import BadInput
from afterall.model import EntryKind
from afterall.scan.checkpoints.layouts import Place, bare, find_places
from afterall.scan.checkpoints.walking import Walk, entry_of, walk

ALONE = "file"
"""The layout of a file that was named by itself."""

_HUB_SNAPSHOT = re.compile(r"(?P<repository>.*/models--[^/]+)/snapshots/[^/]+")
_SEVERAL = 2


class Named(Struct, frozen=True, dict=True):
    """One path as it was typed, and where it is."""

    typed: str
    root: Path
    """What no link may leave."""
    start: str
    """The path relative to the root."""
    walk: Walk
    is_file: bool = False
    """True for a file that was named by itself."""

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """The checkpoints that lie there."""
        if not self.is_file:
            return find_places(self.walk.entries)
        start, entries = self.start, self.walk.entries
        return (Place(name=start, path=start, directory="", layout=ALONE, entries=entries, is_alone=True),)

    @property
    def size_bytes(self) -> int:
        """Apparent size of the checkpoints' files."""
        return sum(entry.size_bytes for place in self.places for entry in place.entries)

    @property
    def directory(self) -> Path:
        """The directory that was named, or that the named file lies in; absolute, without links."""
        return self.root if self.is_file else self.root / self.start

    @property
    def looks_like_set(self) -> bool:
        """True where trainers' checkpoints of several runs lie below what was named."""
        of_trainers = (place for place in self.places if place.layout not in (ALONE, bare.NAME))
        homes = {place.path.rpartition("/")[0] for place in of_trainers} - {self.start}
        return len(homes) >= _SEVERAL


def survey(path: Path, jobs: int | None = None, on_many: Callable[[int], None] | None = None) -> Named:
    """Return what `path` is and holds; raise BadInput where it is not there or cannot be listed.

    `on_many` is told while a directory is walked how much was found so far.
    """
    try:
        place = Path(os.path.realpath(path, strict=True))
        entry = entry_of(place.name, place.lstat())
        if entry.kind is EntryKind.DIRECTORY:
            os.scandir(place).close()
    except (OSError, ValueError) as error:
        problem = error.strerror if isinstance(error, OSError) else None
        raise BadInput(path, problem or str(error)) from error
    root, start = place.parent, place.name
    if entry.kind is not EntryKind.DIRECTORY:
        return Named(str(path), root, start, Walk((entry,)), is_file=True)
    hub = _HUB_SNAPSHOT.match(str(place))
    if hub is not None:
        # The hub's cache keeps the files beside the snapshots and links to them.
        root = Path(hub["repository"])
        start = os.path.relpath(place, root)
    return Named(str(path), root, start, walk(root, start, jobs, on_many))
