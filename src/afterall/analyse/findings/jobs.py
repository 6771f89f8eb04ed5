"""Tell what Slurm knows, still runs or never heard of, experiment by experiment.

Invariant: a job that nobody has a record of is called that, and never done.
"""

from collections.abc import Sequence

from afterall.analyse.costs import job_name
from afterall.analyse.findings.evidence import finding, job_evidence, known
from afterall.analyse.readings import has_run
from afterall.analyse.scripts import batch_script
from afterall.model import (
    Attempt,
    Experiment,
    Finding,
    FindingCode,
    MatchedExperiment,
    Observation,
    Scalar,
    SlurmSource,
    SlurmState,
    State,
)

_HELD = frozenset({SlurmState.REQUEUE_HOLD, SlurmState.SPECIAL_EXIT, SlurmState.RESV_DEL_HOLD})
_ACCOUNTING = frozenset({SlurmSource.PYSLURM, SlurmSource.SACCT})


def judge_jobs(experiment: Experiment, matched: MatchedExperiment | None, seen: Observation) -> list[Finding]:
    """Return the findings on living, unknown, earlier and foreign jobs of one experiment."""
    found = [*_living(experiment), *_unsubmitted(experiment), *_unrecorded(experiment, seen)]
    found += _recycled(experiment, () if matched is None else matched.rejected)
    return [*found, *_earlier(experiment)]


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
    if experiment.state is not State.NOT_SUBMITTED:
        return []
    script = batch_script(experiment)
    return [finding(FindingCode.NOT_SUBMITTED, experiment, known({"script": script}))]


def _unrecorded(experiment: Experiment, seen: Observation) -> list[Finding]:
    """Return the finding that accounting answered and knows no job of an experiment that ran."""
    if not seen.accounting_answered or experiment.state is State.NOT_SUBMITTED or not has_run(experiment):
        return []
    if any(a.source is not SlurmSource.LOG for a in experiment.attempts):
        return []
    ids = [job_name(a) for a in experiment.attempts] or list(experiment.layout.job_ids)
    return [finding(FindingCode.NO_ACCOUNTING_RECORD, experiment, known({"job_ids": ", ".join(ids)}))]


def _recycled(experiment: Experiment, rejected: Sequence[Attempt]) -> list[Finding]:
    """Return one finding for each id that other jobs bear too, with the newest of these."""
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
        )
        for foreign in newest.values()
    ]


def _earlier(experiment: Experiment) -> list[Finding]:
    earlier = experiment.attempts[:-1]
    if not earlier:
        return []
    elapsed = [a.elapsed_s for a in earlier if a.elapsed_s is not None]
    states = (a.state_text or (a.slurm_state.value if a.slurm_state else "unknown") for a in earlier)
    evidence: dict[str, Scalar] = {
        "earlier": len(earlier),
        "job_ids": ", ".join(dict.fromkeys(job_name(a) for a in earlier)),
        "states": ", ".join(states),
        "elapsed_s": sum(elapsed) if elapsed else None,
    }
    return [finding(FindingCode.EARLIER_ATTEMPTS, experiment, known(evidence))]
