"""Read what a log's file name says: whose output it is, of which job, on which stream.

Invariant: a number is a job id only where a known pattern of `#SBATCH --output` (sbatch(1), FILENAME PATTERN)
or of submitit puts one and it can be none of a date, a time, a seed or a step; anything doubtful is no id.
"""

import re
from datetime import date

from msgspec import Struct

from afterall.model import JobId


class LogName(Struct, frozen=True, kw_only=True):
    """What a log's name says; `stem` is what is left without id, stream and extension."""

    stem: str
    job_id: JobId | None = None
    """The job's id, or the array's (%A) where `task_id` is given."""
    task_id: str | None = None
    is_stderr: bool = False
    is_evidence: bool = True
    """True for a name that only a job's or a training's output has; False for any other .log or .txt."""


_NO_TASK = "4294967294"
"""What Slurm writes for %a in a job that is no array: NO_VAL, slurm/slurm.h."""

_OUTPUT = re.compile(
    r"(?P<base>.+)\.(?P<kind>out|err|error|stdout|stderr|output|log|txt)(?:\.\d{1,3})?",
    re.IGNORECASE | re.DOTALL,
)
_GRID_ENGINE = re.compile(
    r"(?P<base>.+)\.(?P<kind>[oe])(?P<id>[1-9]\d*)(?:[._-](?P<task>\d{1,7}))?(?P<node>[._-][A-Za-z][\w.-]*)?",
    re.ASCII | re.DOTALL,
)
_KIND_FIRST = re.compile(
    r"(?:(?P<base>.+)[.-])?(?P<kind>out|err|error|log|stdout|stderr|output)[.-](?P<id>[1-9]\d{5,9})"
    r"(?:[._-](?P<task>\d{1,7}))?",
    re.IGNORECASE | re.ASCII | re.DOTALL,
)
"""As `--output=out.%j` and `--output=%x.out.%A_%a` make it."""
_BARE = re.compile(r"o|e|out|err|log|stdout|stderr|output|nohup|slurm[-_]?(?:out|err|output)", re.IGNORECASE)
_PLAIN_TEXT = re.compile(
    r"(?:slurm|logs?|train|training|run|running|job|std|console|output|nemo|lightning|finetune|sft|nohup)"
    r"(?:[-_.\d]|out|err|log|logs|final|globalrank|localrank|error|output|stdout|stderr)*",
    re.IGNORECASE,
)
_NO_LOG = re.compile(
    r"(?:log_\d{9,}|events|requirements|pip|license.*|readme.*|notice.*|merges|vocab.*|debug-.*)",
    re.IGNORECASE,
)
_REPORT_OUTPUT = re.compile(r"afterall(?:[-_.].*)?|results[-_.]\d+", re.ASCII | re.DOTALL)

_SUBMITIT = re.compile(r"(?P<id>\d{1,10})_(?P<task>\d{1,10})(?:_(?P<rank>\d{1,10}))?_log", re.ASCII)
_SLURM = re.compile(
    r"slurm[-_.]?(?P<id>[1-9]\d*)(?:_(?P<task>\d{1,10}))?(?=[-_.]|$)(?P<rest>.*)",
    re.ASCII | re.IGNORECASE | re.DOTALL,
)
_ARRAY_LAST = re.compile(
    r"(?:(?P<stem>.*?)[-_.])?(?P<id>[1-9]\d{3,9})_(?P<task>\d{1,7}|4294967294)", re.ASCII | re.DOTALL
)
_ARRAY_JOINED = re.compile(
    r"(?:(?P<stem>.*?)[-_.])?(?P<id>[1-9]\d{5,9})[-.](?P<task>\d{1,4})", re.ASCII | re.DOTALL
)
"""As `%A-%a` makes it; of shorter numbers the first would as well be a setting's."""
_ID_LAST = re.compile(r"(?:(?P<stem>.*?)[-_.])?(?P<id>[1-9]\d{3,9})", re.ASCII | re.DOTALL)
_ID_FIRST = re.compile(
    r"(?P<id>[1-9]\d{4,9})(?:_(?P<task>\d{1,7}))?[-_.](?P<stem>\D.*)", re.ASCII | re.DOTALL
)
_ID_WITHIN = re.compile(
    r"(?P<stem>.*[A-Za-z].*?)[-_.](?P<id>[1-9]\d{6,9})(?:_(?P<task>\d{1,4}))?[-_.](?P<rest>.*[A-Za-z].*)",
    re.ASCII | re.DOTALL,
)
"""As `%x_%A_%a.train` and `%x-%j-%N` make it."""
_JOB_DIRECTORY = re.compile(r"(?P<id>[1-9]\d{4,9})(?:_(?P<task>\d{1,7}))?", re.ASCII)
_STREAM = re.compile(
    r"(?P<stem>.*?)(?:^|[-_.])(?P<stream>std(?:out|err)|out|err|error|log)", re.IGNORECASE | re.DOTALL
)

_COUNTED = re.compile(
    r"(?:^|[-_.\d])(?:seed|steps?|epochs?|ep|iter(?:ation)?s?|checkpoint|ckpt|rank|r|lr|bs|batch|size|len|seq|ctx|max|n|k|samples?"
    r"|words?|tokens?|examples?|dim|hidden|layers?|heads?|version|v)$",
    re.IGNORECASE,
)
"""Words before a number that say what it counts."""
_COUNTS = re.compile(
    r"(?:k|m|b|steps?|iters?|iterations?|epochs?|samples?|examples?|tokens?|rows?|words?|params?|parameters?)(?![A-Za-z])",
    re.IGNORECASE,
)
"""Words behind one."""
_STREAM_FIRST = re.compile(
    r"(?P<stream>std(?:out|err)|out|err|error)(?:[-_.](?P<stem>.*))?", re.IGNORECASE | re.DOTALL
)
_GENERIC = re.compile(
    r"\d{0,7}|script|slurm|job|run|train(?:ing)?|log|main|console|nohup|sbatch|batch", re.IGNORECASE
)
"""How logs are called in a directory that bears their job's id."""
_AFTER_DATE = re.compile(r"(?:19|20)\d\d[-_.]?\d\d[-_.]?\d\d$", re.ASCII)
_LONG_ID = 5
_LARGEST_JOB_ID = 0x03FF0000
"""MaxJobId's default, slurm.conf(5). Federated ids lie above it and are believed after "slurm-" only."""


def parse_log_name(name: str) -> LogName | None:
    """Return what the file name of a text log says, or None where it is no log's name."""
    grid = _GRID_ENGINE.fullmatch(name)
    if grid and not (grid["node"] and len(grid["id"]) < _LONG_ID):
        return LogName(
            stem=grid["base"],
            job_id=JobId(grid["id"]),
            task_id=_task(grid["task"]),
            is_stderr=grid["kind"] == "e",
        )
    kind_first = _KIND_FIRST.fullmatch(name)
    if kind_first and _is_id(kind_first["id"]) and not _OUTPUT.fullmatch(name):
        return LogName(
            stem=kind_first["base"] or "",
            job_id=JobId(kind_first["id"]),
            task_id=_task(kind_first["task"]),
            is_stderr="err" in kind_first["kind"].lower(),
        )
    if _BARE.fullmatch(name):
        return LogName(stem="", is_stderr=name.lower().endswith(("err", "e")))
    found = _OUTPUT.fullmatch(name)
    if not found or _NO_LOG.fullmatch(found["base"]):
        return None
    base, kind = found["base"], found["kind"].lower()
    is_stderr = kind in ("err", "error", "stderr", "e")
    stem, stream = _without_stream(base)
    named = _parse_stem(stem)
    is_plain = _PLAIN_TEXT.fullmatch(base) is not None
    if kind == "txt" and not is_plain and not _may_be_output(named):
        return None
    if named.job_id is not None and (first := _STREAM_FIRST.fullmatch(named.stem)) is not None:
        stream = stream or first["stream"].lower()
        named = LogName(stem=first["stem"] or "", job_id=named.job_id, task_id=named.task_id)
    has_id = named.job_id is not None and kind != "txt"
    is_evidence = kind not in ("log", "txt") or has_id or is_plain
    return LogName(
        stem=named.stem,
        job_id=named.job_id,
        task_id=named.task_id,
        is_stderr=is_stderr or stream in ("stderr", "err", "error"),
        is_evidence=is_evidence,
    )


def job_of_directory(name: str) -> tuple[JobId, str | None] | None:
    """Return the job, and the array's task, after which a directory of logs is called: `logs/%A/%a.out`."""
    found = _JOB_DIRECTORY.fullmatch(name)
    if (
        found is None
        or not _is_id(found["id"])
        or (len(found["id"]) == _LONG_ID + 1 and _is_time(found["id"]))
    ):
        return None
    return JobId(found["id"]), _task(found["task"])


def is_generic(stem: str) -> bool:
    """Return whether a log's name says nothing of its own, or only the task of an array."""
    return _GENERIC.fullmatch(stem) is not None


def is_report_output(name: str) -> bool:
    """Return whether a file is the output of the job that writes the report: "results-123.out"."""
    found = _OUTPUT.fullmatch(name)
    return found is not None and _REPORT_OUTPUT.fullmatch(found["base"]) is not None


def plausible_job_id(text: str) -> JobId | None:
    """Return a number that stands where a job id may, or None for what is rather a date or too small."""
    return JobId(text) if re.fullmatch(r"[1-9]\d{3,9}", text, re.ASCII) and _is_id(text) else None


def _without_stream(base: str) -> tuple[str, str]:
    """Cut "stderr" or "_err" off a name such as "rank4_err.log"; submitit's "_log" belongs to its pattern."""
    found = _STREAM.fullmatch(base)
    if found is None or _SUBMITIT.fullmatch(base):
        return base, ""
    return found["stem"], found["stream"].lower()


def _parse_stem(stem: str) -> LogName:
    submitit = _SUBMITIT.fullmatch(stem)
    if submitit:
        # submitit names logs %j_%t and, in arrays, %A_%a_%t; %t is the rank (submitit/slurm/slurm.py).
        in_array = submitit["rank"] is not None
        return LogName(
            stem="", job_id=JobId(submitit["id"]), task_id=_task(submitit["task"]) if in_array else None
        )
    slurm = _SLURM.fullmatch(stem)
    if slurm and not _starts_date(slurm["id"], slurm["rest"]):
        rest = slurm["rest"].strip("-_.")
        return LogName(stem=rest or "slurm", job_id=JobId(slurm["id"]), task_id=_task(slurm["task"]))
    for pattern in (_ARRAY_LAST, _ARRAY_JOINED, _ID_LAST, _ID_FIRST):
        found = pattern.fullmatch(stem)
        if found and _is_id(found["id"], found["stem"] if pattern is not _ID_FIRST else None):
            task = _task(found["task"]) if pattern is not _ID_LAST else None
            if pattern is _ARRAY_JOINED and _starts_month(found["id"], found["task"]):
                continue
            return LogName(stem=found["stem"] or "", job_id=JobId(found["id"]), task_id=task)
    within = _ID_WITHIN.fullmatch(stem)
    if within and _is_id(within["id"], within["stem"]) and not _COUNTS.match(within["rest"]):
        whole = f"{within['stem']}.{within['rest']}"
        return LogName(stem=whole, job_id=JobId(within["id"]), task_id=_task(within["task"]))
    return LogName(stem=stem)


def _may_be_output(named: LogName) -> bool:
    """Return whether a .txt bears an array's ids, or an id alone, as no list of words or samples does."""
    is_long = named.job_id is not None and len(named.job_id) > _LONG_ID
    return is_long and (named.task_id is not None or not named.stem)


def _starts_month(digits: str, day: str) -> bool:
    """Return whether two numbers are rather a month and a day: 202611-23."""
    return len(digits) == _LONG_ID + 1 and len(day) == 2 and _is_date(digits + day)


def _task(text: str | None) -> str | None:
    return None if text is None or text == _NO_TASK else str(int(text))


def _is_id(digits: str, before: str | None = None) -> bool:
    number = int(digits)
    if number > _LARGEST_JOB_ID or (len(digits) == 4 and 1970 <= number <= 2099):
        return False
    if len(digits) == 8 and _is_date(digits):
        return False
    if before is None:
        return True
    if len(digits) == 6 and _is_time(digits) and _AFTER_DATE.search(before):
        return False
    return _COUNTED.search(before) is None


def _starts_date(digits: str, rest: str) -> bool:
    dashed = re.match(r"-(\d\d)-(\d\d)(?!\d)", rest, re.ASCII)
    if len(digits) == 4 and dashed:
        return _is_date(digits + dashed[1] + dashed[2])
    # Without anything behind it this is Slurm's default name, and the number the id that it looks like.
    return len(digits) == 8 and bool(rest) and _is_date(digits)


def _is_date(digits: str) -> bool:
    try:
        return 1990 <= date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).year <= 2099
    except ValueError:
        return False


def _is_time(digits: str) -> bool:
    return int(digits[:2]) < 24 and int(digits[2:4]) < 60 and int(digits[4:]) < 60
