"""Put one question to the accounting database: through pyslurm where it can, through sacct otherwise.

Invariant: one query reaches slurmdbd (a portion, where there are more ids than one may name), however often a
command had to be put differently; what sacct refuses before it asks (an unknown column) and what slurmdbd
refuses (too wide a window) are asked again in another form.
"""

import os
from collections.abc import Callable, Iterator

from msgspec.structs import replace

from afterall.model import Attempt, SlurmSource, SourceReport
from afterall.observe.commands import Answer, SlurmCommands, ask, find
from afterall.observe.dialect import RECORDED, Dialect, Version, dialect_of, parse_version
from afterall.observe.from_pyslurm import is_installed, parse_pyslurm, pyslurm_argv
from afterall.observe.question import Question
from afterall.observe.records import new_separator
from afterall.observe.sacct import parse_sacct, sacct_argv

_BEFORE_SUBMIT_LINE: Version = (20, 11)
_TOO_WIDE = "Too wide of a date range"
"""What sacct says of a window beyond MaxQueryTimeRange in slurmdbd.conf, which does not bind -j."""
_Said = tuple[tuple[Attempt, ...], str]
"""The legs, and the problem where there are none to be had."""
_versions: dict[tuple[str, int], Version | None] = {}


def ask_accounting(
    question: Question, commands: SlurmCommands, *, use_pyslurm: bool
) -> tuple[tuple[Attempt, ...], tuple[SourceReport, ...]]:
    """Return the legs that accounting knows and how it answered; no report where nothing can be asked."""
    if not question.asked_ids and not question.asked_user:
        return (), ()
    failed: tuple[SourceReport, ...] = ()
    if use_pyslurm and question.asks_by_ids and is_installed():
        attempts, problem = _ask_in_parts(question, commands, _ask_pyslurm)
        if not problem:
            return attempts, (SourceReport(SlurmSource.PYSLURM, True),)
        failed = (SourceReport(SlurmSource.PYSLURM, False, problem),)
    attempts, problem = _ask_in_parts(question, commands, _ask_sacct)
    if _TOO_WIDE in problem and question.asked_ids:
        by_ids = replace(question, every_job_known=True)
        attempts, problem = _ask_in_parts(by_ids, commands, _ask_sacct)
    return attempts, (*failed, SourceReport(SlurmSource.SACCT, not problem, problem))


def _ask_in_parts(
    question: Question, commands: SlurmCommands, ask_one: Callable[[Question, SlurmCommands], _Said]
) -> _Said:
    """Return what all portions said, or the first problem alone: half an answer would be a false one."""
    attempts: list[Attempt] = []
    for part in _parts(question, commands.ids_a_query):
        said, problem = ask_one(part, commands)
        if problem:
            return (), problem
        attempts += said
    return tuple(attempts), ""


def _parts(question: Question, most: int) -> Iterator[Question]:
    """Yield the question in portions of ids; a window is one portion.

    A longer list makes slurmdbd's SQL slow, and a command line has an end.
    """
    if not question.asks_by_ids:
        yield question
        return
    ids = question.asked_ids
    for start in range(0, len(ids), most):
        yield replace(question, job_ids=ids[start : start + most])


def _ask_pyslurm(question: Question, commands: SlurmCommands) -> _Said:
    answer = ask(pyslurm_argv(question), commands)
    if answer.problem or not answer.stdout.startswith(b"{"):
        return (), answer.problem or "pyslurm: gave no JSON"
    return parse_pyslurm(answer.stdout), ""


def _ask_sacct(question: Question, commands: SlurmCommands) -> _Said:
    version = _version(commands)
    separator = new_separator()
    known = dialect_of(version, separator)
    answer = Answer(b"", "")
    for columns in dict.fromkeys((known.columns, RECORDED.columns, dialect_of(_BEFORE_SUBMIT_LINE).columns)):
        dialect = replace(known, columns=columns)
        answer = ask(sacct_argv(question, dialect), commands)
        if "Invalid field requested" not in answer.problem:
            return parse_sacct(answer.stdout, _used(answer.stdout, dialect)), answer.problem
    return (), answer.problem


def _used(stdout: bytes, dialect: Dialect) -> Dialect:
    """Return the dialect the answer is in: a command that ignores --delimiter gives the documented form."""
    asked_for = dialect.separator.encode() in stdout
    return dialect if asked_for else replace(RECORDED, subtracts_128=dialect.subtracts_128)


def _version(commands: SlurmCommands) -> Version | None:
    """Return the release of the site's commands, None where none tells; no daemon is contacted.

    squeue is of the same release as sacct, and is asked so that sacct is started for its one query only.
    """
    name = next((name for name in ("squeue", "sacct") if find(name, commands)), "")
    return _version_of(name, commands) if name else None


def _version_of(name: str, commands: SlurmCommands) -> Version | None:
    """Return a command's release, asked once a process for each file of that name there is."""
    program = find(name, commands)
    if program is None:
        return None
    try:
        installed = (program, os.stat(program).st_mtime_ns)
    except OSError:
        return None
    if installed not in _versions:
        _versions[installed] = parse_version(ask([name, "--version"], commands).stdout)
    return _versions[installed]
