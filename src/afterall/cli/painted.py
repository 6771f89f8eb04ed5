"""Print tables and lines that are coloured and fitted on a terminal, and plain and unbroken in a pipe.

Invariant: the text is the same in both; on a terminal a path is folded behind a slash where that fits, and an
exact line is left to the terminal to break, so that what is copied from it is whole.
"""

import re
import sys
from collections.abc import Iterable, Sequence

import click
from msgspec import Struct

_NARROW = 72
"""Terminals on which a row does not fit beside its path."""
_PARTS = re.compile("(?<=[/ ])")
_LEAST_PATH = 28
_WRAPPED = frozenset({"Kind", "Findings"})
"""Columns of several words, which give way to the paths."""
_GAP = 2
_MOST_PADDED = 120
"""A longer path in a pipe only moves its own row."""
_HANGING = 2


class Cell(Struct, frozen=True):
    """One cell of a table; `style` is rich's, "" for none."""

    text: str
    style: str = ""


class Line(Struct, frozen=True, kw_only=True):
    """One line: how far in it begins, a label with its style, and text."""

    text: str
    label: str = ""
    style: str = ""
    indent: int = 0
    is_exact: bool = False
    """True for what is to be copied: never wrapped here."""


def print_rows(headers: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    """Print a table whose first column holds paths."""
    if not sys.stdout.isatty():
        texts = [list(headers), *([cell.text for cell in row] for row in rows)]
        click.echo("\n".join(_aligned(texts)))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if console.width < _NARROW:
        print_lines(_stacked(rows))
        return
    width = _path_width(rows, console.width)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(headers[0], width=width, overflow="fold")
    for header in headers[1:]:
        table.add_column(header, no_wrap=header not in _WRAPPED)
    for path, *cells in rows:
        lines = "\n".join(folded(path.text, width))
        table.add_row(Text(lines), *(Text(cell.text, style=cell.style) for cell in cells))
    console.print(table)


def print_lines(lines: Iterable[Line]) -> None:
    """Print lines, wrapped with a hanging indent on a terminal."""
    if not sys.stdout.isatty():
        click.echo("\n".join(f"{' ' * line.indent}{line.label}{line.text}" for line in lines))
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for line in lines:
        begin = " " * line.indent
        text = Text.assemble((line.label, line.style), line.text)
        if line.is_exact:
            console.print(Text(begin) + text, soft_wrap=True)
            continue
        room = max(console.width - line.indent - _HANGING, 1)
        for part in text.wrap(console, room) or [text]:
            part.rstrip()
            console.print(Text(begin) + part, soft_wrap=True)
            begin = " " * (line.indent + _HANGING)


def folded(path: str, width: int) -> list[str]:
    """Return a path in lines of at most `width` characters, broken behind slashes and spaces if possible."""
    lines = [""]
    for part in _PARTS.split(path):
        if len(lines[-1]) + len(part) > width >= len(part) and lines[-1]:
            lines.append("")
        whole = lines[-1] + part
        lines[-1:] = [whole[cut : cut + width] for cut in range(0, len(whole), width)] or [""]
    return lines


def _stacked(rows: Sequence[Sequence[Cell]]) -> Iterable[Line]:
    """Yield each path with its cells in a line below."""
    for path, *cells in rows:
        yield Line(text=path.text, is_exact=True)
        style = next((cell.style for cell in cells if cell.style), "")
        yield Line(label=", ".join(cell.text for cell in cells), style=style, text="", indent=2)


def _path_width(rows: Sequence[Sequence[Cell]], width: int) -> int:
    """Return how wide the paths' column is: what the others leave, or enough to read them."""
    longest = max((len(row[0].text) for row in rows), default=0)
    others = sum(
        max(len(cell.text) for cell in column) + _GAP for column in list(zip(*rows, strict=True))[1:]
    )
    return max(min(longest, max(width - others, min(_LEAST_PATH, width // 2))), 4)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [min(max(map(len, column)), _MOST_PADDED) for column in zip(*rows, strict=True)]
    widths[-1] = 0
    return [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
