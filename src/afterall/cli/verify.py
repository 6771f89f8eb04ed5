"""`afterall verify`: verify checkpoints anywhere; writes nothing but what it is asked to, and its memory."""

import time
from pathlib import Path

import click
from msgspec.structs import replace

from afterall.cli.arguments import PATH
from afterall.cli.console import print_document, tell_elapsed
from afterall.cli.exits import Exit
from afterall.cli.verification import print_verification
from afterall.cli.watching import byte_progress
from afterall.model import Checkpoint, Severity, Tier, Verdict
from afterall.render.document import render_verification
from afterall.scan.checkpoints import (
    Asked,
    check_writable,
    read_manifest,
    render_manifest,
    verify_as,
    write_manifest,
)

_WRONG = frozenset({Verdict.CORRUPT, Verdict.INCOMPLETE, Verdict.MISSING})
MOST_JOBS = 64


@click.command("verify")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=PATH)
@click.option("--deep", is_flag=True, help="Read every weight once: NaN, infinity, zeros, checksums.")
@click.option(
    "--against",
    metavar="MANIFEST",
    type=PATH,
    help="Read everything, and compare it with the digests that MANIFEST has.",
)
@click.option(
    "--write-manifest",
    "new_manifest",
    metavar="MANIFEST",
    type=PATH,
    help="Read everything, and write its digests to a new file.",
)
@click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(1, MOST_JOBS),
    help="Use at most N threads for headers, and as many for weights; chosen by itself otherwise.",
)
@click.option("--no-cache", is_flag=True, help="Look at every file, whatever was found before.")
@click.option("--verbose", "-v", is_flag=True, help="Give every checkpoint its row, and tell every finding.")
@click.option("--json", "as_json", is_flag=True, help="Print every file and finding as JSON, not a table.")
def command(
    paths: tuple[Path, ...],
    *,
    deep: bool,
    against: Path | None,
    new_manifest: Path | None,
    jobs: int | None,
    no_cache: bool,
    verbose: bool,
    as_json: bool,
) -> int:
    """Verify the checkpoints at or below each PATH: a file, a checkpoint, a run or a whole set.

    Without --deep no weights are read: sizes, headers and structure are checked, and files held against each
    other. Nothing is unpickled or run. What was found of a file is kept in the set's .afterall (outside of a
    set in your own cache) and used again while the file has not changed. The exit code is 1 when anything is
    corrupt, incomplete, missing or unreadable.

    Example: afterall verify /scratch/me/lora_rank_sweep/rank64/epoch_2 --deep
    """
    if new_manifest is not None:
        check_writable(new_manifest)
    began = time.monotonic()
    is_deep = deep or against is not None or new_manifest is not None
    asked = Asked(
        depth=Tier.VALUES if is_deep else Tier.QUICK,
        jobs=jobs,
        manifest=None if against is None else read_manifest(against),
        records=new_manifest is not None,
        remembers=not no_cache,
    )
    with byte_progress(is_read=is_deep) as tell:
        verified = verify_as(paths, replace(asked, progress=tell))
    checkpoints = verified.checkpoints
    if as_json:
        print_document(render_verification(checkpoints))
    else:
        wanted = asked.depth if against is None else Tier.AGAINST
        print_verification(checkpoints, wanted, is_verbose=verbose)
    tell_elapsed(time.monotonic() - began)
    if new_manifest is not None:  # after what was found, which a full disk must not cost
        write_manifest(new_manifest, render_manifest(verified.base, verified.recorded))
    return Exit.SOMETHING_WRONG if any(map(_is_wrong, checkpoints)) else Exit.DONE


def _is_wrong(checkpoint: Checkpoint) -> bool:
    grave = any(finding.gravity is Severity.ERROR for finding in checkpoint.findings)
    return grave or checkpoint.verdict in _WRONG
