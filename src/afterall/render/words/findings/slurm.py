"""Words for how Slurm says that jobs ended, against what the run did."""

from collections.abc import Mapping

from afterall.model import FindingCode
from afterall.render.words.findings.wording import Forms, Wording

_LOST_REST: Forms = (
    "Its numbers and what it saved are those of an earlier attempt{of_earlier:if}.",
    "What was saved before the end can be used; the rest of the training is missing{saved:if}.",
    "It left no checkpoint that could be used.",
)

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
                "$code` as the last line), and mend or drop the command that failed."
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
        cause=("It ran on {node_list:code}{may_be_nodes:if}.", ""),
        unexplained=(
            (
                "Slurm could not start the batch script: its working directory, or that of its output file, "
                "was not there or not writable{did_not_launch:if}."
            ),
            (
                "Not known: it was killed (signal 9){was_killed:if}, and its log does not say by whom"
                "{logs:if}; host memory that ran out is the usual reason."
            ),
            "Not known: its log holds no line that explains it{logs:if}.",
            "Not known: no log of it was found.",
        ),
        resolution=("Repair the cause and submit the experiment again.",),
        impact=_LOST_REST,
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
        impact=_LOST_REST,
    ),
    FindingCode.JOB_DEADLINE: Wording(
        title="Deadline Passed",
        says=(
            (
                "job {job_id} was ended at its deadline after {elapsed_s:duration}, at step {reached_step} "
                "of {planned_steps}"
            ),
            "job {job_id} was ended at its deadline after {elapsed_s:duration}",
            "the deadline of job {job_id} passed before it could start",
            "its job's deadline passed",
        ),
        cause=("It was submitted with `--deadline`, and could not end in time.",),
        resolution=("Submit it again with a later `--deadline`, or without one.",),
        impact=_LOST_REST,
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
        cause=(
            "Its own user, or a program of theirs, ended it (`scancel`){is_by_its_user:if}.",
            "Somebody, or a rule of the site, ended it (`scancel`).",
        ),
        resolution=("Submit it again if its results are still wanted.",),
        impact=_LOST_REST,
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
            "job {job_id} was killed for its use of host memory, at step {reached_step} of {planned_steps}",
            "job {job_id} was killed for its use of host memory",
            "the job was killed for its use of host memory",
        ),
        cause=(
            (
                "Its processes used {max_rss_bytes:memory}, and the job had asked for "
                "{requested_memory_bytes:memory} of host memory{is_over:if}."
            ),
            (
                "Its processes needed more than the {requested_memory_bytes:memory} of host memory that the "
                "job had asked for; the most that was sampled is {max_rss_bytes:memory}."
            ),
            (
                "Its processes needed more than the {requested_memory_bytes:memory} of host memory that the "
                "job had asked for."
            ),
            "Its processes needed more host memory than the job had asked for.",
        ),
        resolution=("Ask for more memory (`--mem`), or use fewer data loader workers.",),
        impact=_LOST_REST,
    ),
    FindingCode.JOB_NODE_FAIL: Wording(
        title="Node Failure",
        says=(
            "the nodes of job {job_id} did not boot, and it never ran{did_not_boot:if}",
            "node {failed_node} of job {job_id} failed and Slurm did not start the job again",
            "a node of job {job_id} failed, of {node_list:code}, and Slurm did not start the job again",
            "a node of job {job_id} failed and Slurm did not start the job again",
            "a node failed and Slurm did not start the job again",
        ),
        cause=(
            "Its nodes were to be booted and did not come; the experiment is not to blame{did_not_boot:if}.",
            "The node went down or lost contact; the experiment is not to blame.",
        ),
        resolution=("Submit it again, with `--exclude` if the same node keeps failing.",),
        impact=_LOST_REST,
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
        impact=_LOST_REST,
    ),
}
