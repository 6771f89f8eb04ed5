"""Put verified checkpoints into the cells of a terminal table, in the report's own words.

Invariant: a tier is only named where it ran, and every string of a user's is made printable.
"""

from collections import Counter
from collections.abc import Sequence

from msgspec.structs import replace

from afterall.cli.printable import plain
from afterall.model import Checkpoint, Finding
from afterall.render.sentences import message
from afterall.render.words.measures import size
from afterall.render.words.states import TIERS, VERDICTS

CHECKPOINT_HEADERS = ("Path", "Kind", "Verdict", "Tier", "Size", "Findings")
_MOST_FINDINGS = 3
_MISSING = "-"


def checkpoint_row(checkpoint: Checkpoint) -> list[str]:
    """Return one checkpoint's cells, in the order of CHECKPOINT_HEADERS."""
    return [
        plain(checkpoint.path),
        checkpoint.kind.value.replace("_", " "),
        " ".join(VERDICTS[checkpoint.verdict]),
        checkpoint.tier.value if checkpoint.tier else _MISSING,
        size(checkpoint.size_bytes),
        _findings(checkpoint),
    ]


def checkpoints_title(checkpoints: Sequence[Checkpoint]) -> str:
    """Return the line above the table: how many there are of each verdict, and what was looked at."""
    amount = f"{len(checkpoints)} checkpoint{'s' if len(checkpoints) != 1 else ''}"
    counted = Counter(checkpoint.verdict for checkpoint in checkpoints)
    verdicts = ", ".join(
        f"{counted[verdict]} {word}" for verdict, (_, word) in VERDICTS.items() if verdict in counted
    )
    tiers = [words for tier, words in TIERS.items() if any(one.tier is tier for one in checkpoints)]
    return f"{amount}: {verdicts} ({'; '.join(tiers) or 'nothing could be verified'})"


def _findings(checkpoint: Checkpoint) -> str:
    """Return the gravest findings as sentences; files in the checkpoint are named by their place in it."""
    graver = sorted(checkpoint.findings, key=lambda finding: -finding.gravity)
    told = [plain(message(_inside(checkpoint, finding))) for finding in graver[:_MOST_FINDINGS]]
    left = len(graver) - len(told)
    return " ".join([*told, f"And {left} more (--json tells all)."] if left else told)


def _inside(checkpoint: Checkpoint, finding: Finding) -> Finding:
    inner = finding.subject.removeprefix(f"{checkpoint.path}/")
    return replace(finding, subject=inner if inner != checkpoint.path else checkpoint.name)
