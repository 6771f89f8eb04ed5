"""Words for what Slurm says against what the run did."""

from collections.abc import Mapping

from afterall.model import FindingCode
from afterall.render.words.findings.wording import Wording

_LOST_REST = "What was saved before the end can be used; the rest of the training is missing."

WORDINGS: Mapping[FindingCode, Wording] = {
    FindingCode.EXIT_CODE_SPOILED: Wording(
        title="SLURM Exit Code Issue",
        says=(
            (
                "marked {state:code} by Slurm (exit code {exit_code}:{signal}) despite successful training "
                "completion"
            ),
            "marked {state:code} by Slurm despite successful training completion",
            "marked as failed by Slurm despite successful training completion",
        ),
        cause=("A command after the training failed, and its exit code became the job's.",),
        resolution=(
            (
                "In the batch script keep the training's own exit code (`code=$?` right after it, `exit "
                "$code` as the last line), and drop a final `mv` of a log that already lies where it "
                "should."
            ),
        ),
        impact=(
            (
                "None on the training: only Slurm's state and exit code are wrong. Jobs that wait for this "
                "one with `afterok` never start."
            ),
        ),
    ),
    FindingCode.STATE_CONTRADICTS_TRAINING: Wording(
        title="Slurm State Contradicts Training",
        says=(
            (
                "{state:code} by Slurm (exit code {exit_code}:{signal}), but the files show that training "
                "reached its end"
            ),
            "{state:code} by Slurm, but the files show that training reached its end",
            "not a success by Slurm's word, but the files show that training reached its end",
        ),
        unexplained=("Not known: no line of the log explains how the job ended.",),
        resolution=("Read the end of the log before relying on the last checkpoint.",),
        impact=("None seen on the training.",),
    ),
    FindingCode.COMPLETED_WITHOUT_TRAINING: Wording(
        title="Completed Without Training",
        says=(
            "{state:code} by Slurm, but training stopped at step {reached_step} of {planned_steps}",
            "{state:code} by Slurm, but nothing shows that training reached its end",
            "completed by Slurm's word, but nothing shows that training reached its end",
        ),
        cause=(
            (
                "The batch script ended with exit code 0 although the training command did not finish, as "
                "a script does that goes on after an error."
            ),
        ),
        resolution=("Put `set -e` at the top of the batch script, or end it with the training's exit code.",),
        impact=("Its numbers are of an unfinished run, or missing.",),
    ),
    FindingCode.JOB_FAILED: Wording(
        title="Job Failed",
        says=(
            (
                "job {job_id} ended {state:code} (exit code {exit_code}:{signal}{may_lack_128:if}, or 128 "
                "more: sacct here subtracts it) after {elapsed_s:duration}"
            ),
            (
                "job {job_id} ended {state:code} (exit code {exit_code}:{signal}) after "
                "{elapsed_s:duration}, at step {reached_step} of {planned_steps}"
            ),
            "job {job_id} ended {state:code} (exit code {exit_code}:{signal}) after {elapsed_s:duration}",
            "job {job_id} ended {state:code}",
            "the job failed",
        ),
        unexplained=("Not known: its log holds no line that explains it.",),
        resolution=("Repair the cause and submit the experiment again.",),
        impact=(_LOST_REST,),
    ),
    FindingCode.JOB_TIMEOUT: Wording(
        title="Time Limit Reached",
        says=(
            (
                "job {job_id} was ended at its limit of {time_limit_s:duration}, at step {reached_step} of "
                "{planned_steps}"
            ),
            "job {job_id} was ended at its limit of {time_limit_s:duration}",
            "job {job_id} was ended at its time limit",
            "the job was ended at its time limit",
        ),
        cause=("The run needs longer than the job was given.",),
        resolution=(
            "Submit it again with a longer `--time`, or let the trainer resume from its last checkpoint.",
        ),
        impact=(_LOST_REST,),
    ),
    FindingCode.JOB_CANCELLED: Wording(
        title="Job Cancelled",
        says=(
            (
                "job {job_id} was cancelled after {elapsed_s:duration} ({state:code}), at step "
                "{reached_step} of {planned_steps}"
            ),
            "job {job_id} was cancelled after {elapsed_s:duration} ({state:code})",
            "job {job_id} was cancelled while it ran",
            "the job was cancelled while it ran",
        ),
        cause=("Somebody, or a rule of the site, ended it (`scancel`).",),
        resolution=("Submit it again if its results are still wanted.",),
        impact=(_LOST_REST,),
    ),
    FindingCode.JOB_CANCELLED_PENDING: Wording(
        title="Job Cancelled Before It Started",
        says=(
            "job {job_id} was cancelled while it waited ({state:code}), and never ran",
            "job {job_id} was cancelled while it waited, and never ran",
            "the job was cancelled while it waited, and never ran",
        ),
        resolution=("Submit it again if its results are still wanted.",),
        impact=("It has no results.",),
    ),
    FindingCode.JOB_OUT_OF_MEMORY: Wording(
        title="Out of Memory",
        says=(
            (
                "job {job_id} was killed for its use of host memory ({memory_evidence}), at step "
                "{reached_step} of {planned_steps}"
            ),
            "job {job_id} was killed for its use of host memory ({memory_evidence})",
            "job {job_id} was killed for its use of host memory",
            "the job was killed for its use of host memory",
        ),
        cause=(
            (
                "Its processes used up to {max_rss_bytes:memory} of the {requested_memory_bytes:memory} of "
                "host memory that the job had asked for."
            ),
            "Its processes used more host memory than the job had asked for.",
        ),
        resolution=("Ask for more memory (`--mem`), or use fewer data loader workers.",),
        impact=(_LOST_REST,),
    ),
    FindingCode.JOB_NODE_FAIL: Wording(
        title="Node Failure",
        says=(
            "node {failed_node} of job {job_id} failed and Slurm did not start the job again",
            "a node of job {job_id} failed and Slurm did not start the job again",
            "a node failed and Slurm did not start the job again",
        ),
        cause=("The node went down or lost contact; the experiment is not to blame.",),
        resolution=("Submit it again, with `--exclude` if the same node keeps failing.",),
        impact=(_LOST_REST,),
    ),
    FindingCode.JOB_PREEMPTED: Wording(
        title="Job Preempted",
        says=(
            "job {job_id} was preempted after {elapsed_s:duration} and has not been started again",
            "job {job_id} was preempted and has not been started again",
            "the job was preempted and has not been started again",
        ),
        cause=("A job of higher priority took its place.",),
        resolution=("Submit it again; with `--requeue` Slurm does so by itself.",),
        impact=(_LOST_REST,),
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
            (
                "Slurm's record of job {job_id} is of another job (user {user}, in {work_dir:code}) and "
                "was left out"
            ),
            "Slurm's record of job {job_id} is of another job and was left out",
            "a Slurm record bearing one of its job ids is of another job and was left out",
        ),
        cause=("Job ids are used again once the controller's counter starts over.",),
        impact=("State and times come from other sources.",),
    ),
    FindingCode.EARLIER_ATTEMPTS: Wording(
        title="Earlier Attempts",
        says=(
            (
                "ran {earlier}× before (jobs {job_ids}: {states}), {elapsed_s:duration} in all; the last "
                "one counts"
            ),
            "ran before (jobs {job_ids}: {states}); the last one counts",
            "ran before; the last attempt counts",
        ),
    ),
}
