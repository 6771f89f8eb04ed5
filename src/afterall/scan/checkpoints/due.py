"""Hold what a run was to save: one checkpoint, who says so, and whether the trainer deleted it again."""

from collections.abc import Mapping

from msgspec import Struct

from afterall.scan.checkpoints.layouts import Saving


class Due(Struct, frozen=True):
    """A checkpoint that ought to be there; `told_by` is "epochs", "steps" or "log"."""

    name: str
    told_by: str
    epoch: int | None = None
    step: int | None = None
    files: tuple[str, ...] = ()
    """Names of files in it that the log says were saved."""
    home: str | None = None
    """The directory that it would lie in; None: that of the others."""
    every_steps: int | None = None
    """The interval that it is a multiple of."""
    is_pruned: bool = False
    """True where the trainer was told to delete it once newer ones were saved."""


class Savings(Struct, frozen=True):
    """What a run's own arguments say of saving."""

    last: Saving | None = None
    """What it was told last."""
    by_checkpoint: Mapping[str, Saving] = {}
    """What it had been told when it saved each checkpoint, by path; empty where checkpoints do not say it."""


UNTOLD = Savings()
"""Of a run that nobody told anything about saving."""
