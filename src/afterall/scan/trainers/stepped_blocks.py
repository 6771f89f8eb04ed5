"""Read logs that tell a step in a line of its own, and below it one number a line.

Invariant: a number counts for the step above it, and for none where no step was told yet; what a trainer's
table does not name is nobody's.
"""

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

from afterall.scan.trainers.line_format import PLANNED, FormatLines, LineFormat, Row
from afterall.scan.trainers.rows import number_in

Names = Mapping[str, tuple[str, float]]
"""From a trainer's name of a number to the one that `metric_names` knows, and what one of its units is."""


class BlockLines(FormatLines):
    """Reads blocks; a subclass says how they look."""

    step: ClassVar[re.Pattern[str]]
    """The line that begins a block, with groups `step` and perhaps `planned`."""
    number: ClassVar[re.Pattern[str]]
    """A line within a block, with groups `name` and `value`."""
    names: ClassVar[Names]

    def __init__(self, form: LineFormat, name: str) -> None:
        super().__init__(form, name)
        self._step: int | None = None

    def rows_in(self, text: str) -> Iterator[Row]:
        """Yield a row of one number, or of a step alone."""
        if begun := self.step.search(text):
            self._step = self.step_of(begun)
            yield {"step": self._step, PLANNED: _digits(begun.groupdict().get("planned"))}
        found = self.number.match(text) if begun is None and self._step is not None else None
        if found is not None and found["name"] in self.names:
            yield from self.row_of(found["name"], found["value"])

    def step_of(self, begun: re.Match[str]) -> int:
        """Return the optimizer step, counted from 1, that a block's first line tells."""
        return int(_digits(begun["step"]) or 0)

    def row_of(self, name: str, value: str) -> Iterator[Row]:
        """Yield the row of one number of the block's step."""
        known, unit = self.names[name]
        number = number_in(value.replace(",", ""))
        if number is not None:
            yield {"step": self._step, known: number * unit}


def _digits(text: str | None) -> str | None:
    """Return a count's digits; None where it is none, as `???`."""
    plain = (text or "").replace(",", "")
    return plain if plain.isdecimal() else None
