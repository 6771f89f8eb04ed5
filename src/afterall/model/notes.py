"""Mark the one place in a report that belongs to people, and tell a person's edits from our own text.

Invariant: what stands between the two markers passes through every rewrite byte for byte.
"""

import re
from hashlib import sha256

from msgspec import Struct

NOTES_BEGIN = "<!-- afterall:notes:begin -->"
NOTES_END = "<!-- afterall:notes:end -->"
DEFAULT_NOTES = "\n*Yours to write: whatever stands between the two markers survives every rewrite.*\n"

_SEAL = re.compile(r"\n<!-- afterall:sha256:([0-9a-f]{64}) -->\n?\Z")


class OldReport(Struct, frozen=True):
    """What a report that already lies in the set holds of people's work."""

    notes: str | None
    """The text between the markers, or None where they are missing or not a pair."""
    edited: bool
    """True when anything outside the notes is not as it was written, or it was never ours."""


def seal(text: str) -> str:
    """Return `text` with a last line by which a later run can tell whether people changed it."""
    body = text.rstrip("\n") + "\n"
    return f"{body}\n<!-- afterall:sha256:{_digest(body)} -->\n"


def parse_old_report(text: str) -> OldReport:
    """Return the notes in `text` and whether it was edited outside of them."""
    notes = _notes_of(text)
    found = _SEAL.search(text)
    if found is None:
        return OldReport(notes, edited=True)
    return OldReport(notes, edited=_digest(text[: found.start()]) != found[1])


def _notes_of(text: str) -> str | None:
    before, begin, rest = text.partition(NOTES_BEGIN)
    notes, end, after = rest.partition(NOTES_END)
    if not begin or not end or NOTES_END in before or NOTES_BEGIN in after + notes or NOTES_END in after:
        return None
    return notes


def _digest(body: str) -> str:
    """Hash a report without its notes; a missing or doubled marker counts as an edit."""
    notes = _notes_of(body)
    if notes is not None:
        head, _, rest = body.partition(NOTES_BEGIN)
        body = head + NOTES_BEGIN + NOTES_END + rest.partition(NOTES_END)[2]
    return sha256(body.rstrip("\n").encode("utf-8", "surrogatepass")).hexdigest()
