"""Tell what a sacct of a given version can be asked, and what it means by an exit code.

Invariant: a column is asked for only of a version that has it, since one unknown column costs the whole
answer ("Invalid field requested", before anything is asked of slurmdbd).
"""

import re

from msgspec import Struct

from afterall.observe.records import RECORDED_SEPARATOR

Version = tuple[int, int]
"""Slurm's release, as (22, 5) for 22.05."""

DOCUMENTED_COLUMNS = (
    *("JobIDRaw", "JobID", "Cluster", "User", "UID", "State", "ExitCode", "DerivedExitCode"),
    *("Submit", "Eligible", "Start", "End", "ElapsedRaw", "TimelimitRaw", "NNodes", "NCPUS"),
    *("AllocTRES", "ReqTRES", "MaxRSS", "TRESUsageInMax", "Reason", "NodeList"),
    *("WorkDir", "JobName", "Comment", "SubmitLine"),
)
"""What the documented command for --sacct-file asks for; every release from 21.08 on has all of them."""

_SINCE: dict[Version, tuple[str, ...]] = {
    (23, 2): ("FailedNode",),
    (24, 5): ("StdOut", "StdErr"),
    (24, 11): ("Restarts",),
}
"""Columns by the release that brought them: src/sacct/sacct.c, `fields[]`."""

_EXPANDS_SINCE: Version = (24, 5)
"""--expand-patterns: StdOut and StdErr with their % patterns filled in."""

_KEEPS_128_SINCE: Version = (25, 11)
"""Before, sacct subtracts 128 from exit codes of 128 and more: 137 is shown as 9, 128 as 0, 255 as 127
[measured, 22.05.8: 9:0; 25.11.7: 137:0]."""

_FREE_TEXT = ("WorkDir", "JobName", "Comment", "SubmitLine")
_SUBMIT_LINE_SINCE: Version = (21, 8)


class Dialect(Struct, frozen=True, kw_only=True):
    """How one sacct is asked and understood."""

    columns: tuple[str, ...] = DOCUMENTED_COLUMNS
    separator: str = RECORDED_SEPARATOR
    expands_patterns: bool = False
    subtracts_128: bool | None = None
    """None: the version is unknown."""


RECORDED = Dialect()
"""Text saved with the documented command, by a sacct of unknown version."""


def parse_version(text: bytes) -> Version | None:
    """Return the release in `sacct --version`'s line: "slurm 25.11.7", "slurm-wlm 22.05.8"."""
    found = re.search(rb"(?:^|\s)([0-9]{2})\.([0-9]{2})(?:\.|\b)", text[:200])
    return (int(found[1]), int(found[2])) if found else None


def dialect_of(version: Version | None, separator: str = RECORDED_SEPARATOR) -> Dialect:
    """Return how a sacct of `version` is asked; of an unknown one, only for what all have."""
    if version is None:
        return Dialect(separator=separator)
    added = tuple(name for since, names in sorted(_SINCE.items()) if version >= since for name in names)
    free = _FREE_TEXT if version >= _SUBMIT_LINE_SINCE else _FREE_TEXT[:-1]
    fixed = tuple(name for name in DOCUMENTED_COLUMNS if name not in _FREE_TEXT)
    return Dialect(
        columns=(*fixed, *added, *free),
        separator=separator,
        expands_patterns=version >= _EXPANDS_SINCE,
        subtracts_128=version < _KEEPS_128_SINCE,
    )
