"""`afterall demo`: make a small real set and report on it, no Slurm needed."""

import shlex
from pathlib import Path

import click

from afterall.cli.arguments import PATH
from afterall.cli.console import print_path, tell
from afterall.cli.exits import Exit
from afterall.demo import RECORDED_ACCOUNTING, make_demo
from afterall.pipeline import recorded, report


@click.command("demo")
@click.argument("directory", type=PATH, default="afterall-demo")
def command(directory: Path) -> int:
    """Make a small experiment set in DIRECTORY (./afterall-demo) and write its report.

    Five made-up runs with real safetensors and real log text; some of it went wrong. No Slurm is needed:
    what accounting would say of the jobs is read from a file beside the set.

    Example: afterall demo
    """
    set_dir = make_demo(directory)
    recording = directory / RECORDED_ACCOUNTING
    outcome = report(set_dir, recorded(recording))
    print_path(set_dir / outcome.survey.settings.report)
    tell(
        f"the same again: {shlex.join(['afterall', 'report', str(set_dir), '--sacct-file', str(recording)])}"
    )
    return Exit.DONE
