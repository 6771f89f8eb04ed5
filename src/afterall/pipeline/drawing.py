"""Give matplotlib a quiet place before it is imported: it looks for one then, and complains of having none.

Invariant: nothing is written outside the user's own cache or the set's own directory.
"""

import logging
import os
from pathlib import Path

from afterall.publish import STATE_DIRECTORY

_CACHE = "matplotlib"


def prepare_drawing(set_dir: Path) -> None:
    """Name a directory in the set for matplotlib's list of fonts where the user has no home to keep it in.

    The worker's processes have none (HOME is /nonexistent), and a temporary directory would cost the search
    for fonts each time. What matplotlib logs concerns its own set-up, never the figures.
    """
    logging.getLogger("matplotlib").setLevel(logging.CRITICAL)
    named = any(name in os.environ for name in ("MPLCONFIGDIR", "XDG_CACHE_HOME"))
    if not named and not os.access(os.path.expanduser("~"), os.W_OK):
        os.environ["MPLCONFIGDIR"] = str(set_dir / STATE_DIRECTORY / _CACHE)
