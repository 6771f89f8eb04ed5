"""`afterall sweep`: look again at every set the worker knows to be unfinished."""

from pathlib import Path

import click

from afterall.cli.exits import Exit
from afterall.cli.worker_options import spool_of, worker_options
from afterall.collect import log_to_stderr, sweep
from afterall.settings import read_site_settings


@click.command("sweep")
@worker_options
def command(*, spool: Path | None, config: Path) -> int:
    """Look again at every set that the worker knows to be unfinished, whenever it was to be tried next.

    It finds sets whose last ending no hook reported: a job cancelled while pending, a lost node, an outage.

    Example: afterall sweep
    """
    site = read_site_settings(config)
    log_to_stderr()
    sweep(spool_of(spool, site), site)
    return Exit.DONE
