"""`afterall demo`: make a small real set and report on it, no Slurm needed."""

from pathlib import Path

import click

from afterall.cli.exits import Exit
from afterall.demo import RECORDED_ACCOUNTING, make_demo
from afterall.pipeline import recorded, report


@click.command("demo")
@click.argument("directory", type=click.Path(path_type=Path), default="afterall-demo")
def command(directory: Path) -> int:
    """Make a small experiment set in DIRECTORY (./afterall-demo) and write its report.

    Five made-up runs with real safetensors and real log text; some of it went wrong. No Slurm is needed:
    what accounting would say of the jobs is read from a file beside the set.

    Example: afterall demo
    """
    set_dir = make_demo(directory)
    recording = directory / RECORDED_ACCOUNTING
    outcome = report(set_dir, recorded(recording))
    click.echo(str(set_dir / outcome.survey.settings.report))
    click.echo(f"afterall: the same again: afterall report {set_dir} --sacct-file {recording}", err=True)
    return Exit.DONE
