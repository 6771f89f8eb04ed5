"""`afterall status`: show how a set, or every set below a directory, stands; writes nothing."""

import json
from pathlib import Path

import click

from afterall.cli.choices import Observing, observer_of, observing_options
from afterall.cli.console import print_table, progress
from afterall.cli.exits import Exit
from afterall.cli.tables import EXPERIMENT_HEADERS, SET_HEADERS, experiment_row, plain, set_row, set_title
from afterall.discover import sets_below
from afterall.errors import BadInput
from afterall.model import Report
from afterall.pipeline import Reading, Survey, read, survey
from afterall.pipeline.telling import Progress
from afterall.render.document import render_json


@click.command("status")
@click.argument("path", metavar="SET|DIRECTORY", type=click.Path(path_type=Path), default=".")
@observing_options
@click.option("--json", "as_json", is_flag=True, help="Print RESULTS.json's facts instead of a table.")
def command(path: Path, *, no_slurm: bool, sacct_file: Path | None, as_json: bool) -> int:
    """Show how the experiments of SET stand, or how every set below DIRECTORY stands. Nothing is written.

    Example: afterall status /scratch/me
    """
    asking = Observing(no_slurm=no_slurm, sacct_file=sacct_file)
    directories = sets_below(path)
    with progress() as tell:
        if path.resolve() in directories or not directories:
            surveyed, report = _stand(path, asking, tell)
            found, broken = [(surveyed, report)], list[list[str]]()
        else:
            found, broken = _stand_all(directories, asking, tell)
    if as_json:
        documents = [json.loads(render_json(report)) for _, report in found]
        single = not directories or path.resolve() in directories
        click.echo(json.dumps(documents[0] if single else documents, indent=2, ensure_ascii=False))
    elif len(found) == 1 and not broken:
        _print_set(found[0][1])
    else:
        rows = [set_row(surveyed.set_dir, report) for surveyed, report in found]
        print_table(SET_HEADERS, [*rows, *broken])
    return Exit.DONE


def _stand(path: Path, asking: Observing, tell: Progress) -> tuple[Survey, Report]:
    surveyed = survey(path, observer_of(asking), tell)
    return surveyed, read(surveyed, Reading(progress=tell))


def _stand_all(
    directories: tuple[Path, ...], asking: Observing, tell: Progress
) -> tuple[list[tuple[Survey, Report]], list[list[str]]]:
    """Look at each set; one that cannot be read is a row that says why, and hides no other."""
    found, broken = [], []
    for directory in directories:
        try:
            found.append(_stand(directory, asking, tell))
        except BadInput as error:
            broken.append([plain(str(directory)), "unreadable", "", "", plain(error.problem)])
    return found, broken


def _print_set(report: Report) -> None:
    rows: list[list[str]] = [experiment_row(experiment) for experiment in report.experiments]
    print_table(EXPERIMENT_HEADERS, rows, title=set_title(report))
