"""Say whose word counts when several sources name one parameter."""

from enum import IntEnum


class Standing(IntEnum):
    """What ran counts most, then what was asked for, what was planned, and last what a name suggests."""

    RESOLVED = 1
    """The configuration that the trainer printed as it began."""
    TRACKER = 2
    """What a tracker recorded of the run."""
    OVERRIDES = 3
    """Hydra's, of this run."""
    ADAPTER = 4
    """The saved adapter's own configuration."""
    COMMAND = 5
    """The training command in the batch script or on the submit line."""
    SAVED = 6
    """A configuration that the trainer saved beside its output."""
    TRAINER_STATE = 7
    WRITTEN = 8
    """A configuration as a person wrote it."""
    SETUP = 9
    """What a configuration was generated from."""
    README = 10
    """The model card that the trainer wrote beside the weights."""
    PLAN = 11
    """What a plan of the whole set says of the run."""
    DIRECTORY = 12
    """The experiment's name."""
