"""Keep every value together with where it was read.

Invariant: no number reaches a report without a `Source`.
"""

from msgspec import Struct

from afterall.model.points import Points

Scalar = str | int | float | bool | None


class Source(Struct, frozen=True, order=True):
    """A place: `file` is relative to the set (or the name of a Slurm command), `where` a place in it."""

    file: str
    where: str = ""
    """As "line 120", "key log_history[10].loss", "step 150", "byte 4096"; empty: the file itself."""


DIRECTORY_NAME = "directory name"
"""`Source.where` of a value that stands in a directory's own name."""


class Fact(Struct, frozen=True):
    """A value read from somewhere; `unit` is None where the value has no dimension."""

    value: Scalar
    source: Source
    unit: str | None = None


class Series(Struct, frozen=True):
    """One metric over the steps of a run, ascending, one point a step, NaN and spikes kept."""

    metric: str
    points: Points
    source: Source
