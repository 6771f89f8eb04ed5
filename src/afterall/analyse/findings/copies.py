"""Tell which experiments bear the id of a job that Slurm's record ties to another, as copies do.

Invariant: only a record decides; of two directories that nobody has a record for, neither is called a copy.
"""

from collections.abc import Iterator, Sequence

from afterall.analyse.costs import job_name
from afterall.analyse.findings.evidence import finding
from afterall.model import Experiment, Finding, FindingCode, SlurmSource


def judge_copies(experiments: Sequence[Experiment]) -> Iterator[Finding]:
    """Yield a finding for each experiment without a record whose jobs' ids are all those of others' jobs."""
    owners = {
        shown: experiment.name
        for experiment in experiments
        for attempt in experiment.attempts
        if attempt.source is not SlurmSource.LOG
        for shown in (attempt.job_id, job_name(attempt))
    }
    for experiment in experiments:
        ids = [job_name(attempt) for attempt in experiment.attempts] or list(experiment.layout.job_ids)
        if not ids or any(attempt.source is not SlurmSource.LOG for attempt in experiment.attempts):
            continue
        of_others = [(shown, owners[shown]) for shown in ids if shown in owners]
        if len(of_others) == len(ids):
            shown, other = of_others[-1]
            yield finding(FindingCode.JOB_ID_RECYCLED, experiment, {"job_id": shown, "copy_of": other})
