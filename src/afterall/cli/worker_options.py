"""Share the options that tell the worker where its spool and the site's settings are."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from afterall.cli.arguments import PATH
from afterall.settings import SITE_SETTINGS_PATH, SiteSettings

Command = TypeVar("Command", bound=Callable[..., Any])


def worker_options(command: Command) -> Command:
    """Add --spool and --config to a command."""
    with_config = click.option(
        "--config",
        type=PATH,
        default=SITE_SETTINGS_PATH,
        show_default=True,
        metavar="FILE",
        help="The site's settings.",
    )
    with_spool = click.option(
        "--spool",
        type=PATH,
        metavar="DIR",
        help="The hook's spool; otherwise the settings'.",
    )
    return with_spool(with_config(command))


def spool_of(given: Path | None, site: SiteSettings) -> Path:
    """Return the spool to work on."""
    return given or Path(site.spool)
