"""`afterall doctor`: check an installation, and what a set's file system can do; changes nothing."""

import sys
from collections.abc import Iterable
from pathlib import Path

import click
from msgspec.structs import replace

from afterall.cli.arguments import PATH
from afterall.cli.console import print_document, print_path, print_table
from afterall.cli.exits import Exit
from afterall.cli.printable import plain
from afterall.cli.worker_options import spool_of, worker_options
from afterall.collect import commands_of
from afterall.diagnose import (
    Check,
    Outcome,
    diagnose_set,
    diagnose_site,
    install_files,
    take_part,
    task_here,
)
from afterall.render.json_writing import json_text
from afterall.settings import read_site_settings

MOST_PATIENCE_S = 30.0
_MARKS = {Outcome.GOOD: "✓", Outcome.DOUBT: "⚠️", Outcome.WRONG: "✗", Outcome.UNKNOWN: "?"}


@click.command("doctor")
@click.argument("set_dir", metavar="[SET]", required=False, type=PATH)
@click.option(
    "--mounted-also-at",
    "also_at",
    metavar="DIR",
    type=PATH,
    help="SET seen through another mount of this host: try its lock by both.",
)
@worker_options
@click.option(
    "--install-files",
    "target",
    metavar="DIR",
    type=PATH,
    help="Copy the hook, the units and the examples of this release into DIR, and do nothing else.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the checks as JSON.")
def command(
    set_dir: Path | None,
    also_at: Path | None,
    spool: Path | None,
    config: Path,
    target: Path | None,
    *,
    as_json: bool,
) -> int:
    """Check the installation, or with SET what a report of that set would meet there.

    Without SET: the program, Slurm's commands, the hook that slurm.conf names, the spool, the units,
    accounting; root sees most. With SET: the set itself, its file system, its clock and its locks; a few
    temporary files are made in it and removed. Started by srun on several nodes, the first task holds a lock,
    the others try for it, and the first tells. The exit code is 1 when anything is wrong.

    Example: afterall doctor
    """
    if target is not None:
        for path in install_files(target):
            print_path(path)
        return Exit.DONE
    if set_dir is None:
        if also_at is not None:
            raise click.UsageError("--mounted-also-at needs the SET that is mounted there too.")
        checks = list(_site(spool, config))
    else:
        task = task_here()
        if task is not None and task.number > 0:
            take_part(set_dir.absolute(), task)
            return Exit.DONE
        checks = list(diagnose_set(set_dir.absolute(), also_at and also_at.absolute(), task))
    if as_json:
        print_document(json_text(checks))
    else:
        _print(checks)
    return Exit.SOMETHING_WRONG if any(c.outcome is Outcome.WRONG for c in checks) else Exit.DONE


def _site(spool: Path | None, config: Path) -> Iterable[Check]:
    """Ask as the worker would, but with less patience."""
    site = read_site_settings(config)
    commands = replace(commands_of(site), timeout_s=min(MOST_PATIENCE_S, site.slurm_timeout_s))
    return diagnose_site(site, spool_of(spool, site), commands)


def _print(checks: list[Check]) -> None:
    rows = [[_MARKS[c.outcome], c.area, plain(c.subject), plain(c.found)] for c in checks]
    print_table(["", "part", "what", "found"], rows)
    fixes = [c for c in checks if c.fix and c.outcome is not Outcome.GOOD]
    if fixes:
        click.echo("\nTo do:")
    for check in fixes:
        click.echo(f"{_MARKS[check.outcome]} {plain(check.subject)}: {plain(check.fix)}")
    counts = {outcome: sum(c.outcome is outcome for c in checks) for outcome in Outcome}
    told = ", ".join(f"{counts[outcome]} {outcome.value}" for outcome in Outcome if counts[outcome])
    click.echo(f"\n{told}." if sys.stdout.isatty() or fixes else f"{told}.")
