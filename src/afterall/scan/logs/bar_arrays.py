"""Take all loss bars of a block apart at once.

Invariant: a row that is not odd holds exactly what `int` and `float` make of its texts, and `repeats` says
whether both texts are those of the row before; of an odd row nothing but the place is known.
"""

import numpy as np
from msgspec import Struct

from afterall.scan.curves import BYTES_FROM
from afterall.scan.logs.blocks import Block
from afterall.scan.logs.number_words import Flags, Floats, Integers, Words, last_numbers, leading_losses

_WORDS = 6
"""What is looked at of each bar: 17 bytes before the mark, the mark's 7, and 24 after it."""
_BEFORE = 17
_MARK = np.uint64(int.from_bytes(b"|Loss: ", "little"))
_MARK_LENGTH = 7
_BAR, _BYTE = np.uint64(ord("|")), np.uint64(0xFF)
_EIGHT, _TWO = np.uint64(8), np.uint64(2)
_PIECE_BYTES = 1 << 16
"""What is as large as a block is memory that the system clears anew each time, at the cost of the search."""


class BarNews(Struct, frozen=True):
    """What bars of one epoch add to a curve."""

    steps: Integers
    losses: Floats
    marks: Integers
    offsets: Integers
    decimals: int
    """The most that one of the losses has."""


class BarRows(Struct, frozen=True):
    """One row for each mark of a block: where its loss begins, and what its texts say."""

    block: Block
    ends: Integers
    lines: Integers | None
    epochs: Integers
    numbers: Integers
    losses: Floats
    decimals: Integers
    odd: Flags
    repeats: Flags

    def changes(self) -> list[int]:
        """Return the first row, those where an epoch or a run may begin, odd ones and those behind them."""
        change = self.odd | (self.numbers <= 1)
        change[1:] |= self.odd[:-1] | (self.epochs[1:] != self.epochs[:-1])
        change[0] = True
        return [int(row) for row in np.flatnonzero(change)]

    def texts(self, row: int, length: int = 40) -> tuple[bytes, bytes]:
        """Return what stands before the mark of a row and after it, as far as it can matter."""
        data, end = self.block.data, int(self.ends[row])
        start = int(self.ends[row - 1]) if row else 0
        following = int(self.ends[row + 1]) - _MARK_LENGTH if row + 1 < len(self.ends) else len(data)
        mark = end - _MARK_LENGTH
        return data[max(start, mark - 26) : mark], data[end : min(following, end + length)]

    def place(self, row: int) -> tuple[int, int | None]:
        """Return where in the file the loss of a row begins, and on which line."""
        return self.block.offset + int(self.ends[row]), None if self.lines is None else int(self.lines[row])

    def news(self, start: int, end: int, before: int) -> BarNews | None:
        """Return what rows say that do not repeat the one before; `before` is added to their steps."""
        fresh = np.flatnonzero(~self.repeats[start:end]) + start
        if not len(fresh):
            return None
        offsets = self.ends[fresh] + self.block.offset
        marks = offsets + BYTES_FROM if self.lines is None else self.lines[fresh]
        decimals = int(self.decimals[fresh].max())
        return BarNews(self.numbers[fresh] + before, self.losses[fresh], marks, offsets, decimals)


def parse_bars(block: Block) -> BarRows:
    """Return the rows of a block's bars, in their order."""
    marks = _places(block.data, "L") - 1
    first, second, third, *after = _windows(block.data, marks - _BEFORE, _WORDS)
    is_mark = (third >> _EIGHT) == _MARK
    if not is_mark.all():
        marks, first, second, third = marks[is_mark], first[is_mark], second[is_mark], third[is_mark]
        after = [word[is_mark] for word in after]
    numbers, digits = last_numbers((second >> _EIGHT) | (third << np.uint64(56)))
    bits = np.maximum(digits, 1).astype(np.uint64) << _TWO
    back = np.uint64(32) - bits
    # Shifts by 64 bits are not defined: two of half as many are.
    epochs, epoch_digits = last_numbers(((second << bits) << bits) | ((first >> back) >> back))
    told = (digits > 0) & (epoch_digits > 0) & (epoch_digits < 8)
    told &= (((second >> back) >> back) & _BYTE) == _BAR
    losses = leading_losses(after[0], after[1], after[2])
    repeats = np.zeros(len(marks), np.bool_)
    columns = (numbers, digits, losses.decimals, *losses.texts)
    repeats[1:] = np.logical_and.reduce([column[1:] == column[:-1] for column in columns])
    return BarRows(
        block=block,
        ends=marks + _MARK_LENGTH,
        lines=_lines(block, marks),
        epochs=epochs,
        numbers=numbers,
        losses=losses.values,
        decimals=losses.decimals,
        odd=~(told & losses.known),
        repeats=repeats,
    )


def all_follow(data: bytes, text: bytes) -> bool:
    """Tell whether `text`, 16 bytes at most and a space the last, stands before every "[" after a space."""
    first, second = _windows(data, _places(data, "[") - 16, 2)
    unused = 8 * (16 - len(text))
    low, high = _halves(int.from_bytes(text.rjust(16, b"\0"), "little"))
    low_mask, high_mask = _halves((1 << 128) - (1 << unused))
    follows = ((second & high_mask) == high) & ((first & low_mask) == low)
    return bool((follows | ((second >> np.uint64(56)) != ord(" "))).all())


def _halves(number: int) -> tuple[np.uint64, np.uint64]:
    return np.uint64(number & (1 << 64) - 1), np.uint64(number >> 64)


def _places(data: bytes, sign: str) -> Integers:
    """Return where a byte occurs."""
    signs, byte = np.frombuffer(data, np.uint8), ord(sign)
    starts = range(0, max(len(data), 1), _PIECE_BYTES)
    found = [np.flatnonzero(signs[start : start + _PIECE_BYTES] == byte) + start for start in starts]
    return np.concatenate(found)


def _windows(data: bytes, at: Integers, words: int) -> list[Words]:
    """Return so many words at each of the places `at`, zeros before the data and after them."""
    size = 8 * words
    data = data.ljust(size, b"\0")
    windows = np.ndarray((len(data) - size + 1,), f"V{size}", data, strides=(1,))
    within = np.clip(at, 0, len(data) - size)
    taken = windows[within]
    for row in np.flatnonzero(within != at):
        start = int(at[row])
        text = bytes(max(-start, 0)) + data[max(start, 0) : start + size]
        taken[row] = np.void(text.ljust(size, b"\0"))
    return [np.ascontiguousarray(column) for column in taken.view("<u8").reshape(len(at), words).T]


def _lines(block: Block, marks: Integers) -> Integers | None:
    """Return the lines that the marks stand on, None after a skipped middle."""
    if block.first_line is None:
        return None
    if b"\n" not in block.data:
        return np.full(len(marks), block.first_line)
    return block.first_line + np.searchsorted(_places(block.data, "\n"), marks)
