"""Words for jobs that have not ended, or were never submitted."""

from collections.abc import Mapping

from afterall.model import FindingCode
from afterall.render.words.findings.wording import Wording

WORDINGS: Mapping[FindingCode, Wording] = {
    FindingCode.JOB_RUNNING: Wording(
        title="Still Running",
        says=(
            "job {job_id} is suspended; it goes on when Slurm resumes it{is_suspended:if}",
            "job {job_id} has ended its work and is being cleared away ({state:code}){is_ending:if}",
            "the nodes of job {job_id} are being prepared ({state:code}){is_starting:if}",
            (
                "job {job_id} is still running, at step {reached_step} of {planned_steps}; its numbers "
                "will change"
            ),
            "job {job_id} is still running; its numbers will change",
            "still running; its numbers will change",
        ),
    ),
    FindingCode.JOB_PENDING: Wording(
        title="Still Waiting",
        says=(
            "job {job_id} waits in the queue ({reason})",
            "job {job_id} waits in the queue",
            "waits in the queue",
        ),
    ),
    FindingCode.DEPENDENCY_NEVER_SATISFIED: Wording(
        title="Dependency Never Satisfied",
        says=(
            "job {job_id} waits for a job that can no longer end as it demands, and will never start",
            "the job waits for one that can no longer end as it demands, and will never start",
        ),
        cause=("It was submitted with `afterok` (or alike) on a job that failed.",),
        resolution=("`scancel` it, and submit it again without the dependency or with `afterany`.",),
        impact=("It has no results and will not get any.",),
    ),
    FindingCode.JOB_HELD: Wording(
        title="Job Held",
        says=(
            "job {job_id} is held ({reason}) and will not start by itself",
            "job {job_id} is held and will not start by itself",
            "the job is held and will not start by itself",
        ),
        resolution=("`scontrol release` the job, or ask the admin who holds it.",),
        impact=(
            "Its numbers are of an earlier start, and may change once somebody releases it{reached_step:if}.",
            "It has no results until somebody releases it.",
        ),
    ),
    FindingCode.SUBMISSION_UNKNOWN: Wording(
        title="No Trace of a Job",
        says=(
            "holds the batch script {script:code} and no trace of a job",
            "no trace of a job was found",
        ),
        cause=("Slurm's accounting did not speak, so nobody can say whether it was ever submitted.",),
        resolution=("Run `afterall report` where Slurm answers, or submit it if it was not.",),
        impact=("It has no results; comparisons leave it out.",),
    ),
    FindingCode.NOT_SUBMITTED: Wording(
        title="Never Submitted",
        says=(
            "holds the batch script {script:code}, but neither Slurm nor its files know of a job",
            "neither Slurm nor its files know of a job",
        ),
        resolution=("Submit it, or exclude its directory in `afterall.toml`.",),
        impact=("It has no results; comparisons leave it out.",),
    ),
}
