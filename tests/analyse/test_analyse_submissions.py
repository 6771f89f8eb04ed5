"""What to submit, submit again, release and wait for."""

from typing import Any

import pytest
from msgspec.structs import replace

from afterall.analyse.steps.limits import slurm_memory, slurm_time
from afterall.model import (
    DIRECTORY_NAME,
    Completion,
    Experiment,
    Fact,
    FindingCode,
    NextStepKind,
    SlurmState,
    Source,
)
from analyse.analyse_asking import step, steps
from analyse.analyse_made import (
    SET,
    attempt,
    experiment,
    failed,
    log_line,
    unsubmitted,
)

MIB = 1024 * 1024


def job(state: SlurmState, **fields: Any) -> Experiment:
    """Return a failed experiment with this job."""
    made = attempt(state=state, **{"submit_line": "sbatch train.sbatch", **fields})
    return failed("run", state.state, attempts=(made,))


def test_memory_grows_by_half_at_least() -> None:
    """1200 MiB that were not enough become 2 GiB, with the reason and both numbers."""
    run = job(SlurmState.OUT_OF_MEMORY, requested_memory_bytes=1200 * MIB, max_rss_bytes=1280 * MIB, nodes=1)
    found = step(NextStepKind.RESUBMIT, run)
    assert found.command == f"(cd {SET}/run && sbatch --mem=2G train.sbatch)"
    assert found.details == {"old_memory_mib": 1200, "memory_mib": 2048}
    assert found.because is FindingCode.JOB_OUT_OF_MEMORY


def test_memory_covers_what_was_seen_in_use() -> None:
    """A peak far above the request decides."""
    run = job(SlurmState.OUT_OF_MEMORY, requested_memory_bytes=1000 * MIB, max_rss_bytes=3000 * MIB)
    assert step(NextStepKind.RESUBMIT, run).details["memory_mib"] == 3840


def test_memory_is_asked_for_each_node() -> None:
    """Accounting's sum over nodes is divided, because --mem is per node."""
    run = job(SlurmState.OUT_OF_MEMORY, requested_memory_bytes=4000 * MIB, nodes=4)
    assert step(NextStepKind.RESUBMIT, run).details == {"old_memory_mib": 1000, "memory_mib": 1536}


def test_a_kill_that_only_the_log_shows_asks_for_memory() -> None:
    """Slurm's FAILED with a kill line in the log is a matter of memory."""
    run = replace(
        job(SlurmState.FAILED, requested_memory_bytes=1000 * MIB),
        findings=(log_line(FindingCode.LINE_HOST_OUT_OF_MEMORY, "oom_kill"),),
    )
    assert "--mem=1536M" in step(NextStepKind.RESUBMIT, run).command


def test_time_follows_the_pace_of_the_run() -> None:
    """A run that did a quarter of its steps gets four times its time and a margin, rounded up."""
    run = job(SlurmState.TIMEOUT, time_limit_s=3600, elapsed_s=3605)
    run = replace(run, metrics=experiment(metrics={"global_step": 25, "planned_steps": 100}).metrics)
    found = step(NextStepKind.RESUBMIT, run)
    assert "--time=5:30:00" in found.command
    assert found.details == {"old_time_limit_s": 3600, "time_limit_s": 19800}


def test_time_is_doubled_where_no_step_tells() -> None:
    """Without progress the limit doubles."""
    assert "--time=2:00:00" in step(NextStepKind.RESUBMIT, job(SlurmState.TIMEOUT, time_limit_s=3600)).command


def test_an_unknown_limit_is_not_changed() -> None:
    """Where nobody knows what was asked for, the job is submitted as it was."""
    for state, lacked in ((SlurmState.TIMEOUT, "lacked_time"), (SlurmState.OUT_OF_MEMORY, "lacked_memory")):
        found = step(NextStepKind.RESUBMIT, job(state))
        assert (found.command, found.details) == (f"(cd {SET}/run && sbatch train.sbatch)", {lacked: True})


def test_a_cause_to_repair_is_named() -> None:
    """A run that ran out of CUDA memory needs no other limit, but a change."""
    run = replace(job(SlurmState.FAILED), findings=(log_line(FindingCode.LINE_CUDA_OUT_OF_MEMORY, "CUDA"),))
    assert step(NextStepKind.RESUBMIT, run).details == {"cause": "line_cuda_out_of_memory"}


@pytest.mark.parametrize(
    ("state", "fields", "details"),
    [
        (SlurmState.CANCELLED, {}, {}),
        (SlurmState.PREEMPTED, {}, {}),
        (SlurmState.NODE_FAIL, {}, {}),
        (SlurmState.FAILED, {}, {"is_unexplained": True}),
        (SlurmState.FAILED, {"exit_code": 0, "signal": 53}, {"did_not_launch": True}),
    ],
)
def test_only_what_failed_by_itself_has_something_to_find_out(
    state: SlurmState, fields: dict[str, Any], details: dict[str, Any]
) -> None:
    """A job that was cancelled, preempted or lost its node is submitted as it was."""
    assert step(NextStepKind.RESUBMIT, job(state, **fields)).details == details


def test_the_first_submissions_options_and_arguments_are_kept() -> None:
    """Partition and arguments stand again; the limit that changes and --parsable do not."""
    line = "sbatch --parsable -p gpu --mem 4G --time=10 -J x train.sbatch --rank 64"
    run = job(SlurmState.OUT_OF_MEMORY, submit_line=line, requested_memory_bytes=4096 * MIB)
    expected = f"(cd {SET}/run && sbatch -p gpu --time=10 -J x --mem=6G train.sbatch --rank 64)"
    assert step(NextStepKind.RESUBMIT, run).command == expected


@pytest.mark.parametrize(
    "line",
    [
        "",
        "sbatch",
        "sbatch --wrap sleep 10",
        "srun train.sbatch",
        "sbatch --comment=two words train.sbatch",
        "'",
    ],
)
def test_an_unclear_submission_is_not_repeated(line: str) -> None:
    """Accounting drops quotes; options that do not read as such are left out, never guessed."""
    run = job(SlurmState.FAILED, submit_line=line)
    assert step(NextStepKind.RESUBMIT, run).command == f"(cd {SET}/run && sbatch train.sbatch)"


def test_only_the_failed_task_of_an_array_is_submitted_again() -> None:
    """The task's index takes the place of the array's whole range, in the directory of the array."""
    made = attempt(
        "12",
        SlurmState.FAILED,
        display_id="10_2",
        work_dir=SET,
        submit_line="sbatch --array=0-9 sweep.sbatch",
    )
    run = failed("runs/2", attempts=(made,), layout={"scripts": ("sweep.sbatch",)})
    assert step(NextStepKind.RESUBMIT, run).command == f"(cd {SET} && sbatch --array=2 sweep.sbatch)"


def test_a_task_known_by_its_log_alone_is_submitted_beside_its_script() -> None:
    """Without a job's directory a script of all tasks is submitted from where it lies."""
    made = attempt("10", SlurmState.FAILED, display_id="10_2", work_dir="", submit_line="")
    run = failed("runs/2", attempts=(made,), layout={"scripts": ("sweep.sbatch",)})
    assert step(NextStepKind.RESUBMIT, run).command == f"(cd {SET} && sbatch --array=2 sweep.sbatch)"


def test_a_script_of_several_experiments_is_not_submitted_without_its_arguments() -> None:
    """Which experiment it would train stands in the submit line alone."""
    layout = {"scripts": ("train.sbatch",)}
    unknown = failed("a", attempts=(attempt(state=SlurmState.FAILED, submit_line=""),), layout=layout)
    other = experiment("b", layout=layout)
    assert step(NextStepKind.RESUBMIT, unknown, other).command == ""
    made = attempt(state=SlurmState.FAILED, work_dir=SET, submit_line="sbatch train.sbatch 8 1e-4")
    known = failed("a", attempts=(made,), layout=layout)
    assert step(NextStepKind.RESUBMIT, known, other).command == f"(cd {SET} && sbatch train.sbatch 8 1e-4)"


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("runs/a/job.sh", f"(cd {SET}/runs/a && sbatch job.sh)"),
        ("runs/job.sh", f"(cd {SET}/runs && sbatch job.sh)"),
        ("scripts/a.sh", f"(cd {SET} && sbatch scripts/a.sh)"),
    ],
)
def test_where_nobody_knows_a_jobs_directory_the_scripts_place_tells_it(script: str, told: str) -> None:
    """In a run's directory, above it, or in one for scripts alone."""
    made = attempt(state=SlurmState.FAILED, submit_line="", work_dir="")
    run = failed("runs/a", attempts=(made,), layout={"scripts": (script,)})
    assert step(NextStepKind.RESUBMIT, run).command == told


def test_a_moved_set_is_submitted_where_it_lies_now() -> None:
    """The job's old directory is translated."""
    run = job(SlurmState.FAILED, work_dir="/old/place/run")
    assert step(NextStepKind.RESUBMIT, run).command.startswith(f"(cd {SET}/run &&")


def test_of_several_scripts_the_submitted_one_is_taken() -> None:
    """The submit line names the script; without it, only one that is named like training."""
    run = failed("run", layout={"scripts": ("run/a.sbatch", "run/b.sbatch")})
    chosen = replace(run, attempts=(attempt(state=SlurmState.FAILED, submit_line="sbatch b.sbatch"),))
    assert step(NextStepKind.RESUBMIT, chosen).command.endswith("sbatch b.sbatch)")
    unclear = replace(run, attempts=(attempt(state=SlurmState.FAILED),))
    assert step(NextStepKind.RESUBMIT, unclear).command == ""
    named = failed(
        "run",
        attempts=(attempt(state=SlurmState.FAILED),),
        layout={
            "scripts": ("run/eval.slurm", "run/finetune.slurm", "run/x.sh"),
            "eval_scripts": ("run/eval.slurm",),
        },
    )
    assert step(NextStepKind.RESUBMIT, named).command.endswith("sbatch finetune.slurm)")


def test_never_submitted_experiments_are_one_step() -> None:
    """Alike suggestions are one, with a command a line."""
    found = step(NextStepKind.SUBMIT, unsubmitted("b10"), unsubmitted("b2"))
    assert found.experiments == ("b2", "b10")
    assert found.command.splitlines() == [f"(cd {SET}/{n} && sbatch train.sbatch)" for n in ("b2", "b10")]
    assert found.because is FindingCode.NOT_SUBMITTED


def living(name: str, job_id: str, slurm: SlurmState, reason: str = "") -> Experiment:
    """Return an experiment whose job lives."""
    made = attempt(
        job_id, slurm, reason=reason, start=None, end=None, elapsed_s=None, submit_line="sbatch train.sbatch"
    )
    layout = {"scripts": (f"{name}/train.sbatch",)}
    state = slurm.state
    return experiment(
        name, state=state, completion=Completion(None), attempts=(made,), logs=(), layout=layout
    )


def test_living_jobs_are_waited_for_together() -> None:
    """One look at the queue for all of them, and no submission."""
    runs = [living("a", "8", SlurmState.RUNNING), living("b", "9", SlurmState.PENDING)]
    found = step(NextStepKind.WAIT, *runs)
    assert (found.command, found.details, found.experiments) == ("squeue -j 8,9", {"jobs": 2}, ("a", "b"))
    assert not steps(NextStepKind.RESUBMIT, *runs)


def test_held_jobs_are_released_by_whom_can() -> None:
    """A user releases what a user held; what an admin held has no command."""
    user = step(NextStepKind.WAIT, living("a", "8", SlurmState.PENDING, "JobHeldUser"))
    assert (user.command, user.details, user.because) == (
        "scontrol release 8",
        {"held": True},
        FindingCode.JOB_HELD,
    )
    assert step(NextStepKind.WAIT, living("a", "8", SlurmState.PENDING, "JobHeldAdmin")).command == ""


def test_a_job_that_never_starts_is_cancelled_and_submitted_anew() -> None:
    """A dependency that cannot come true is dropped."""
    run = living("a", "8", SlurmState.PENDING, "DependencyNeverSatisfied")
    found = step(NextStepKind.RESUBMIT, run)
    assert found.command == f"scancel 8 && (cd {SET}/a && sbatch train.sbatch)"
    assert found.because is FindingCode.DEPENDENCY_NEVER_SATISFIED
    assert found.details == {"had_dependency": True}


def test_slurm_units() -> None:
    """Memory and time are written as sbatch reads them."""
    assert [slurm_memory(mib) for mib in (512, 1024, 1536, 12288)] == ["512M", "1G", "1536M", "12G"]
    assert [slurm_time(s) for s in (300, 3600, 86399, 86400, 129600)] == [
        "0:05:00",
        "1:00:00",
        "23:59:59",
        "1-00:00:00",
        "1-12:00:00",
    ]


def test_of_scripts_with_one_name_the_path_decides() -> None:
    """A submit line with a path names the script that ends in it."""
    made = attempt(state=SlurmState.FAILED, work_dir=SET, submit_line="sbatch ./b/train.sbatch")
    run = failed("run", attempts=(made,), layout={"scripts": ("a/train.sbatch", "b/train.sbatch")})
    assert step(NextStepKind.RESUBMIT, run).command == f"(cd {SET} && sbatch b/train.sbatch)"


def test_what_only_a_name_promises_is_to_be_set_before_submission() -> None:
    """A rank that stands in the directory's name and in no file is named; one that a file sets is not."""
    run = unsubmitted("rank64_seed1", learning_rate=0.001)
    promised = {"lora_rank": Fact(64, Source("rank64_seed1", DIRECTORY_NAME))}
    found = step(NextStepKind.SUBMIT, replace(run, parameters={**run.parameters, **promised}))
    assert found.details == {"unset": "lora_rank"}
    assert step(NextStepKind.SUBMIT, run).details == {}
