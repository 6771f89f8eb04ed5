"""Give every way to end its exit code."""

from enum import IntEnum

from afterall.errors import AfterallError, BadInput, PublishRefused, SlurmUnavailable


class Exit(IntEnum):
    """What the exit codes mean; they are documented in docs/reference/exit-codes.md."""

    DONE = 0
    SOMETHING_WRONG = 1
    USAGE = 2
    NOT_FINISHED = 3
    SLURM_UNAVAILABLE = 4
    NOT_PUBLISHED = 5
    FAULT = 70
    INTERRUPTED = 130
    """128 and SIGINT, as a shell has it."""
    NO_READER = 141
    """128 and SIGPIPE."""


def exit_code_of(error: AfterallError) -> Exit:
    """Return the exit code for a failure that a command did not handle itself."""
    match error:
        case BadInput():
            return Exit.USAGE
        case SlurmUnavailable():
            return Exit.SLURM_UNAVAILABLE
        case PublishRefused():
            return Exit.NOT_PUBLISHED
        case _:
            return Exit.FAULT
