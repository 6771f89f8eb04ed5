"""Check one set's directory: can it be read as a set, by whom was it opted in, can the report be written."""

import os
from collections.abc import Iterator
from pathlib import Path

from afterall.diagnose.check import Check, doubt, good, unknown, wrong
from afterall.discover import discover
from afterall.errors import AfterallError
from afterall.settings import SETTINGS_NAME, read_set_settings

AREA = "set"


def check_set(directory: Path) -> Iterator[Check]:
    """Yield what a report of this set would meet."""
    try:
        settings = read_set_settings(directory)
        layout = discover(directory, settings)
    except AfterallError as error:
        yield wrong(AREA, str(directory), str(error), "Name the directory that holds the runs.")
        return
    runs = len(layout.experiments)
    yield good(AREA, str(directory), f"{runs} experiment{'' if runs == 1 else 's'}")
    if not os.access(directory, os.W_OK):
        yield wrong(
            AREA, str(directory), "you cannot write here", "The report belongs into the set: ask its owner."
        )
    if not (directory / SETTINGS_NAME).exists():
        yield unknown(
            AREA,
            SETTINGS_NAME,
            "is not there: a site's hook reports on this set only with auto = true or --comment=afterall",
            "afterall init SET",
        )
    elif not settings.enabled:
        yield doubt(
            AREA, SETTINGS_NAME, "says enabled = false: a site's hook leaves this set alone", "Remove it."
        )
    else:
        yield good(AREA, SETTINGS_NAME, "opts the set in to a site's hook")
