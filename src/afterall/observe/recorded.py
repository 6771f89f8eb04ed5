"""Read accounting that was saved beforehand with the documented sacct command.

Invariant: only a regular file of bounded size is read, and a file that holds no record is an error, never
"no jobs".
"""

import os
import stat
from pathlib import Path

from msgspec.structs import replace

from afterall.errors import BadInput
from afterall.model import Attempt, Observation, SlurmSource, SourceReport
from afterall.observe.commands import clean_line
from afterall.observe.dialect import RECORDED, Dialect
from afterall.observe.merging import each_once
from afterall.observe.records import decode
from afterall.observe.sacct import parse_sacct

_MAX_BYTES = 256 * 1024 * 1024
_OPEN = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW | os.O_CLOEXEC
_FIRST_COLUMN = "JobIDRaw"


def read_recorded_sacct(path: Path) -> Observation:
    """Return the legs in the file at `path`; raise BadInput where it cannot be read or holds none."""
    attempts = parse_recorded_sacct(_read(path))
    if not attempts:
        raise BadInput(path, "holds no record of sacct in the documented columns, separated by 0x1f")
    name = clean_line(os.fsencode(path.name))
    return Observation(
        attempts=attempts, asked=(SourceReport(SlurmSource.SACCT, True, f"recorded in {name}"),)
    )


def parse_recorded_sacct(data: bytes) -> tuple[Attempt, ...]:
    """Return the legs in `data`, each once: in the documented columns, or in those that its first line names.

    A first line is the header of sacct without -n; its first column has to be JobIDRaw.
    """
    text = data.replace(b"\r\n", b"\n")
    header, _, rest = text.partition(b"\n")
    dialect = _headed(decode(header))
    return each_once(parse_sacct(rest, dialect) if dialect else parse_sacct(text))


def _headed(line: str) -> Dialect | None:
    for separator in (RECORDED.separator, "|"):
        columns = tuple(line.rstrip(separator).split(separator))
        if columns[0] == _FIRST_COLUMN and len(columns) > 1 and len(set(columns)) == len(columns):
            return replace(RECORDED, columns=columns, separator=separator)
    return None


def _read(path: Path) -> bytes:
    try:
        descriptor = os.open(os.path.realpath(path), _OPEN)
    except (OSError, ValueError) as error:
        raise BadInput(path, getattr(error, "strerror", None) or "is no path") from error
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise BadInput(path, "is not a regular file")
        if found.st_size > _MAX_BYTES:
            raise BadInput(path, f"is larger than {_MAX_BYTES // 1024**2} MiB")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(_MAX_BYTES)
    except OSError as error:
        raise BadInput(path, error.strerror or str(error)) from error
    finally:
        os.close(descriptor)
