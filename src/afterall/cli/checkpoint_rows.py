"""Put verified checkpoints into the rows of a table: where, what, the verdict, and how many findings.

Invariant: a tier is only named where it ran, every string of a user's is made printable, and a checkpoint
with an error or a warning always has a row of its own.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from afterall.cli.painted import Cell
from afterall.cli.printable import plain
from afterall.model import Checkpoint, Severity, Verdict
from afterall.render.words.measures import size
from afterall.render.words.numbers import count
from afterall.render.words.states import VERDICTS

CHECKPOINT_HEADERS = ("Path", "Kind", "Verdict", "Tier", "Size", "Findings")
MOST_ROWS = 24
"""What a screen holds; beyond it the sound checkpoints of a run share a row on a terminal."""
_MISSING = "-"
_STYLES = {
    Verdict.OK: "green",
    Verdict.INCOMPLETE: "yellow",
    Verdict.UNVERIFIED: "yellow",
    Verdict.CORRUPT: "bold red",
    Verdict.MISSING: "bold red",
}


def checkpoint_rows(checkpoints: Sequence[Checkpoint], *, is_folded: bool) -> list[list[Cell]]:
    """Return a row for each checkpoint, or for all sound ones of a run together where `is_folded`.

    Cells stand in the order of CHECKPOINT_HEADERS.
    """
    if not is_folded:
        return [_row(checkpoint.path, [checkpoint]) for checkpoint in checkpoints]
    groups: dict[object, list[Checkpoint]] = {}
    for index, each in enumerate(checkpoints):
        key = (_parent(each), each.kind, each.tier) if _is_sound(each) else index
        groups.setdefault(key, []).append(each)
    return [_row(_place(group), group) for group in groups.values()]


def _findings(checkpoints: Iterable[Checkpoint]) -> str:
    """Return how many findings of each severity there are, gravest first; "-" where there is none."""
    counted = Counter(finding.gravity for each in checkpoints for finding in each.findings)
    told = [_counted(severity, counted[severity]) for severity in reversed(Severity) if counted[severity]]
    return ", ".join(told) or _MISSING


def _row(path: str, group: Sequence[Checkpoint]) -> list[Cell]:
    first = group[0]
    return [
        Cell(plain(path)),
        Cell(first.kind.value.replace("_", " ")),
        Cell(" ".join(VERDICTS[first.verdict]), _STYLES[first.verdict]),
        Cell(first.tier.value if first.tier is not None else _MISSING),
        Cell(size(sum(checkpoint.size_bytes for checkpoint in group))),
        Cell(_findings(group)),
    ]


def _is_sound(checkpoint: Checkpoint) -> bool:
    is_quiet = all(finding.gravity is Severity.INFO for finding in checkpoint.findings)
    return checkpoint.verdict is Verdict.OK and is_quiet


def _parent(checkpoint: Checkpoint) -> str:
    return checkpoint.path.rpartition("/")[0]


def _place(group: Sequence[Checkpoint]) -> str:
    """Return where the checkpoints of a row are: the first and last name of several."""
    first, last = group[0].path, group[-1].path
    if len(group) == 1:
        return first
    return f"{_parent(group[0]) or '.'}: {count(len(group))} checkpoints, {_name(first)} … {_name(last)}"


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _counted(severity: Severity, amount: int) -> str:
    plural = "s" if amount != 1 and severity is not Severity.INFO else ""
    return f"{count(amount)} {severity.word}{plural}"
