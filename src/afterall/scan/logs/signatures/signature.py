"""Define what one kind of telling line is, so that a new one is a row in a table."""

import re

from msgspec import Struct

from afterall.model import FindingCode, Severity


class Signature(Struct, frozen=True, kw_only=True):
    """One kind of line, found by a literal and then judged by a pattern on the record without terminal codes.

    Named groups become the finding's evidence.
    """

    code: FindingCode
    literal: bytes
    pattern: re.Pattern[bytes]
    era: str
    """Which releases write it so."""
    is_not: str = ""
    """What looks like it and is something else, or what it does not prove."""
    refusal: re.Pattern[bytes] | None = None
    """A record in which this is found too is not meant."""
    severity: Severity | None = None
    """Set where this line is weaker evidence than its code usually is."""
    is_aftermath: bool = False
    """True for what any killed step leaves: not told where the log names a cause."""


def signature(code: FindingCode, literal: bytes, pattern: bytes, era: str) -> Signature:
    """Return a row that needs nothing more than the four things every row has."""
    return Signature(code=code, literal=literal, pattern=re.compile(pattern), era=era)
