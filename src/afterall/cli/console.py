"""Tell a person's terminal from a pipe: colour and progress for the one, plain text for the other."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click

from afterall.pipeline import telling


@contextmanager
def progress() -> Iterator[telling.Progress]:
    """Yield a progress reporter: a rich bar on a terminal's stderr, silence elsewhere."""
    if not sys.stderr.isatty():
        yield telling.silent
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda step, done=0, total=0: bar.update(
            task, description=step, completed=done, total=total or None
        )


def print_table(headers: Sequence[str], rows: Sequence[Sequence[str]], title: str = "") -> None:
    """Print a table: boxed and fitted on a terminal, aligned columns of full text in a pipe."""
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(title=Text(title) if title else None, title_justify="left", header_style="bold")
        for header in headers:
            table.add_column(header, overflow="fold")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        Console().print(table)
        return
    from tabulate import tabulate

    if title:
        click.echo(title)
    click.echo(tabulate(rows, headers=headers, tablefmt="plain", disable_numparse=True))
