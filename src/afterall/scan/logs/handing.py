"""Hand a block's telling lines to the readers that wait for them, without looking at the others one by one.

Invariant: each reader gets its lines once and in order; what no reader waits for costs a search for literals
and nothing more.
"""

from collections.abc import Sequence

from afterall.scan.logs.blocks import Block
from afterall.scan.logs.lines import line_between
from afterall.scan.logs.reader import LineReader


def hand_over(block: Block, readers: Sequence[LineReader]) -> None:
    """Give each reader the lines that hold one of its literals, and those it wants to follow.

    No reader waits for a line that holds nothing but bars. A reader that is alone may take records together.
    """
    followers = [reader for reader in readers if reader.follows()]
    if not block.has_words and not _is_wanted(followers):
        return
    waiting = _Waiting(block, {trigger for reader in readers for trigger in reader.triggers})
    found = {reader: waiting.found_of(reader.triggers) for reader in readers}
    awake = {reader for reader in readers if reader.wakes(found[reader])}
    awake |= {reader for reader in followers if reader.leader in awake}
    concerned = [(reader, found[reader], reader.follows()) for reader in readers if reader in awake]
    followers = [reader for reader in followers if reader in awake]
    only = readers[0] if len(readers) == 1 else None
    position = 0
    while position < len(block.data):
        wanted = position if _is_wanted(followers) else waiting.next_from(position)
        if wanted < 0:
            return
        start, end = block.record_at(wanted, position)
        after = start if only is None else only.read_at(block, start)
        if after > start:
            position = after
            continue
        line, position = line_between(block, start, end)
        for reader, triggers, follows in concerned:
            if (follows and reader.wants_next) or _holds(line.raw, triggers):
                reader.read(line)


def _is_wanted(followers: Sequence[LineReader]) -> bool:
    """Tell whether one of the readers wants the next line, whatever it holds."""
    for reader in followers:  # noqa: SIM110 (a generator for each line costs more than the lines' words)
        if reader.wants_next:
            return True
    return False


def _holds(raw: bytes, literals: Sequence[bytes]) -> bool:
    for literal in literals:  # noqa: SIM110
        if literal in raw:
            return True
    return False


class _Waiting:
    """Where each literal occurs next in a block."""

    def __init__(self, block: Block, literals: set[bytes]) -> None:
        self._data = block.data
        found = {literal: block.data.find(literal) for literal in literals if block.may_hold(literal)}
        self._next = {literal: position for literal, position in found.items() if position >= 0}
        self._nearest = min(self._next.values(), default=-1)

    def found_of(self, literals: Sequence[bytes]) -> list[bytes]:
        """Return those of the literals that the block holds."""
        return [literal for literal in literals if literal in self._next]

    def next_from(self, position: int) -> int:
        """Return the first place at or after `position` that holds a literal, -1 for none."""
        if self._nearest < position:
            for literal in [literal for literal, at in self._next.items() if at < position]:
                at = self._data.find(literal, position)
                if at < 0:
                    del self._next[literal]
                else:
                    self._next[literal] = at
            self._nearest = min(self._next.values(), default=-1)
        return self._nearest
