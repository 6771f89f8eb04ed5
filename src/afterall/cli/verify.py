"""`afterall verify`: verify checkpoints anywhere; writes nothing."""

from pathlib import Path

import click

from afterall.cli.arguments import PATH
from afterall.cli.checkpoint_table import CHECKPOINT_HEADERS, checkpoint_row, checkpoints_title
from afterall.cli.console import byte_progress, print_document, print_table
from afterall.cli.exits import Exit
from afterall.model import Checkpoint, Severity, Tier, Verdict
from afterall.render.document import render_verification
from afterall.scan.checkpoints import verify

_WRONG = frozenset({Verdict.CORRUPT, Verdict.INCOMPLETE, Verdict.MISSING})


@click.command("verify")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=PATH)
@click.option("--deep", is_flag=True, help="Read every weight once: NaN, infinity, zeros, checksums.")
@click.option("--json", "as_json", is_flag=True, help="Print every file and finding as JSON, not a table.")
def command(paths: tuple[Path, ...], *, deep: bool, as_json: bool) -> int:
    """Verify the checkpoints at or below each PATH: a file, a checkpoint, a run or a whole set.

    Without --deep no weights are read: sizes, headers and structure are checked, and files held against each
    other. Nothing is unpickled, run or written. The exit code is 1 when anything is corrupt, incomplete,
    missing or unreadable.

    Example: afterall verify /scratch/me/lora_rank_sweep/rank64/epoch_2 --deep
    """
    with byte_progress(is_read=deep) as tell:
        checkpoints = verify(paths, Tier.VALUES if deep else Tier.QUICK, tell)
    if as_json:
        print_document(render_verification(checkpoints))
    else:
        rows = [checkpoint_row(checkpoint) for checkpoint in checkpoints]
        print_table(CHECKPOINT_HEADERS, rows, title=checkpoints_title(checkpoints))
    return Exit.SOMETHING_WRONG if any(map(_is_wrong, checkpoints)) else Exit.DONE


def _is_wrong(checkpoint: Checkpoint) -> bool:
    grave = any(finding.gravity is Severity.ERROR for finding in checkpoint.findings)
    return grave or checkpoint.verdict in _WRONG
