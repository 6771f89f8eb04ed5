"""However a job ends, goes on or is noted, the report follows its last leg, and no earlier."""

from cluster.cluster_hooks import make_spool, put_slow_hook
from cluster.cluster_processes import until
from cluster.cluster_sets import ExperimentSet, Run, make_set
from cluster.cluster_slurm import Slurm
from cluster.cluster_traces import Training
from cluster.cluster_truth import check_set
from cluster.cluster_worker import Site, decisions

SHORT = Run("rank4", Training(4))
ENDLESS = Run("rank16", Training(16, steps=12), "sleep 600")
RESTARTED = Run("rank16", Training(16), before='test "${SLURM_RESTART_COUNT:-0}" -gt 0 || exec sleep 600')
"""Its second leg trains."""
LATER = "retry_first_s = 600\nretry_last_s = 900\ngrace_s = 4"
"""Only events and the sweep make the worker look again."""
OF_SLURM = ("dac_override",)


def with_running(slurm: Slurm, name: str, run: Run, *options: str) -> ExperimentSet:
    """End one job of a set while another runs on node n4."""
    one = make_set(slurm, name)
    running = one.submit(run, "--nodelist=n4", *options)
    slurm.wait_accounted(one.submit(SHORT))
    slurm.wait(running, "RUNNING")
    return one


def swept_until_reported(site: Site, one: ExperimentSet) -> None:
    """Sweep again and again until the set is reported on, as the sweep's timer does."""
    until(lambda: site.once("sweep"), lambda log: bool(decisions(log, one.path, "reported")), "a report", 60)


def start_again(slurm: Slurm, job_id: str) -> None:
    """Let a requeued job start at once: Slurm holds it back for its credential's lifetime, two minutes."""
    slurm.wait(job_id, "PENDING")
    slurm.run("scontrol", "update", f"jobid={job_id}", "starttime=now")
    slurm.wait(job_id, "COMPLETED")


def preempt(slurm: Slurm, job_id: str) -> None:
    """Take the job's node for another that is more urgent."""
    urgent = slurm.sbatch(slurm.user.home, "--partition=urgent", "--exclusive", "--time=1", script="sleep 1")
    slurm.wait(urgent, "COMPLETED", timeout_s=90)
    until(lambda: slurm.states(job_id), lambda seen: seen != ("RUNNING",), "a preempted job", 30)


def test_a_requeued_job_is_waited_for(slurm: Slurm, python: str) -> None:
    """The hook notes the end of its first leg; the set is reported on after the second, with both told."""
    slurm.install_hook("epilog")
    site = Site(slurm, python, LATER)
    one = with_running(slurm, "requeued", RESTARTED)
    job_id = one.jobs["rank16"]
    slurm.run("scontrol", "requeue", job_id)
    slurm.wait_events(2)
    slurm.wait(job_id, "PENDING")
    assert "state=siblings" in decisions(site.once(), one.path, "waits")[0]
    assert "RESULTS.md" not in one.listed()
    start_again(slurm, job_id)
    swept_until_reported(site, one)
    check_set(one)
    assert len(one.told("rank16")["attempts"]) == 2
    assert one.results["set"]["counts"] == {"completed": 2}


def test_a_preempted_job_that_goes_on_is_waited_for(slurm: Slurm, python: str) -> None:
    """Slurm puts it back into the queue; nothing is written before its next leg has ended."""
    slurm.install_hook("epilog")
    site = Site(slurm, python, LATER)
    one = with_running(slurm, "preempted_and_requeued", RESTARTED, "--exclusive")
    preempt(slurm, one.jobs["rank16"])
    assert decisions(site.once("sweep"), one.path, "reported") == []
    assert "RESULTS.md" not in one.listed()
    start_again(slurm, one.jobs["rank16"])
    swept_until_reported(site, one)
    check_set(one)
    assert one.told("rank16")["state"] == "completed"


def test_a_preempted_job_that_is_not_requeued_is_reported_after_the_grace(slurm: Slurm, python: str) -> None:
    """Nobody can tell at first whether it will go on; once it has stayed away, the set is over."""
    slurm.install_hook("epilog")
    site = Site(slurm, python, LATER.replace("grace_s = 4", "grace_s = 8"))
    one = with_running(slurm, "preempted", ENDLESS, "--exclusive", "--no-requeue")
    preempt(slurm, one.jobs["rank16"])
    slurm.wait_accounted(one.jobs["rank16"], "PREEMPTED")
    assert "state=grace" in decisions(site.once("sweep"), one.path, "waits")[0]
    assert "RESULTS.md" not in one.listed()
    swept_until_reported(site, one)
    check_set(one)
    assert one.told("rank16")["state"] == "preempted"


def test_a_running_job_that_is_cancelled_is_an_ending(slurm: Slurm, python: str) -> None:
    """Its node notes it, and the report says that it was cancelled while it ran."""
    slurm.install_hook("epilog")
    site = Site(slurm, python)
    one = with_running(slurm, "cancelled_running", ENDLESS)
    slurm.run_as_user(["scancel", one.jobs["rank16"]], one.path)
    slurm.wait_events(2)
    site.until_reported(one.path)
    check_set(one)
    assert one.results["set"]["counts"] == {"completed": 1, "cancelled": 1}


def test_a_controller_that_restarts_calls_its_hook_again(slurm: Slurm, python: str) -> None:
    """It kills its hook and runs it once more; two records of one ending lead to one report."""
    spool = make_spool(slurm.spool, "slurm")
    put_slow_hook(slurm.place, "epilog_slurmctld", spool, 20)
    one = make_set(slurm, "restarted")
    job_id = one.submit(SHORT)
    slurm.wait_events(1)
    slurm.stop_slurmctld()
    put_slow_hook(slurm.place, "epilog_slurmctld", spool, 0)
    slurm.start_slurmctld()
    events = slurm.wait_events(2)
    assert {path.name.partition(".")[0] for path in events} == {job_id}
    log = Site(slurm, python, more_rights=OF_SLURM).until_reported(one.path)
    assert len(decisions(log, one.path, "reported")) == 1
    check_set(one)


def test_an_ending_while_the_controller_is_down_is_reported_on(slurm: Slurm, python: str) -> None:
    """The node notes it at once; the worker waits for the queue's word, which alone knows of siblings."""
    slurm.install_hook("epilog")
    site = Site(slurm, python)
    one = make_set(slurm, "no_controller")
    job_id = one.submit(Run("rank4", Training(4), "sleep 6"))
    slurm.wait(job_id, "RUNNING")
    slurm.stop_slurmctld()
    try:
        until((one.path / "rank4/trainer_state.json").exists, bool, "its training", 30)
        assert decisions(site.once(), one.path, "reported") == []
    finally:
        slurm.start_slurmctld()
    site.until_reported(one.path, 120)
    check_set(one)
    assert one.results["set"]["counts"] == {"completed": 1}
