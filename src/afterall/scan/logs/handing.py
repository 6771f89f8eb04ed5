"""Hand a block's telling lines to the readers that wait for them, without looking at the others one by one.

Invariant: each reader gets its lines once and in order; what no reader waits for costs a search for literals
and nothing more.
"""

from collections.abc import Sequence

from afterall.scan.logs.blocks import Block
from afterall.scan.logs.lines import line_in
from afterall.scan.logs.reader import LineReader

BAR_BYTES = b"0123456789|%[]<>?,.:/ +-#\r\n\x1bA\xe2" + bytes(range(0x88, 0x90)) + b"\x96" + b"LossitnafN"
"""All that tqdm's bars of torchtune are made of. No reader waits for a line of nothing else."""


def hand_over(block: Block, readers: Sequence[LineReader]) -> None:
    """Give each reader the lines that hold one of its literals, and those it wants to follow."""
    if not any(reader.wants_next for reader in readers) and not block.data.translate(None, BAR_BYTES):
        return
    waiting = _Waiting(block.data, {trigger for reader in readers for trigger in reader.triggers})
    position = 0
    while position < len(block.data):
        if not any(reader.wants_next for reader in readers):
            position = waiting.next_from(position)
            if position < 0:
                return
        line, after = line_in(block, position)
        for reader in readers:
            if reader.wants_next or reader.is_for(line.raw):
                reader.read(line)
        position = after


class _Waiting:
    """Where each literal occurs next in a block."""

    def __init__(self, data: bytes, literals: set[bytes]) -> None:
        self._data = data
        found = {literal: data.find(literal) for literal in literals}
        self._next = {literal: position for literal, position in found.items() if position >= 0}

    def next_from(self, position: int) -> int:
        """Return the first place at or after `position` that holds a literal, -1 for none."""
        for literal in [literal for literal, at in self._next.items() if at < position]:
            at = self._data.find(literal, position)
            if at < 0:
                del self._next[literal]
            else:
                self._next[literal] = at
        return min(self._next.values(), default=-1)
