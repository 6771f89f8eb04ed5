"""Lay out tables as GitHub reads them: every cell is Markdown already, tabulate aligns them.

Invariant: a table has as many rows and columns as it was given; bytes do not depend on optional packages.
"""

from collections.abc import Sequence

import tabulate as layout
from msgspec import Struct

from afterall.render.escaping import Markdown

# With wcwidth installed tabulate pads by display width: the same report would differ between machines.
layout.WIDE_CHARS_MODE = False
layout.PRESERVE_WHITESPACE = False


class Column(Struct, frozen=True):
    """A column's heading, and whether its cells are numbers, which stand to the right."""

    heading: Markdown
    is_number: bool = False


def table(columns: Sequence[Column], rows: Sequence[Sequence[Markdown]]) -> Markdown:
    """Return a pipe table; `rows` hold one Markdown cell a column."""
    drawn = layout.tabulate(
        [[str(cell) for cell in row] for row in rows],
        headers=[str(column.heading) for column in columns],
        tablefmt="pipe",
        colalign=["right" if column.is_number else "left" for column in columns] if rows else None,
        disable_numparse=True,
    )
    return Markdown(drawn)
