"""`afterall compare`: one table over the runs of several sets; reads their RESULTS.json, writes nothing."""

from pathlib import Path

import click

from afterall.cli.arguments import PATH
from afterall.cli.console import print_document, print_table, tell
from afterall.cli.exits import Exit
from afterall.cli.printable import plain
from afterall.compare import Run, Table, compare, read_runs
from afterall.model import Direction
from afterall.render.json_writing import json_text
from afterall.render.words.metrics import METRICS, Digits
from afterall.render.words.parameters import cell, title

MOST_PARAMETERS = 8


@click.command("compare")
@click.argument("sets", metavar="SET...", nargs=-1, required=True, type=PATH)
@click.option("--metric", metavar="NAME", help="Rank by this metric, as final_loss or task/scorer/accuracy.")
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON, every number in full.")
def command(sets: tuple[Path, ...], *, metric: str | None, as_json: bool) -> int:
    """Compare the runs of several sets, each of which has a RESULTS.json: one table, the best run first.

    A run whose training did not reach its end stands behind those that did, NaN and missing numbers last.
    Columns are the parameters in which any two runs differ, and the metrics.

    Example: afterall compare sweep_1B sweep_3B --metric final_val_loss
    """
    table = compare([run for path in sets for run in read_runs(path)], metric)
    if as_json:
        print_document(json_text(table))
        return Exit.DONE
    digits = Digits(
        {name: [r.metrics[name] for r in table.runs if name in r.metrics] for name in table.metrics}
    )
    shown = table.parameters[:MOST_PARAMETERS]
    headers = [
        "Set",
        "Experiment",
        *(plain(title(name)) for name in shown),
        *map(_header, table.metrics),
        "State",
    ]
    print_table(headers, [_row(run, table, shown, digits) for run in table.runs])
    _tell(table)
    return Exit.DONE


def _header(metric: str) -> str:
    """Return a known metric's heading; a score's whole name, which `--metric` takes."""
    return plain(METRICS[metric].header if metric in METRICS else metric)


def _row(run: Run, table: Table, parameters: tuple[str, ...], digits: Digits) -> list[str]:
    return [
        plain(run.set_name),
        plain(run.name),
        *(plain(cell(run.parameters.get(name))) for name in parameters),
        *(digits.write(name, run.metrics.get(name)) for name in table.metrics),
        plain(_state(run)),
    ]


def _state(run: Run) -> str:
    """Return Slurm's word and training's own end, where these are not one."""
    word = run.state.replace("_", " ")
    if run.trained and run.state != "completed":
        return f"trained; job {word}"
    return f"{word}, training unfinished" if run.trained is False and run.state == "completed" else word


def _tell(table: Table) -> None:
    """Say on stderr what keeps the table from being a fair race."""
    if table.metrics and table.direction is Direction.UNKNOWN:
        tell(f"whether more or less of {table.metrics[0]} is better is not known: the runs are not ranked")
    if not table.same_steps:
        tell("the runs did not all take the same number of steps")
    if len(table.parameters) > MOST_PARAMETERS:
        tell(f"{len(table.parameters) - MOST_PARAMETERS} more parameters differ; --json has them")
