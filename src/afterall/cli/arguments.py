"""Take paths as they were typed: whoever opens one says in one line what is wrong with it."""

from pathlib import Path

import click

PATH = click.Path(path_type=Path, readable=False)
"""click's own checks would answer with a usage message."""
