"""Read a lab's own templates from the directory that the set's settings name."""

import os
import stat
from pathlib import Path

from afterall.errors import BadSettings
from afterall.settings.experiment_set import SetSettings

_ENDING = ".md.j2"
_MAX_BYTES = 2**20


def read_templates(set_dir: Path, settings: SetSettings) -> dict[str, str]:
    """Return template texts by name, as "title.md.j2"; raise BadSettings where they cannot be read."""
    if settings.templates is None:
        return {}
    directory = set_dir / settings.templates
    try:
        names = sorted(name for name in os.listdir(directory) if name.endswith(_ENDING))
        return {name: _read(directory / name) for name in names}
    except OSError as error:
        raise BadSettings(directory, (error.strerror or str(error)).lower(), key="templates") from error


def _read(path: Path) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise BadSettings(path, "is not a file")
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise BadSettings(path, f"is larger than {_MAX_BYTES} bytes")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadSettings(path, "is not UTF-8 text") from error
