"""Define what can be said of one kind of finding.

Invariant: each tuple of forms ends with one that needs no evidence, so there is always a sentence; forms are
filled by `composing`, which escapes every value.
"""

from typing import LiteralString

from msgspec import Struct

Forms = tuple[LiteralString, ...]
"""Alternatives, the most telling first: the first whose every name has a value is used."""

INTERRUPTED: LiteralString = "The save was interrupted, or the disk or quota was full."
UNUSABLE: LiteralString = "It cannot be loaded; use another checkpoint of this run."
AGAIN: LiteralString = "Save it again from the last good state, or copy it again if it was copied."
UNFINISHED: LiteralString = (
    "Where training had not reached its end by then, the rest of it is missing; what was saved before can be "
    "used."
)


class Wording(Struct, frozen=True, kw_only=True):
    """The words for one code; names in braces are keys of `Finding.evidence`, or `subject`."""

    title: LiteralString
    """The heading of the issue."""
    says: Forms
    """What was found, as the end of a sentence that begins with the experiment's name."""
    cause: Forms = ("",)
    """Why, as a sentence; the finding's quote is shown below it."""
    unexplained: Forms = ("",)
    """The cause where there is no quote, and no other finding explains this one."""
    impact: Forms = ("",)
    """What it means for the results."""
    resolution: Forms = ("",)
    """What to do about it."""
