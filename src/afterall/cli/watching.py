"""Show a person at a terminal how far a verification is: bytes and their rate, or files and theirs.

Invariant: nothing is written but to a terminal's stderr, and no name on it commands the terminal.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from afterall.cli.interrupting import interruptible
from afterall.cli.printable import plain
from afterall.render.composing import plural
from afterall.scan.checkpoints import Progress

if TYPE_CHECKING:
    from rich.progress import ProgressColumn
    from rich.table import Column

_EVERY_S = 0.05
_ROOM_FOR_NAME = 60
_ROOM_FOR_BAR = 80
"""Columns that a terminal must have for it."""


@contextmanager
def byte_progress(*, is_read: bool) -> Iterator[Callable[[Progress], None] | None]:
    """Yield a reporter of bytes with their rate where weights are read, else of files with theirs.

    None but on a terminal. A second Ctrl-C within ends the process at once.
    """
    with interruptible():
        if not sys.stderr.isatty():
            yield None
            return
        from rich import progress
        from rich.console import Console

        console = Console(stderr=True)
        with progress.Progress(
            *_columns(console.width, is_read=is_read), console=console, transient=True
        ) as bar:
            task = bar.add_task("looking around", total=None, files=0, rate=0.0)
            yield _seldom(
                lambda at, files, rate: bar.update(
                    task,
                    description=plain(os.path.basename(at.path)),
                    completed=at.done_bytes,
                    total=at.total_bytes,
                    files=files,
                    rate=rate,
                )
            )


def _columns(width: int, *, is_read: bool) -> list["ProgressColumn"]:
    """Return what fits: the numbers always, the bar and the name where there is room."""
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn
    from rich.table import Column

    name = Column(no_wrap=True, overflow="ellipsis", max_width=min(40, width // 3))
    told: list[ProgressColumn] = []
    if width >= _ROOM_FOR_NAME:
        told.append(TextColumn("{task.description}", markup=False, table_column=name))
    if width >= _ROOM_FOR_BAR:
        told.append(BarColumn(bar_width=min(40, width // 4)))
    whole = Column(no_wrap=True)
    told.append(DownloadColumn(table_column=whole))
    rate = TransferSpeedColumn(table_column=whole) if is_read else _file_rate(whole)
    return [*told, rate]


def _file_rate(column: "Column") -> "ProgressColumn":
    from rich.progress import ProgressColumn, Task
    from rich.text import Text

    class FileRate(ProgressColumn):
        """Files looked at, and how many a second."""

        def render(self, task: Task) -> Text:
            files, rate = task.fields["files"], task.fields["rate"]
            told = f"{plural(files, 'file')}, {rate:,.0f}/s" if rate else ""
            return Text(told, style="progress.data.speed")

    return FileRate(column)


def _seldom(tell: Callable[[Progress, int, float], None]) -> Callable[[Progress], None]:
    """Return a reporter that passes on what a person can see, twenty times a second and at the end.

    It tells how often it was called, which is once for each file where no weights are read, and the rate.
    """
    due, calls, began = 0.0, 0, 0.0

    def report(at: Progress) -> None:
        nonlocal due, calls, began
        now = time.monotonic()
        began = began or now
        calls += 1
        if now >= due or at.done_bytes >= at.total_bytes:
            due = now + _EVERY_S
            tell(at, calls, calls / (now - began) if now > began else 0.0)

    return report
