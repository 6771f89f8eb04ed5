"""Ask Slurm about sets: accounting once, then the queue, then the controller about what is still in doubt.

Invariant: one accounting query and one squeue for all sets together (more only beyond `ids_a_query` ids), and
no failure of Slurm's ever raises: `asked` tells who answered, and why not.

Accounting is asked before the queue. A job that ends in between is in both, alive and then ended; asked the
other way round it would be alive and then missing.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from afterall.model import Attempt, JobId, Observation, SlurmSource, SourceReport
from afterall.observe.accounting import ask_accounting
from afterall.observe.commands import SlurmCommands, ask
from afterall.observe.merging import Said, doubtful, merge
from afterall.observe.question import Question, belonging, summaries
from afterall.observe.records import RECORDED_SEPARATOR, new_separator
from afterall.observe.scontrol import UNKNOWN_JOB, parse_scontrol, scontrol_argv
from afterall.observe.squeue import parse_squeue, squeue_argv

_MOST_SINGLE_JOBS = 32
"""scontrol is a process a job; more jobs in doubt than this wait for accounting."""


class _Heard(Struct, frozen=True):
    """What one source said, and how it answered; no reports: it was not asked."""

    attempts: tuple[Attempt, ...] = ()
    asked: tuple[SourceReport, ...] = ()
    denied: frozenset[JobId] = frozenset()

    @property
    def answered(self) -> bool:
        return any(report.answered for report in self.asked)


def observe(
    question: Question, commands: SlurmCommands, now: datetime, *, use_pyslurm: bool = True
) -> Observation:
    """Return what Slurm says of one set's jobs; `now` is an aware time. Never raises for Slurm's failures."""
    return observe_many([question], commands, now, use_pyslurm=use_pyslurm)[0]


def observe_many(
    questions: Sequence[Question], commands: SlurmCommands, now: datetime, *, use_pyslurm: bool = True
) -> list[Observation]:
    """Return one Observation for each question, in their order, from one round of commands.

    Every user must exist: sacct and squeue refuse the whole list for one they cannot find. Asked as root,
    Slurm also tells what PrivateData hides: the answers are for deciding, not for passing on to a user.
    """
    found: dict[int, Observation] = {}
    for group in (True, False):
        numbers = [number for number, question in enumerate(questions) if bool(question.asked_user) is group]
        if numbers:
            asked = [questions[number] for number in numbers]
            found.update(zip(numbers, _observe_group(asked, commands, now, use_pyslurm), strict=True))
    return [found[number] for number in range(len(questions))]


def combine(questions: Sequence[Question]) -> Question:
    """Return one question whose answer holds the answers to all; a window if any of them is one."""
    sinces = [question.since for question in questions]
    users = sorted({question.asked_user for question in questions if question.asked_user})
    return Question(
        work_dir="",
        job_ids=tuple(sorted({job_id for question in questions for job_id in question.asked_ids})),
        user=",".join(users),
        since=None if None in sinces else min(since for since in sinces if since is not None),
        every_job_known=all(question.asks_by_ids for question in questions),
    )


def _observe_group(
    questions: Sequence[Question], commands: SlurmCommands, now: datetime, use_pyslurm: bool
) -> list[Observation]:
    combined = combine(questions)
    records, reports = ask_accounting(combined, commands, use_pyslurm=use_pyslurm)
    accounting = _Heard(_of_any(records, questions), reports)
    listed = _ask_queue(combined, commands)
    queue = replace(listed, attempts=_of_any(listed.attempts, questions))
    controller = _ask_controller(_in_doubt(accounting, queue, combined), commands)
    said = Said(
        accounting=accounting.attempts,
        queue=queue.attempts,
        controller=controller.attempts,
        denied=controller.denied,
    )
    legs = merge(said, now)
    asked = (*accounting.asked, *queue.asked, *controller.asked)
    return [
        Observation(
            attempts=belonging(legs, question),
            asked=asked,
            summaries=summaries((*records, *listed.attempts), question),
            observed_at=now,
        )
        for question in questions
    ]


def _of_any(attempts: tuple[Attempt, ...], questions: Iterable[Question]) -> tuple[Attempt, ...]:
    kept = {attempt.key for question in questions for attempt in belonging(attempts, question)}
    return tuple(attempt for attempt in attempts if attempt.key in kept)


def _ask_queue(question: Question, commands: SlurmCommands) -> _Heard:
    if not question.asked_user and not question.asked_ids:
        return _Heard()
    separator = new_separator()
    answer = ask(squeue_argv(question, separator), commands)
    if answer.problem and UNKNOWN_JOB not in answer.problem:
        return _Heard((), (SourceReport(SlurmSource.SQUEUE, False, answer.problem),))
    used = separator if separator.encode() in answer.stdout else RECORDED_SEPARATOR
    return _Heard(parse_squeue(answer.stdout, used), (SourceReport(SlurmSource.SQUEUE, True),))


def _in_doubt(accounting: _Heard, queue: _Heard, question: Question) -> tuple[JobId, ...]:
    if accounting.answered or queue.answered:
        return doubtful(accounting.attempts, queue.attempts)
    return question.asked_ids


def _ask_controller(job_ids: Sequence[JobId], commands: SlurmCommands) -> _Heard:
    """Ask about single jobs until one question fails: the others would fail too, each after its time."""
    attempts: list[Attempt] = []
    denied: set[JobId] = set()
    for job_id in job_ids[:_MOST_SINGLE_JOBS]:
        answer = ask(scontrol_argv(job_id), commands)
        if UNKNOWN_JOB in answer.problem:
            denied.add(job_id)
        elif answer.problem:
            failed = SourceReport(SlurmSource.SCONTROL, False, answer.problem)
            return _Heard(tuple(attempts), (failed,), frozenset(denied))
        else:
            attempts += [leg for leg in parse_scontrol(answer.stdout) if job_id in (leg.job_id, leg.base_id)]
    asked = (SourceReport(SlurmSource.SCONTROL, True),) if job_ids else ()
    return _Heard(tuple(attempts), asked, frozenset(denied))
