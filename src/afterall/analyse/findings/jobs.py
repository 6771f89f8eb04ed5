"""Tell what Slurm knows, still runs or never heard of, experiment by experiment.

Invariant: a job that nobody has a record of is called that, and never done.
"""

from collections.abc import Mapping, Sequence

from afterall.analyse.costs import job_name
from afterall.analyse.findings.evidence import finding, id_of, job_evidence, known
from afterall.analyse.ordering import natural_key
from afterall.analyse.readings import has_run
from afterall.analyse.scripts import batch_script
from afterall.model import (
    Attempt,
    Experiment,
    Finding,
    FindingCode,
    LogFile,
    MatchedSet,
    Observation,
    Scalar,
    Severity,
    SlurmSource,
    SlurmState,
    Source,
    State,
)

_HELD = frozenset({SlurmState.REQUEUE_HOLD, SlurmState.SPECIAL_EXIT, SlurmState.RESV_DEL_HOLD})
MOST_IDS = 8
"""Job ids told of one group of jobs; the rest are counted."""


Rejected = Mapping[tuple[str, str], Sequence[Attempt]]
"""By an experiment's name and path: the records that bear one of its job ids and are of another job."""


def rejected_of(matched: MatchedSet) -> Rejected:
    """Return the records that were rejected, where there are any."""
    return {(m.layout.name, m.layout.path): m.rejected for m in matched.experiments if m.rejected}


def judge_jobs(
    experiment: Experiment, jobs_of_others: Rejected, seen: Observation, *, has_unplaced: bool
) -> list[Finding]:
    """Return the findings on living, unknown, earlier and foreign jobs of one experiment of the set."""
    rejected = [*jobs_of_others.get((experiment.name, experiment.layout.path), ())]
    found = [*_living(experiment), *_unsubmitted(experiment), *_unknown(experiment)]
    found += [*_unrecorded(experiment, seen, rejected, has_unplaced), *_recycled(experiment, rejected)]
    return [*found, *_earlier(experiment)]


def judge_unplaced(matched: MatchedSet, experiments: Sequence[Experiment]) -> list[Finding]:
    """Return a finding for each name and state of jobs that nothing ties to an experiment.

    A job that completed is a note, unless an experiment that ran has no job; one that lives or ended badly
    may be a run that the report lacks.
    """
    groups: dict[tuple[str, str], list[Attempt]] = {}
    for attempt in sorted(matched.unplaced, key=_job_order):
        groups.setdefault((attempt.name, _state_word(attempt)), []).append(attempt)
    may_be_theirs = any(has_run(one) and not one.attempts for one in experiments)
    return [_unplaced(jobs, matched.loose_logs, may_be_theirs) for jobs in groups.values()]


def is_held(experiment: Experiment) -> bool:
    """Tell whether the job waits for a person to release it."""
    latest = experiment.latest
    return latest is not None and (latest.slurm_state in _HELD or latest.reason.startswith("JobHeld"))


def waits_for_ever(experiment: Experiment) -> bool:
    """Tell whether the job waits for another that will never end as it needs (Slurm's own reason)."""
    return experiment.latest is not None and experiment.latest.reason == "DependencyNeverSatisfied"


def _living(experiment: Experiment) -> list[Finding]:
    if experiment.state is State.RUNNING:
        return [finding(FindingCode.JOB_RUNNING, experiment, job_evidence(experiment))]
    if experiment.state is not State.PENDING:
        return []
    code = FindingCode.JOB_PENDING
    if waits_for_ever(experiment):
        code = FindingCode.DEPENDENCY_NEVER_SATISFIED
    elif is_held(experiment):
        code = FindingCode.JOB_HELD
    return [finding(code, experiment, job_evidence(experiment))]


def _unsubmitted(experiment: Experiment) -> list[Finding]:
    has_no_trace = experiment.state is State.UNKNOWN and not experiment.attempts and not has_run(experiment)
    if not has_no_trace and experiment.state is not State.NOT_SUBMITTED:
        return []
    code = FindingCode.SUBMISSION_UNKNOWN if has_no_trace else FindingCode.NOT_SUBMITTED
    return [finding(code, experiment, known({"script": batch_script(experiment)}))]


def _unplaced(jobs: Sequence[Attempt], logs: Sequence[LogFile], may_be_theirs: bool) -> Finding:
    shown = [job_name(one) for one in jobs]
    written = [log.path for log in logs if id_of(log) in shown]
    is_done = all(one.state is State.COMPLETED for one in jobs)
    more = len(shown) - MOST_IDS
    evidence: dict[str, Scalar] = {
        "jobs": len(jobs),
        "job_ids": ", ".join([*shown[:MOST_IDS], f"{more} more"] if more > 0 else shown),
        "name": jobs[0].name,
        "state": _state_word(jobs[0]),
        "are_alive": any(one.is_alive for one in jobs) or None,
        "log": written[0] if written else None,
        "logs": len(written) or None,
    }
    return Finding(
        code=FindingCode.JOB_WITHOUT_EXPERIMENT,
        subject=shown[0],
        evidence=known(evidence),
        sources=tuple(Source(path) for path in written[:MOST_IDS]),
        severity=Severity.INFO if is_done and not may_be_theirs else None,
    )


def _unknown(experiment: Experiment) -> list[Finding]:
    """Return the finding that Slurm has a record of the job that counts and does not tell how it ended."""
    latest = experiment.latest
    if experiment.state is not State.UNKNOWN or latest is None or latest.source is SlurmSource.LOG:
        return []
    return [finding(FindingCode.JOB_STATE_UNKNOWN, experiment, job_evidence(experiment))]


def _unrecorded(
    experiment: Experiment, seen: Observation, rejected: Sequence[Attempt], has_unplaced: bool
) -> list[Finding]:
    """Return the finding that accounting answered and knows no job of an experiment that ran.

    Where it knows other experiments' or other jobs by its ids, or jobs of the set that nothing ties to one,
    that is told instead.
    """
    if not seen.accounting_answered or experiment.state is State.NOT_SUBMITTED or not has_run(experiment):
        return []
    if any(a.source is not SlurmSource.LOG for a in experiment.attempts):
        return []
    ids = [job_name(a) for a in experiment.attempts] or list(experiment.layout.job_ids)
    recorded = (a for a in seen.attempts if a.source is not SlurmSource.LOG)
    others = {shown for a in (*rejected, *recorded) for shown in (a.job_id, job_name(a))}
    if (ids and set(ids) <= others) or (not ids and has_unplaced):
        return []
    return [finding(FindingCode.NO_ACCOUNTING_RECORD, experiment, known({"job_ids": ", ".join(ids)}))]


def _recycled(experiment: Experiment, rejected: Sequence[Attempt]) -> list[Finding]:
    """Return one finding for each id that other jobs bear too, with the newest of these.

    Where the run's own record of that id is there too, nothing is missing, and it is a note.
    """
    own = {a.job_id for a in experiment.attempts if a.source is not SlurmSource.LOG}
    newest = {a.job_id: a for a in sorted(rejected, key=lambda a: (a.cluster, str(a.submit), a.work_dir))}
    return [
        Finding(
            code=FindingCode.JOB_ID_RECYCLED,
            experiment=experiment.name,
            subject=job_name(foreign),
            evidence=known(
                {
                    "job_id": job_name(foreign),
                    "user": foreign.user,
                    "work_dir": foreign.work_dir,
                    "submit": foreign.submit.isoformat() if foreign.submit else None,
                }
            ),
            severity=Severity.INFO if foreign.job_id in own else None,
        )
        for foreign in newest.values()
    ]


def _state_word(attempt: Attempt) -> str:
    return attempt.state_text or (attempt.slurm_state.value if attempt.slurm_state else "unknown")


def _job_order(attempt: Attempt) -> tuple[object, ...]:
    return (natural_key(job_name(attempt)), attempt.cluster, str(attempt.submit))


def _earlier(experiment: Experiment) -> list[Finding]:
    earlier = experiment.attempts[:-1]
    if not earlier:
        return []
    elapsed = [a.elapsed_s for a in earlier if a.elapsed_s is not None]
    states = (_state_word(a) for a in earlier)
    evidence: dict[str, Scalar] = {
        "earlier": len(earlier),
        "job_ids": ", ".join(dict.fromkeys(job_name(a) for a in earlier)),
        "states": ", ".join(states),
        "elapsed_s": sum(elapsed) if elapsed else None,
    }
    return [finding(FindingCode.EARLIER_ATTEMPTS, experiment, known(evidence))]
