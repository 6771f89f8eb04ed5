"""Say what the worker asks of a process that has become a user, and what that process may answer.

Invariant: the answer is a user's word. It names directories and jobs, and the worker never touches such a
directory itself: it hands the name back to a process of the same user.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from afterall.model import JobId, Observation

MAX_JOBS = 2000
"""Most job ids of one set that are asked for one by one; a larger set is asked for by its user."""

AbsolutePath = Annotated[str, Meta(pattern="^/", max_length=4096)]
"""PATH_MAX is 4096 bytes (linux/limits.h)."""
Detail = Annotated[str, Meta(max_length=500)]
NamedJob = Annotated[JobId, Meta(pattern="^[0-9]{1,10}(_[0-9]{1,10})?$")]
"""Any other text would reach Slurm's command lines."""


class OptIn(StrEnum):
    """Whether a set wants reports, as far as its directory and its jobs' comments tell."""

    YES = "yes"
    NO = "no"
    """Its afterall.toml says `enabled = false`."""
    UNSAID = "unsaid"
    """It has no afterall.toml."""


class Trouble(StrEnum):
    """Why an errand could not be done."""

    NOT_A_USER = "not_a_user"
    """The process could not become the user, or refused to."""
    UNKNOWN_USER = "unknown_user"
    """No name service knows the uid: its groups are unknown, so what it cannot see may yet be there."""
    MISSING = "missing"
    """The directory is not there: deleted, or its file system is not mounted."""
    UNREADABLE = "unreadable"
    BAD_SETTINGS = "bad_settings"
    REFUSED = "refused"
    """The report could not be put in its place: lock held, disk full, read-only."""
    INSTALLATION = "installation"
    """The user may not read afterall's own files."""
    TIMEOUT = "timeout"
    STALE = "stale"
    """Its turn came too late, or not at all since an earlier process of its user hung: it is asked anew."""
    SPOOL = "spool"
    """The worker's own disk refused the note."""
    FAULT = "fault"
    """The process ended without a proper answer."""


class Person(Struct, frozen=True):
    """Whom to become; `gid` is the job's own group, None where the record has none."""

    uid: int
    gid: int | None
    user: str


class Limits(Struct, frozen=True, kw_only=True):
    """What the process may use."""

    cpu_s: int
    memory_bytes: int
    file_bytes: int
    open_files: int


class Resolve(Struct, frozen=True, tag="resolve"):
    """Ask which set each working directory belongs to, and whether it wants reports."""

    dirs: tuple[str, ...]


class Look(Struct, frozen=True, tag="look"):
    """Ask which jobs the files of these sets name."""

    sets: tuple[str, ...]


class Report(Struct, frozen=True, tag="report", kw_only=True):
    """Write a set's report from what Slurm said; `provisional` while some of its jobs still live."""

    set_dir: str
    observation: Observation
    provisional: bool = False


class Request(Struct, frozen=True, kw_only=True):
    """One errand, and everything needed to become the user first."""

    person: Person
    min_uid: int
    limits: Limits
    errand: Resolve | Look | Report


class Place(Struct, frozen=True, kw_only=True):
    """A working directory's set, None where it belongs to none or `trouble` hides it."""

    work_dir: str
    set_dir: AbsolutePath | None = None
    """Absolute, symbolic links resolved."""
    opt_in: OptIn = OptIn.UNSAID
    user_known: bool = True
    """False where no name service knows the uid: Slurm's commands refuse to be asked for such a user."""
    trouble: Trouble | None = None
    detail: Detail = ""


class LookedSet(Struct, frozen=True, kw_only=True):
    """What a set's files tell of its jobs."""

    set_dir: AbsolutePath
    opt_in: OptIn = OptIn.UNSAID
    job_ids: Annotated[tuple[NamedJob, ...], Meta(max_length=MAX_JOBS)] = ()
    every_job_known: bool = False
    """True when each of its experiments names its job."""
    partial: bool = False
    """True when the set asks for provisional reports."""
    since: Annotated[datetime, Meta(tz=True)] | None = None
    """None of its jobs ended earlier; None: unknown."""
    owner_uid: int | None = None
    """Whose directory it is, where a name service knows him: colleagues may run jobs in it."""
    user_known: bool = True
    trouble: Trouble | None = None
    detail: Detail = ""


class Resolved(Struct, frozen=True, tag="resolved"):
    """The answer to Resolve."""

    places: tuple[Place, ...]


class Looked(Struct, frozen=True, tag="looked"):
    """The answer to Look."""

    sets: tuple[LookedSet, ...]


class Reported(Struct, frozen=True, tag="reported", kw_only=True):
    """The answer to Report: `status` is the set's, in RESULTS.json's word; `written` counts changed files."""

    status: Annotated[str, Meta(max_length=40)]
    written: int = 0


class Failed(Struct, frozen=True, tag="failed", kw_only=True):
    """The answer where nothing was done; the report that lay there is untouched."""

    trouble: Trouble
    detail: Detail = ""


class Answer(Struct, frozen=True):
    """What comes back."""

    answer: Resolved | Looked | Reported | Failed
