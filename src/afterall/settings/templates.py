"""Read a lab's own templates from the directory that the set's settings name."""

import os
from pathlib import Path

from afterall.errors import BadSettings
from afterall.settings.experiment_set import SetSettings
from afterall.settings.files import read_text

_ENDING = ".md.j2"


def read_templates(set_dir: Path, settings: SetSettings) -> dict[str, str]:
    """Return template texts by name, as "title.md.j2"; raise BadSettings where they cannot be read."""
    if settings.templates is None:
        return {}
    directory = set_dir / settings.templates
    try:
        names = sorted(name for name in os.listdir(directory) if name.endswith(_ENDING))
        return {name: read_text(directory / name) for name in names}
    except OSError as error:
        raise BadSettings(directory, (error.strerror or str(error)).lower(), key="templates") from error
