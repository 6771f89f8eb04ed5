"""Read and replace the report's files in one directory, each by temporary file, fsync and rename.

Invariant: no file of ours is ever half written under its own name, and no person's file is lost: an
edited report is kept under another name before it is replaced.
"""

import os
import secrets
import stat
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import takewhile
from pathlib import Path

from msgspec import Struct

from afterall.errors import PublishRefused
from afterall.model.notes import OldReport, parse_old_report, seal
from afterall.publish.directory import opened

MAX_OLD_REPORT_BYTES = 64 * 2**20
_MAX_KEPT = 100
_LEFTOVER_AGE_S = 3600
_MARKED_BYTES = 4096


class Published(Struct, frozen=True):
    """What became of each file, names relative to the set; `unchanged` files were not touched at all."""

    written: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    kept: str = ""
    """The name under which an edited report was kept before it was replaced."""


class Place:
    """A set's directory while its lock is held."""

    def __init__(self, set_dir: Path) -> None:
        self._dir = set_dir

    def read_old(self, report_name: str) -> OldReport | None:
        """Return what the report that lies here holds of people's work; None where there is none."""
        data = self._read(report_name)
        return None if data is None else parse_old_report(data.decode("utf-8", "surrogateescape"))

    def keep_edited(self, report_name: str) -> str:
        """Copy the document that lies here to a free "….orig" name, once per content; return that name."""
        data = self._read(report_name)
        for number in range(_MAX_KEPT):
            name = f"{report_name}.orig" + (f".{number}" if number else "")
            kept = self._read(name)
            if data is None or kept == data:
                return name
            if kept is None:
                self._replace(name, data)
                return name
        raise PublishRefused(self._dir / report_name, f"{_MAX_KEPT} edited copies are already kept beside it")

    def has(self, name: str, mark: bytes) -> bool:
        """Tell whether a file of this name lies here that bears `mark` near its start."""
        return mark in (self._read(name) or b"")[:_MARKED_BYTES]

    def kept(self, report_name: str) -> tuple[str, ...]:
        """Return the names of edited reports that were kept here, oldest first."""
        names = [f"{report_name}.orig"] + [f"{report_name}.orig.{n}" for n in range(1, _MAX_KEPT)]
        return tuple(takewhile(lambda name: (self._dir / name).is_file(), names))

    def publish(self, documents: Mapping[str, bytes], report_name: str) -> Published:
        """Replace every document that differs from what lies here, the report last, sealed."""
        self._remove_leftovers(documents)
        sealed = seal(documents[report_name].decode("utf-8", "surrogateescape"))
        ordered = {n: documents[n] for n in sorted(documents) if n != report_name}
        ordered[report_name] = sealed.encode("utf-8", "surrogateescape")
        written, unchanged = [], []
        for name, data in ordered.items():
            if self._read(name) == data:
                unchanged.append(name)
            else:
                self._replace(name, data)
                written.append(name)
        return Published(tuple(written), tuple(unchanged))

    def _remove_leftovers(self, names: Iterable[str]) -> None:
        """Remove the temporary files of writers that were killed long ago."""
        bases = {(directory, base) for directory, _, base in (name.rpartition("/") for name in names)}
        for directory in sorted({directory for directory, _ in bases}):
            ours = tuple(f".{base}." for of, base in bases if of == directory)
            with suppress(OSError), opened(self._dir, directory) as at:
                for name in os.listdir(at):
                    if name.startswith(ours) and name.endswith(".tmp") and _is_old(name, at):
                        os.unlink(name, dir_fd=at)

    def _read(self, name: str) -> bytes | None:
        directory, _, base = name.rpartition("/")
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            with opened(self._dir, directory) as at:
                descriptor = os.open(base, flags, dir_fd=at)
        except OSError:
            return None
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return None
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                return file.read(MAX_OLD_REPORT_BYTES)
        finally:
            os.close(descriptor)

    def _replace(self, name: str, data: bytes) -> None:
        directory, _, base = name.rpartition("/")
        try:
            with opened(self._dir, directory, make=True) as at:
                _replace_in(at, base, data)
        except OSError as error:
            raise PublishRefused(self._dir / name, (error.strerror or str(error)).lower()) from error


def _replace_in(at: int, base: str, data: bytes) -> None:
    temporary = f".{base}.{os.getpid()}.{secrets.token_hex(4)}.tmp"
    try:
        _write(temporary, at, data, mode=_mode_of(base, at))
        os.replace(temporary, base, src_dir_fd=at, dst_dir_fd=at)
    except OSError:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=at)
        raise
    with suppress(OSError):  # some network file systems refuse it; the rename itself is already atomic
        os.fsync(at)


def _write(name: str, at: int, data: bytes, mode: int | None) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    # 0o666 lets the umask (or the directory's default ACL) decide; mkstemp's 0600 would hide it.
    with os.fdopen(os.open(name, flags, 0o666, dir_fd=at), "wb") as file:
        file.write(data)
        file.flush()
        if mode is not None:
            os.fchmod(file.fileno(), mode)
        os.fsync(file.fileno())


def _is_old(name: str, at: int) -> bool:
    return time.time() - os.lstat(name, dir_fd=at).st_mtime > _LEFTOVER_AGE_S


def _mode_of(name: str, at: int) -> int | None:
    """Return the permissions of the file to be replaced, which people may have set on purpose."""
    try:
        found = os.lstat(name, dir_fd=at)
    except OSError:
        return None
    return stat.S_IMODE(found.st_mode) & 0o777 if stat.S_ISREG(found.st_mode) else None
