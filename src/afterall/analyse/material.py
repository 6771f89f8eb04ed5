"""Hold what analysis works on, so that the whole of it is one argument.

Invariant: analysis reads nothing else; the same material gives the same report.
"""

from msgspec import Struct

from afterall.model import Experiment, MatchedSet, Observation, SetLayout
from afterall.settings import SetSettings


class Material(Struct, frozen=True, kw_only=True):
    """Everything that was found out about a set."""

    layout: SetLayout
    experiments: tuple[Experiment, ...]
    """In any order."""
    matched: MatchedSet
    observation: Observation
    settings: SetSettings = SetSettings()
    readme: str | None = None
    """The text of the set's own README.md; None where it has none."""
