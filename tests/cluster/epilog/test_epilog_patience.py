"""A report is never early: a sibling that waits, or was requeued, keeps its set open."""

import pytest

from cluster.cluster_commands import run_afterall
from cluster.cluster_sets import ExperimentSet, Run, make_set
from cluster.cluster_slurm import Slurm
from cluster.cluster_traces import Training
from cluster.cluster_truth import check_attempts, check_set
from cluster.cluster_worker import Watch

SHORT = Run("rank4", Training(4))


def test_a_held_sibling_keeps_the_set_open(slurm: Slurm, watch: Watch, python: str) -> None:
    """Nothing is written while a job is held, not on the user's own asking either; a release leads to it."""
    one = make_set(slurm, "with_a_held")
    held = one.submit(Run("rank16", Training(16)), "--hold")
    slurm.wait(one.submit(SHORT))
    watch.wait(one.path, "waits", state="siblings", reason=f"{held} PENDING")
    done = run_afterall(slurm, python, "report", one.path, "--if-finished", check=False)
    assert (done.returncode, held in done.stderr) == (3, True)
    assert "RESULTS.md" not in one.listed()
    slurm.run_as_user(["scontrol", "release", held], one.path)
    watch.wait_done(one.path)
    check_set(one)
    assert {told["state"] for told in one.results["experiments"]} == {"completed"}


@pytest.fixture(scope="module")
def requeued(slurm: Slurm, watch: Watch) -> ExperimentSet:
    """Requeue a running job when its sibling has ended, and let it start again once the worker has looked."""
    one = make_set(slurm, "with_a_requeued")
    first_leg = 'test -n "$SLURM_RESTART_COUNT" || exec sleep 600'
    job_id = one.submit(Run("rank16", Training(16), before=first_leg))
    slurm.wait(one.submit(SHORT))
    slurm.wait(job_id, "RUNNING")
    slurm.run("scontrol", "requeue", job_id)
    watch.wait(one.path, "waits", state="siblings", reason=f"{job_id} PENDING")
    assert "RESULTS.md" not in one.listed()
    # Slurm lets a requeued job wait for two minutes.
    slurm.run("scontrol", "update", f"jobid={job_id}", "starttime=now")
    watch.wait_done(one.path)
    return one


def test_a_requeued_job_has_two_attempts(requeued: ExperimentSet) -> None:
    """The earlier leg is told as such, with accounting's word for it; the later one counts."""
    check_set(requeued)
    told = requeued.told("rank16")
    assert (told["state"], len(told["attempts"])) == ("completed", 2)
    assert told["attempts"][0]["slurm_state"] == "REQUEUED"
    assert requeued.codes("rank16") == {"earlier_attempts"}


@pytest.fixture(scope="module")
def resubmitted(slurm: Slurm, watch: Watch) -> tuple[ExperimentSet, list[str]]:
    """Report on a set with a failed run, and submit that again; return the set and the run's two jobs."""
    one = make_set(slurm, "with_a_resubmitted")
    one.submit(SHORT)
    failed = one.submit(Run("rank16", Training(16, steps=12), "exit 3"))
    watch.wait_done(one.path)
    again = one.submit(Run("rank16", Training(16)), "--hold")
    return one, [failed, again]


def test_a_resubmitted_job_renews_the_report(
    resubmitted: tuple[ExperimentSet, list[str]], slurm: Slurm, watch: Watch
) -> None:
    """While it waits no sibling's end touches the old report; its own end makes a new one of both jobs."""
    one, (failed, again) = resubmitted
    old = one.report.read_bytes()
    slurm.wait(one.submit(Run("rank64", Training(64))))
    watch.wait(one.path, "waits", state="siblings", reason=f"{again} PENDING")
    assert (one.report.read_bytes(), one.results["set"]["status"]) == (old, "failed")
    slurm.run_as_user(["scontrol", "release", again], one.path)
    slurm.wait_accounted(again)
    watch.wait_done(one.path)
    check_attempts(one.told("rank16"), [*slurm.sacct(failed), *slurm.sacct(again)])
    assert one.codes("rank16") == {"earlier_attempts"}
    assert one.results["set"]["status"] == "complete"
