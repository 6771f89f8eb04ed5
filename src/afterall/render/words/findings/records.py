"""Words for what Slurm's records say, lack, or say of another job."""

from collections.abc import Mapping

from afterall.model import FindingCode
from afterall.render.words.findings.wording import Wording

WORDINGS: Mapping[FindingCode, Wording] = {
    FindingCode.JOB_STATE_UNKNOWN: Wording(
        title="End of a Job Unknown",
        says=(
            (
                "accounting calls job {job_id} {state:code} still, and the controller no longer knows "
                "it{is_forgotten:if}"
            ),
            "Slurm calls job {job_id} {state:code}: another cluster has it{is_elsewhere:if}",
            "Slurm calls job {job_id} {state:code}, and does not tell how it ended",
            "Slurm does not tell how its job ended",
        ),
        cause=(
            (
                "Its end has not come to accounting yet, or was lost when the controller or the accounting "
                "daemon was down{is_forgotten:if}."
            ),
            "",
        ),
        resolution=(
            (
                "Write the report again later; if that does not help, an admin can settle the record "
                "(`sacctmgr show runawayjobs`){is_forgotten:if}."
            ),
            "Ask the cluster that ran it (`sacct -M`){is_elsewhere:if}.",
            "",
        ),
        impact=("Whether it trained to its end is read from its files alone.",),
    ),
    FindingCode.JOB_WITHOUT_EXPERIMENT: Wording(
        title="Job Without an Experiment",
        says=(
            "nothing ties job {job_ids} ({name:code}, {state:code}) to an experiment; its log is {log:code}",
            "nothing ties job {job_ids} ({name:code}, {state:code}) to an experiment",
            "nothing ties a job of the set to an experiment",
        ),
        cause=(
            (
                "It worked in the set's directory or wrote there, and neither its name, its directory nor "
                "its log speaks of one experiment alone."
            ),
        ),
        resolution=("Say in `afterall.toml` whose job it is (`jobs`), or exclude its directory.",),
        impact=("If it trained, that run is missing from this report.",),
    ),
    FindingCode.NO_ACCOUNTING_RECORD: Wording(
        title="No Accounting Record",
        says=(
            "accounting answered and has no record of job {job_ids}; the state is read from its files",
            "accounting has no record of its job; the state is read from its files",
        ),
        cause=("The record was purged, or the job ran on another cluster.",),
        impact=("Exit code and exact times are not known.",),
    ),
    FindingCode.SLURM_NOT_ASKED: Wording(
        title="Slurm Not Asked",
        says=("Slurm was not asked: every state is read from logs and files alone",),
    ),
    FindingCode.SLURM_UNAVAILABLE: Wording(
        title="Slurm Sources Unavailable",
        says=(
            "no answer ({tried}); {answered} did answer",
            "no answer ({tried}); every state is read from logs and files alone",
            "no answer; every state is read from logs and files alone",
        ),
        impact=("States, exit codes and times may be missing or less certain.",),
        resolution=("Run `afterall report` again when Slurm answers.",),
    ),
    FindingCode.JOB_ID_RECYCLED: Wording(
        title="Job Id of Another Job",
        says=(
            "it bears the id of job {job_id}, and Slurm's record of that is of {copy_of}",
            (
                "Slurm's record of job {job_id} is of another job (user {user}, in {work_dir:code}) and "
                "was left out"
            ),
            "Slurm's record of job {job_id} is of another job and was left out",
            "a Slurm record bearing one of its job ids is of another job and was left out",
        ),
        cause=(
            "Its directory, or a log in it, was copied from {copy_of}, or one job ran both.",
            "Job ids are used again once the controller's counter starts over.",
        ),
        resolution=(
            "Leave it out in `afterall.toml` (`exclude`) if it is a copy; {copy_of} stays.",
            "",
        ),
        impact=(
            "If it is a copy, it is compared and counted as if {copy_of} had run twice.",
            "State and times come from other sources.",
        ),
    ),
    FindingCode.EARLIER_ATTEMPTS: Wording(
        title="Earlier Attempts",
        says=(
            (
                "ran {earlier}× before (job {job_ids}: {states}), {elapsed_s:duration} in all; the last "
                "one counts"
            ),
            "ran before (job {job_ids}: {states}); the last one counts",
            "ran before; the last attempt counts",
        ),
    ),
}
