"""Hold a figure before it is drawn: its words, and how to draw it."""

from collections.abc import Callable

from msgspec import Struct


class Figure(Struct, frozen=True):
    """One figure; `draw` returns the bytes of an SVG, and imports what it needs for that."""

    words: str
    """What it shows, with its numbers, as plain text."""
    draw: Callable[[], bytes]
