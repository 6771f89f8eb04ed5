"""Say what checkpoints hold, from the files that really are there; equal ones are told once.

Invariant: a heading names every kind of file that its lines tell of, and reads the same in HTML's folds.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from msgspec import Struct

from afterall.model import Checkpoint, CheckpointFile, FileRole, Verdict
from afterall.render.composing import joined, md, plain_listing, plural
from afterall.render.escaping import Markdown, code, text
from afterall.render.folding import fold_words
from afterall.render.page import Page
from afterall.render.words.measures import size
from afterall.render.words.numbers import count
from afterall.render.words.states import ROLES
from afterall.settings import RESULTS_JSON

MOST_GROUPS = 4
MOST_NAMED = 6

Shape = tuple[tuple[FileRole, tuple[str, ...]], ...]


class ContentsGroup(Struct, frozen=True):
    """Checkpoints that hold the same kinds of files: a sentence with these, then a line for each."""

    heading: Markdown
    lines: tuple[Markdown, ...]


def contents(page: Page) -> tuple[ContentsGroup, ...]:
    """Return what the checkpoints hold, the most common contents first."""
    groups: dict[Shape, list[Checkpoint]] = defaultdict(list)
    for experiment in page.report.experiments:
        for checkpoint in experiment.checkpoints:
            was_seen = bool(checkpoint.files) or checkpoint.tier is not None
            if was_seen and checkpoint.verdict is not Verdict.MISSING:
                groups[_shape(checkpoint)].append(checkpoint)
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[1][0].path))
    total = sum(len(alike) for alike in groups.values())
    told = [_group(shape, alike, total) for shape, alike in ordered[:MOST_GROUPS]]
    rest = [checkpoint for _, alike in ordered[MOST_GROUPS:] for checkpoint in alike]
    if rest:
        named = plain_listing([checkpoint.path for checkpoint in rest], 6)
        told.append(ContentsGroup(fold_words(f"Other contents, in {RESULTS_JSON}: {named}"), ()))
    return tuple(told)


def pattern(path: str) -> str:
    """Return a file's name with the numbers of its shard replaced: "model-*.safetensors"."""
    name = path.rpartition("/")[2]
    return re.sub(r"-?[0-9]{4,6}-of-[0-9]{4,6}|(?<=[_-])[0-9]{3,}(?=\.)", _starred, name)


def _starred(found: re.Match[str]) -> str:
    return "-*" if found[0].startswith("-") else "*"


def _shape(checkpoint: Checkpoint) -> Shape:
    names: dict[FileRole, set[str]] = defaultdict(set)
    for file in checkpoint.files:
        names[file.role].add(pattern(file.path))
    return tuple((role, tuple(sorted(names[role]))) for role in ROLES if role in names)


def _group(shape: Shape, alike: Sequence[Checkpoint], total: int) -> ContentsGroup:
    kinds = [ROLES[role][:1].lower() + ROLES[role][1:] for role, _ in shape] or ["no files"]
    heading = fold_words(f"{_holders(alike, total)} {plain_listing(kinds, len(ROLES))}")
    return ContentsGroup(heading, tuple(_line(role, names, alike) for role, names in shape))


def _holders(alike: Sequence[Checkpoint], total: int) -> str:
    """Return whose contents are told: "Each of the 12 checkpoints contains"."""
    if len(alike) == total:
        return (
            f"Each of the {plural(total, 'checkpoint')} contains" if total > 1 else "The checkpoint contains"
        )
    if len(alike) > MOST_NAMED:
        return f"{count(len(alike))} of {plural(total, 'checkpoint')} contain"
    names = plain_listing([checkpoint.path or "." for checkpoint in alike], MOST_NAMED)
    return f"{names} {'contain' if len(alike) > 1 else 'contains'}"


def _line(role: FileRole, names: Sequence[str], alike: Sequence[Checkpoint]) -> Markdown:
    """Return one kind of file: its names, how many a checkpoint has, and what they weigh."""
    files = [[file for file in checkpoint.files if file.role is role] for checkpoint in alike]
    sizes = [sum(file.size_bytes for file in own) for own in files]
    counts = {len(own) for own in files}
    amount = plural(counts.pop(), "file") if len(counts) == 1 else f"{min(counts)}–{max(counts)} files"
    low, high = size(min(sizes)), size(max(sizes))
    weight = low if low == high else f"{low} – {high}"
    if low.split(" ")[1] == high.split(" ")[1] and low != high:
        weight = f"{low.split(' ')[0]}–{high}"
    told = [text(amount), text(weight), *_inside([file for own in files for file in own])]
    return md("{} ({}): {}", ROLES[role], joined([code(name) for name in names[:6]]), joined(told))


def _inside(files: Iterable[CheckpointFile]) -> list[Markdown]:
    """Return the types of weights where headers were read: "BF16"."""
    weights = (FileRole.FULL_WEIGHTS, FileRole.ADAPTER)
    dtypes = sorted({dtype for file in files if file.role in weights for dtype in file.dtypes})
    return [text(", ".join(dtypes[:4]))] if dtypes else []
