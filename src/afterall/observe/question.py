"""Hold what is to be asked of Slurm about one set, and tell which of its answers are about that set.

Invariant: pure text; no path is touched, so root may use it on paths of any user.
"""

import posixpath
import re
from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from afterall.model import Attempt, JobId

SUMMARY_PREFIX = "afterall-"
"""How the names of our own summary jobs begin; they run in the set's directory and are no part of the set."""

_SCRIPT_ENDINGS = (".sbatch", ".slurm", ".sh", ".bash", ".job", ".batch", ".py")


class Question(Struct, frozen=True, kw_only=True):
    """One set's question to Slurm."""

    work_dir: str
    """The set's absolute path, symbolic links resolved, without "/" at its end."""
    job_ids: tuple[JobId, ...] = ()
    """Ids from log names, events and settings: "123", or "123_4" for one array task."""
    uid: int | None = None
    user: str | None = None
    """Used where `uid` is None. Both None: Slurm is asked by ids alone."""
    since: datetime | None = None
    """No job of the set was submitted earlier; None: unknown."""
    every_job_known: bool = False
    """True: ask by ids. False: ask for everything of the user's since `since`, and keep what is the set's."""
    exclude: tuple[JobId, ...] = ()
    """Jobs that are no part of the set, as the one that asks."""

    @property
    def asked_ids(self) -> tuple[JobId, ...]:
        """The ids to ask Slurm for, ascending: an array's own for its tasks; what is no id is left out."""
        bases = {job_id.partition("_")[0] for job_id in self.job_ids}
        return tuple(
            JobId(base) for base in sorted((b for b in bases if re.fullmatch("[0-9]{1,10}", b)), key=int)
        )

    @property
    def asks_by_ids(self) -> bool:
        """True if accounting is asked for ids alone, not for a window of the user's jobs."""
        return bool(self.asked_ids) and (self.every_job_known or not self.asked_user)

    @property
    def asked_user(self) -> str:
        """The user as sacct's and squeue's -u take one; empty where unknown."""
        return str(self.uid) if self.uid is not None else self.user or ""


def belonging(attempts: Iterable[Attempt], question: Question) -> tuple[Attempt, ...]:
    """Return those of `attempts` that are of the set: by id, directory, output or batch script."""
    ids = {*question.job_ids, *question.asked_ids}
    excluded = set(question.exclude)
    return tuple(
        attempt
        for attempt in attempts
        if not excluded & _ids(attempt)
        and not _is_summary(attempt, question)
        and (ids & _ids(attempt) or _lies_in(attempt, question.work_dir))
    )


def summaries(attempts: Iterable[Attempt], question: Question) -> tuple[JobId, ...]:
    """Return which of `attempts` are our own summary jobs in the set's directory, ascending."""
    found = {attempt.job_id for attempt in attempts if _is_summary(attempt, question)}
    return tuple(sorted(found, key=lambda job_id: (len(job_id), job_id)))


def _ids(attempt: Attempt) -> set[str]:
    return {attempt.job_id, attempt.display_id, attempt.base_id}


def _is_summary(attempt: Attempt, question: Question) -> bool:
    return attempt.name.startswith(SUMMARY_PREFIX) and attempt.work_dir == question.work_dir


def _lies_in(attempt: Attempt, directory: str) -> bool:
    paths = [attempt.work_dir, attempt.std_out, attempt.std_err]
    if posixpath.basename(directory) in attempt.submit_line:
        paths += _before_arguments(attempt.submit_line)
    return any(_within(posixpath.join(attempt.work_dir, path), directory) for path in paths if path)


def _within(path: str, directory: str) -> bool:
    inner = posixpath.normpath(path) if "/." in path or "//" in path else path
    return inner == directory or inner.startswith(directory.rstrip("/") + "/")


def _before_arguments(submit_line: str) -> list[str]:
    """Return the words of an sbatch line up to its script: what follows are the script's own arguments.

    A job that is submitted from above the set, as `sbatch runs/a/train.sbatch`, has no other tie to it while
    it waits. SubmitLine is not quoted, so a path with a blank in it is not found.
    """
    words: list[str] = []
    for word in submit_line.split()[1:]:
        if word.startswith("--wrap"):
            return words
        value = word.partition("=")[2] if word.startswith("--") else word
        if value and not value.startswith("-"):
            words.append(value)
        if value.endswith(_SCRIPT_ENDINGS):
            return words
    return []
