"""`afterall status`: show how a set, or every set below a directory, stands; writes nothing."""

import os
from pathlib import Path

import click

from afterall.cli.arguments import PATH
from afterall.cli.choices import Observing, observer_of, observing_options
from afterall.cli.console import print_document, print_table, progress, tell
from afterall.cli.exits import Exit
from afterall.cli.spool_tables import as_document, print_waiting
from afterall.cli.tables import (
    EXPERIMENT_HEADERS,
    SET_HEADERS,
    broken_row,
    experiment_row,
    set_row,
    set_title,
)
from afterall.cli.worker_options import spool_of, worker_options
from afterall.collect import waiting
from afterall.discover import sets_below
from afterall.errors import BadInput
from afterall.model import Report
from afterall.pipeline import Reading, read, survey
from afterall.pipeline.telling import Progress
from afterall.render.document import render_json, render_json_list
from afterall.settings import read_site_settings


@click.command("status")
@click.argument("path", metavar="SET|DIRECTORY", type=PATH, default=".")
@observing_options
@click.option("--json", "as_json", is_flag=True, help="Print RESULTS.json's facts instead of a table.")
@click.option(
    "--events", is_flag=True, help="Show the worker's spool instead: what waits, what failed and why."
)
@worker_options
def command(
    path: Path,
    *,
    no_slurm: bool,
    sacct_file: Path | None,
    as_json: bool,
    events: bool,
    spool: Path | None,
    config: Path,
) -> int:
    """Show how the experiments of SET stand, or how every set below DIRECTORY stands. Nothing is written.

    With --json a set is printed as its RESULTS.json would be, the sets below a directory as a list of these.
    With --events the worker's spool is shown, for the admin who can read it.

    Example: afterall status /scratch/me
    """
    if events:
        return _events(spool_of(spool, read_site_settings(config)), as_json=as_json)
    asking = Observing(no_slurm=no_slurm, sacct_file=sacct_file)
    directories = sets_below(path)
    is_set = not directories or Path(os.path.realpath(path)) in directories
    with progress() as on_step:
        if is_set:
            found: dict[Path, Report | BadInput] = {path: _stand(path, asking, on_step)}
        else:
            found = {directory: _try(directory, asking, on_step) for directory in directories}
    reports = [one for one in found.values() if isinstance(one, Report)]
    if as_json:
        print_document(render_json(reports[0]) if is_set else render_json_list(reports))
        for error in (one for one in found.values() if isinstance(one, BadInput)):
            tell(str(error))
    elif len(found) == len(reports) == 1:
        _print_set(reports[0])
    else:
        print_table(SET_HEADERS, [_row(directory, one) for directory, one in found.items()])
    return Exit.DONE


def _events(spool: Path, *, as_json: bool) -> int:
    held = waiting(spool)
    if as_json:
        print_document(as_document(held))
    else:
        print_waiting(held)
    return Exit.DONE


def _stand(path: Path, asking: Observing, on_step: Progress) -> Report:
    return read(survey(path, observer_of(asking), on_step), Reading(progress=on_step))


def _try(directory: Path, asking: Observing, on_step: Progress) -> Report | BadInput:
    """Look at one set of several; where it cannot be read, what is wrong with it hides no other."""
    try:
        return _stand(directory, asking, on_step)
    except BadInput as error:
        return error


def _row(directory: Path, one: Report | BadInput) -> list[str]:
    return set_row(directory, one) if isinstance(one, Report) else broken_row(directory, str(one))


def _print_set(report: Report) -> None:
    rows = [experiment_row(experiment) for experiment in report.experiments]
    print_table(EXPERIMENT_HEADERS, rows, title=set_title(report))
