"""Read one spool record: the few lines by which the hook notes that a job ended.

Invariant: total over any bytes, a value or BadEvent. A record that was cut, glued or forged by a value with a
line break in it does not pass.

Format (hooks/afterall-epilog writes it): first line `afterall-event 1`, then `key=value` lines, last line
`end=1`; at most 4096 bytes. Values are raw bytes without line breaks. A value that does not fit is left out
and its key named in `omitted=key,key`. Keys that are not known here are skipped.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum

from msgspec import Struct

from afterall.errors import BadEvent
from afterall.model import JobId

MAX_RECORD_BYTES = 4096
FIRST_LINE = b"afterall-event 1"
LAST_LINE = b"end=1"

_KEY = re.compile(rb"[a-z][a-z0-9_]{0,31}")
_DIGITS = re.compile(r"[0-9]{1,10}")
# slurm/slurm.h: INFINITE 0xffffffff and NO_VAL 0xfffffffe stand for "none"; as a uid the first is -1, which
# setresuid(2) takes for "leave as it is".
_NO_VALUE = 0xFFFFFFFE


class Context(StrEnum):
    """Which of Slurm's hooks wrote the record, in SLURM_SCRIPT_CONTEXT's words."""

    EPILOG_SLURMD = "epilog_slurmd"
    EPILOG_SLURMCTLD = "epilog_slurmctld"
    JOBCOMP = "jobcomp"


class Event(Struct, frozen=True, kw_only=True):
    """One job ending, or one leg of it, as the hook saw it. Text keeps undecodable bytes as surrogates."""

    name: str
    """The record's file name in the spool."""
    context: Context
    job_id: JobId
    uid: int
    gid: int | None = None
    array_job_id: JobId | None = None
    """The array's master id; None for a job that is no array task."""
    array_task_id: str | None = None
    het_job_id: JobId | None = None
    """The id of a het job's leader; None for an ordinary job."""
    user: str = ""
    cluster: str = ""
    work_dir: str = ""
    """Absolute; empty where it was left out or is not absolute."""
    exit: str = ""
    """As Slurm gave it: "3:0", or a raw wait status."""
    state: str = ""
    """Only jobcomp knows it; PENDING when the job was requeued."""
    restarts: int | None = None
    node: str = ""
    comment: str = ""
    job_name: str = ""
    partition: str = ""
    submit: datetime | None = None
    """Only jobcomp knows it."""
    omitted: tuple[str, ...] = ()
    """Keys whose values did not fit into the record."""

    @property
    def job_ids(self) -> tuple[JobId, ...]:
        """Every id under which Slurm knows this job: its own, its array's and its het leader's."""
        ids = (self.job_id, self.array_job_id, self.het_job_id)
        return tuple(dict.fromkeys(job_id for job_id in ids if job_id is not None))


def parse_event(data: bytes, name: str) -> Event:
    """Return the event in a record's bytes; raise BadEvent saying what is wrong with it."""
    values = _Values(name, _parse_lines(data, name))
    submit = values.number("submit")
    array_job_id = values.job_id("array_job_id")
    work_dir = values.text("work_dir")
    return Event(
        name=name,
        context=values.context(),
        job_id=values.required_job_id(),
        uid=values.required_uid(),
        gid=values.number("gid"),
        array_job_id=array_job_id,
        array_task_id=None if array_job_id is None else _as_text(values.number("array_task_id")),
        het_job_id=values.job_id("het_job_id"),
        user=values.text("user"),
        cluster=values.text("cluster"),
        work_dir=work_dir if work_dir.startswith("/") else "",
        exit=values.text("exit"),
        state=values.text("state"),
        restarts=values.number("restarts"),
        node=values.text("node"),
        comment=values.text("comment"),
        job_name=values.text("name"),
        partition=values.text("partition"),
        submit=datetime.fromtimestamp(submit, UTC) if submit else None,
        omitted=tuple(key for key in values.text("omitted").split(",") if key),
    )


def _parse_lines(data: bytes, name: str) -> dict[str, str]:
    """Split a record into its values; every structural fault is a BadEvent."""
    if len(data) > MAX_RECORD_BYTES:
        raise BadEvent(name, f"is longer than {MAX_RECORD_BYTES} bytes")
    if b"\0" in data or b"\r" in data:
        raise BadEvent(name, "holds a NUL or a carriage return")
    lines = data.removesuffix(b"\n").split(b"\n")
    if lines[0] != FIRST_LINE:
        raise BadEvent(name, f"does not begin with '{FIRST_LINE.decode()}'")
    if len(lines) < 2 or lines[-1] != LAST_LINE:
        raise BadEvent(name, f"does not end with '{LAST_LINE.decode()}': it was cut")
    values: dict[str, str] = {}
    for number, line in enumerate(lines[1:-1], start=2):
        key, equals, value = line.partition(b"=")
        if not equals or not _KEY.fullmatch(key):
            raise BadEvent(name, f"line {number} is not key=value")
        if key.decode() in values or key == b"end":
            raise BadEvent(name, f"line {number} gives {key.decode()} a second time")
        values[key.decode()] = value.decode("utf-8", "surrogateescape")
    return values


class _Values:
    """A record's values on their way into types; `(null)` is how Slurm prints what is not set."""

    def __init__(self, name: str, values: Mapping[str, str]) -> None:
        self._name = name
        self._values = values

    def text(self, key: str) -> str:
        value = self._values.get(key, "")
        return "" if value == "(null)" else value

    def number(self, key: str) -> int | None:
        value = self.text(key)
        if not value:
            return None
        if not _DIGITS.fullmatch(value):
            raise BadEvent(self._name, f"{key} is not a number")
        return None if int(value) >= _NO_VALUE else int(value)

    def job_id(self, key: str) -> JobId | None:
        number = self.number(key)
        return JobId(str(number)) if number else None

    def required_job_id(self) -> JobId:
        job_id = self.job_id("job_id")
        if job_id is None:
            raise BadEvent(self._name, "has no job_id")
        return job_id

    def required_uid(self) -> int:
        uid = self.number("uid")
        if uid is None:
            raise BadEvent(self._name, "has no uid")
        return uid

    def context(self) -> Context:
        try:
            return Context(self.text("context"))
        except ValueError as error:
            raise BadEvent(self._name, "has no context that is known here") from error


def _as_text(number: int | None) -> str | None:
    return None if number is None else str(number)
