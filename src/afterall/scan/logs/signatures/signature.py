"""Define what one kind of telling line is, so that a new one is a row in a table."""

import re

from msgspec import Struct

from afterall.model import FindingCode, Severity

ERROR = b"rror: "
"""What most exceptions' lines and most of Slurm's hold."""


class Signature(Struct, frozen=True, kw_only=True):
    """One kind of line, found by a literal and then judged by a pattern.

    The pattern searches the record's words: without terminal codes, a bar before them, and the prefixes of
    ranks and loggers. Named groups become the finding's evidence.
    """

    code: FindingCode
    literal: bytes
    """What every such line holds."""
    pattern: re.Pattern[bytes]
    era: str
    """Which releases write it so."""
    is_not: str = ""
    """What looks like it and is something else, or what it does not prove."""
    refusal: re.Pattern[bytes] | None = None
    """A record in which this is found too is not meant."""
    severity: Severity | None = None
    """Set where this line is weaker or stronger evidence than its code usually is."""
    is_aftermath: bool = False
    """True for what any killed step leaves: not told where the log names a cause."""
    continues: bool = False
    """True where it may be a later line of an exception's message."""
    is_error: bool = False
    """True where every such line holds ERROR too, which is then searched for instead of the literal."""

    @property
    def trigger(self) -> bytes:
        """What is searched for in every log: rows share it where they can, for each costs a search."""
        return ERROR if self.is_error else self.literal


def signature(
    code: FindingCode, literal: bytes, pattern: bytes, era: str, *, is_error: bool = False
) -> Signature:
    """Return a row that needs nothing more than what every row has."""
    return Signature(code=code, literal=literal, pattern=re.compile(pattern), era=era, is_error=is_error)


def raised(names: bytes, message: bytes) -> re.Pattern[bytes]:
    """Return the pattern of an exception's own line: one of `names`, with or without its modules.

    Only what stands in brackets, as a logger's time and place do, may come before it: within a sentence, a
    source line or somebody's data an exception's name is a word like any other.
    """
    return re.compile(
        rb"^(?:[^\n\"'{}]{0,200}[\])] {0,4})?[| ]{0,40}(?:\w{1,80}\.){0,8}(?:" + names + rb"): " + message
    )
