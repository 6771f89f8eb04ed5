"""Arrange what one walk saw into directories, and hand each file out once.

Invariant: a file or directory that was taken for one checkpoint is not there any more for the next.
"""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from afterall.model import Entry, EntryKind, FileRole
from afterall.scan.roles import role_of

IGNORED_DIRECTORIES = frozenset(
    {
        "wandb",
        "mlruns",
        "__pycache__",
        ".git",
        ".cache",
        ".afterall",
        ".hydra",
        ".ipynb_checkpoints",
        "node_modules",
    }
)
"""Nothing below them is a checkpoint: trackers, caches and the report's own."""


class Directory(Struct):
    """A directory's files and links by name, what each is for, and the names of its directories."""

    path: str
    files: dict[str, Entry] = {}
    roles: dict[str, FileRole] = {}
    directories: list[str] = []

    @property
    def name(self) -> str:
        """The last component of its path, "" for the root."""
        return self.path.rpartition("/")[2]

    @property
    def parent(self) -> str:
        """The path of the directory it lies in."""
        return self.path.rpartition("/")[0]

    def named(self, roles: frozenset[FileRole]) -> list[str]:
        """Return the names of its files that are for one of `roles`."""
        return [name for name in self.files if self.roles[name] in roles]

    def below(self, name: str) -> str:
        """Return the path of something in it."""
        return f"{self.path}/{name}" if self.path else name


class Left:
    """What has not been taken yet, by directory."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._by_path: dict[str, Directory] = {}
        for entry in entries:
            self._add(entry)

    def __iter__(self) -> Iterator[Directory]:
        """Go through the directories that are left, parents first; ones taken meanwhile are skipped."""
        for path in sorted(self._by_path):
            directory = self._by_path.get(path)
            if directory is not None:
                yield directory

    def directory(self, path: str) -> Directory | None:
        """Return a directory, None where there is none or it was taken."""
        return self._by_path.get(path)

    def inside(self, directory: Directory) -> Iterator[Directory]:
        """Go through the directories directly in this one."""
        for name in directory.directories:
            found = self._by_path.get(directory.below(name))
            if found is not None:
                yield found

    def take_directory(self, path: str) -> tuple[Entry, ...]:
        """Take everything below `path`, sorted by path."""
        taken: list[Entry] = []
        waiting = [path]
        while waiting:
            directory = self._by_path.pop(waiting.pop(), None)
            if directory is not None:
                taken.extend(directory.files.values())
                waiting.extend(directory.below(name) for name in directory.directories)
        return tuple(sorted(taken, key=lambda entry: entry.path))

    def take_files(self, directory: Directory, names: Iterable[str]) -> tuple[Entry, ...]:
        """Take some files of one directory, sorted by path."""
        return tuple(directory.files.pop(name) for name in sorted(names) if name in directory.files)

    def take_file(self, directory: Directory, name: str) -> Entry:
        """Take a file that is still there."""
        return directory.files.pop(name)

    def _add(self, entry: Entry) -> None:
        if entry.kind is EntryKind.DIRECTORY:
            self._make(entry.path)
            return
        parent, _, name = entry.path.rpartition("/")
        directory = self._by_path.get(parent) or self._make(parent)
        if directory is not None:
            directory.files[name] = entry
            directory.roles[name] = role_of(entry.path)

    def _make(self, path: str) -> Directory | None:
        """Return the directory at `path`, with all its parents; None where it is ignored."""
        if not IGNORED_DIRECTORIES.isdisjoint(path.split("/")):
            return None
        missing = []
        while path not in self._by_path:
            missing.append(path)
            if not path:
                break
            path = path.rpartition("/")[0]
        for path in reversed(missing):
            self._by_path[path] = Directory(path)
            if path:
                parent, _, name = path.rpartition("/")
                self._by_path[parent].directories.append(name)
        return self._by_path[path]
