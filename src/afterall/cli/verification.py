"""Print what verification found: a table, each kind of finding once, and one closing line.

Invariant: a pipe gets the words that a terminal gets, and a row for every checkpoint.
"""

import sys
from collections.abc import Iterator, Sequence

from afterall.cli.checkpoint_rows import CHECKPOINT_HEADERS, MOST_ROWS, checkpoint_rows
from afterall.cli.closing import closing_line
from afterall.cli.finding_blocks import Block, finding_blocks
from afterall.cli.painted import Line, print_lines, print_rows
from afterall.model import Checkpoint, Severity, Tier

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.INFO: "bold cyan"}
_FOLDED = Line(text="Sound checkpoints of a run share a row; --verbose gives each its own.")
_EMPTY = Line(text="")


def print_verification(checkpoints: Sequence[Checkpoint], asked: Tier, *, is_verbose: bool = False) -> None:
    """Print checkpoints and their findings to stdout; `asked` is the tier that was wanted.

    Without `is_verbose`, a terminal shows the sound checkpoints of a run in one row where there are many, and
    of each kind of finding the first few are told one by one.
    """
    is_folded = sys.stdout.isatty() and not is_verbose and len(checkpoints) > MOST_ROWS
    rows = checkpoint_rows(checkpoints, is_folded=is_folded)
    print_rows(CHECKPOINT_HEADERS, rows)
    lines = [_FOLDED] if len(rows) < len(checkpoints) else []
    for block in finding_blocks(checkpoints, is_verbose=is_verbose):
        lines += [_EMPTY, *_told(block)]
    print_lines([*lines, _EMPTY, Line(text=closing_line(checkpoints, asked))])


def _told(block: Block) -> Iterator[Line]:
    where = f" ({block.where})" if block.where else ""
    yield Line(
        label=f"{block.severity.word}: ",
        style=_STYLES[block.severity],
        text=f"{block.title} [{block.code.value}]{where}",
    )
    for text in block.lines:
        yield Line(text=text, indent=2)
    for label, text in (("cause", block.cause), ("impact", block.impact), ("action", block.action)):
        if text:
            yield Line(label=f"{label}: ", style="bold", text=text, indent=2)
    for command in block.commands:
        yield Line(text=command, indent=4, is_exact=True)
