"""Close a verification with one line: the verdicts, what was looked at, and what that look does not see.

Invariant: a tier is named where it ran and nowhere else.
"""

from collections import Counter
from collections.abc import Sequence

from afterall.model import Checkpoint, Tier
from afterall.render.composing import plural
from afterall.render.words.measures import size
from afterall.render.words.numbers import count
from afterall.render.words.states import VERDICTS
from afterall.render.words.tiers import LOOKED_AT, NOT_REACHED, NOT_SEEN

_ORDER = (Tier.QUICK, Tier.VALUES, Tier.AGAINST)


def closing_line(checkpoints: Sequence[Checkpoint], asked: Tier) -> str:
    """Return the last line of what `afterall verify` tells; `asked` is the tier that was wanted."""
    counted = Counter(checkpoint.verdict for checkpoint in checkpoints)
    verdicts = ", ".join(
        f"{count(counted[verdict])} {word}" for verdict, (_, word) in VERDICTS.items() if verdict in counted
    )
    files = plural(sum(len(checkpoint.files) for checkpoint in checkpoints), "file")
    bytes_ = size(sum(checkpoint.size_bytes for checkpoint in checkpoints))
    told = f"{plural(len(checkpoints), 'checkpoint')}: {verdicts}; {files}, {bytes_}."
    return " ".join([told, *_tiers(checkpoints, asked)])


def _tiers(checkpoints: Sequence[Checkpoint], asked: Tier) -> list[str]:
    reached = Counter(checkpoint.tier for checkpoint in checkpoints)
    told = []
    for tier in (*_ORDER, None):
        if not reached[tier]:
            continue
        whom = f" ({plural(reached[tier], 'checkpoint')})" if len(reached) > 1 else ""
        if tier is None:
            told.append(f"No tier{whom}: nothing was looked into.")
        else:
            is_less = _ORDER.index(tier) < _ORDER.index(asked)
            unseen = NOT_REACHED[tier] if is_less else NOT_SEEN[tier]
            told.append(f"{tier.value.capitalize()} tier{whom}: {LOOKED_AT[tier]}; {unseen}.")
    return told
