"""`afterall collect`: the worker that empties the hook's spool."""

from pathlib import Path

import click

from afterall.cli.exits import Exit
from afterall.cli.worker_options import spool_of, worker_options
from afterall.collect import collect_once, collect_watch, log_to_stderr
from afterall.errors import BadInput
from afterall.settings import read_site_settings


@click.command("collect")
@click.option("--once", is_flag=True, help="Do what can be done now, then end; for a timer or cron.")
@click.option("--watch", is_flag=True, help="Go on until SIGTERM.")
@worker_options
def command(*, once: bool, watch: bool, spool: Path | None, config: Path) -> int:
    """Empty the hook's spool: write the report of every set whose last job has ended.

    Run by the site's service as root, or by hand on a spool of one's own. Every decision is one line on
    stderr. Root touches no path of a user's: a fresh process becomes the user first, for good.

    Example: afterall collect --once --spool /var/spool/afterall
    """
    if once == watch:
        raise BadInput("afterall collect", "needs either --once or --watch")
    site = read_site_settings(config)
    log_to_stderr()
    (collect_watch if watch else collect_once)(spool_of(spool, site), site)
    return Exit.DONE
