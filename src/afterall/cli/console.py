"""Tell a person's terminal from a pipe: colour and progress for the one, plain text for the other.

Invariant: the result goes to stdout and nothing else does; what a terminal is shown holds no control
character of a file's name.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from afterall.cli.printable import plain
from afterall.render.words.measures import duration

if TYPE_CHECKING:  # the pipeline takes as long to import as all else that `verify` needs
    from afterall.pipeline import Progress as Telling


@contextmanager
def progress() -> Iterator["Telling"]:
    """Yield a progress reporter: a rich bar on a terminal's stderr, silence elsewhere."""
    from afterall.pipeline import silent

    if not sys.stderr.isatty():
        yield silent
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
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda step, done=0, total=0: bar.update(
            task, description=plain(step), completed=done, total=total or None
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


def print_path(path: Path) -> None:
    """Print a path: every byte of its name for a program, made printable on a terminal."""
    click.echo(plain(str(path)) if sys.stdout.isatty() else os.fsencode(path))


def print_document(document: bytes) -> None:
    """Print a JSON document as it stands: UTF-8, whatever the terminal's encoding is."""
    click.echo(document, nl=False)


def tell(message: str) -> None:
    """Say something to the person on stderr, in one line."""
    click.echo(f"afterall: {plain(message)}", err=True)


def tell_elapsed(elapsed_s: float) -> None:
    """Say on a terminal's stderr how long it took, and nothing elsewhere."""
    if sys.stderr.isatty():
        tell(f"took {duration(elapsed_s)}")
