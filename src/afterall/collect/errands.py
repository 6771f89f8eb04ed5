"""Run one errand as the user: find the set, look which jobs it names, write its report.

Invariant: only a process that has become the user imports this module, and it asks Slurm nothing: what Slurm
said comes with the errand.
"""

import os
import pwd
from pathlib import Path

from msgspec.structs import replace

from afterall.collect.messages import (
    MAX_JOBS,
    Failed,
    Look,
    Looked,
    LookedSet,
    OptIn,
    Place,
    Report,
    Reported,
    Resolve,
    Resolved,
    Trouble,
)
from afterall.discover import discover, find_set
from afterall.errors import BadInput, BadSettings, PublishRefused
from afterall.settings import SETTINGS_NAME, read_set_settings


def run(errand: Resolve | Look | Report, *, is_known: bool) -> Resolved | Looked | Reported | Failed:
    """Do `errand`; `is_known` tells whether this process has all of the user's groups."""
    match errand:
        case Resolve(dirs=dirs):
            return Resolved(tuple(_resolve(work_dir, is_known=is_known) for work_dir in dirs))
        case Look(sets=sets):
            return Looked(tuple(replace(_look(set_dir), user_known=is_known) for set_dir in sets))
        case Report():
            return _report(errand)


def _resolve(work_dir: str, *, is_known: bool) -> Place:
    """Find the set of one working directory; what is not there is told apart from what is no set."""
    try:
        with os.scandir(work_dir) as entries:
            next(entries, None)
        set_dir = find_set(Path(work_dir))
        opt_in = OptIn.UNSAID if set_dir is None else _opt_in(set_dir)
    except (FileNotFoundError, NotADirectoryError):
        return Place(work_dir=work_dir, trouble=Trouble.MISSING, detail="no such directory")
    except (OSError, BadInput) as error:
        return Place(work_dir=work_dir, trouble=Trouble.UNREADABLE, detail=_reason(error))
    if set_dir is None:
        trouble = None if is_known else Trouble.UNKNOWN_USER
        return Place(work_dir=work_dir, trouble=trouble, detail="belongs to no experiment set")
    return Place(work_dir=work_dir, set_dir=str(set_dir), opt_in=opt_in, user_known=is_known)


def _opt_in(set_dir: Path) -> OptIn:
    """Read whether the set opted in; an afterall.toml that is not valid opts in by its presence."""
    if not os.path.lexists(set_dir / SETTINGS_NAME):
        return OptIn.UNSAID
    try:
        return OptIn.YES if read_set_settings(set_dir).enabled else OptIn.NO
    except BadSettings:
        return OptIn.YES


def _look(set_dir: str) -> LookedSet:
    """Read which jobs the set's files name, in the same words in which its owner would ask Slurm himself."""
    from afterall.pipeline import question_of  # noqa: PLC0415 (resolving needs none of it)

    path = Path(set_dir)
    try:
        opt_in = _opt_in(path)
        settings = read_set_settings(path)
        question = question_of(discover(path, settings))
    except BadSettings as error:
        return LookedSet(set_dir=set_dir, trouble=Trouble.BAD_SETTINGS, detail=_reason(error))
    except (OSError, BadInput) as error:
        trouble = Trouble.UNREADABLE if os.path.isdir(path) else Trouble.MISSING
        return LookedSet(set_dir=set_dir, trouble=trouble, detail=_reason(error))
    job_ids = question.asked_ids
    return LookedSet(
        set_dir=set_dir,
        opt_in=opt_in,
        job_ids=job_ids[:MAX_JOBS],
        every_job_known=question.every_job_known and len(job_ids) <= MAX_JOBS,
        partial=settings.partial,
        since=question.since,
        owner_uid=_known_uid(question.uid),
    )


def _known_uid(uid: int | None) -> int | None:
    try:
        return None if uid is None else pwd.getpwuid(uid).pw_uid
    except KeyError:
        return None


def _report(errand: Report) -> Reported | Failed:
    """Write the report; a refusal is an answer, since the worker decides when to try again."""
    try:
        return _write(errand)
    except PublishRefused as error:
        return Failed(trouble=Trouble.REFUSED, detail=_reason(error))
    except BadSettings as error:
        return Failed(trouble=Trouble.BAD_SETTINGS, detail=_reason(error))
    except BadInput as error:
        return Failed(trouble=Trouble.UNREADABLE, detail=_reason(error))


def _write(errand: Report) -> Reported:
    """Call the pipeline: the one place where the worker's side meets it."""
    from afterall.pipeline import report_with  # noqa: PLC0415 (resolving needs none of it)

    outcome = report_with(Path(errand.set_dir), errand.observation)
    return Reported(status=outcome.report.set.status.value, written=len(outcome.published.written))


def _reason(error: Exception) -> str:
    return str(error)[:500]
