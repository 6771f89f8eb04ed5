"""The worker brings endings together by set and has each set reported on once, when nobody of it lives."""

import time

import pytest

from afterall.collect import Means, collect_once
from afterall.collect.item import ItemState
from collect.collect_ground import STAND_IN, Ground, written


def test_a_set_is_reported_when_its_last_job_has_ended(ground: Ground) -> None:
    """The report is written from what Slurm said, and nothing is left to do."""
    sweep_dir = ground.make_set("sweep", "1", "2")
    ground.ends("1", sweep_dir)
    ground.ends("2", sweep_dir, State="FAILED", ExitCode="1:0")
    first = ground.collect()
    assert (first.claimed, first.folded, first.reported, first.waiting) == (2, 2, 0, 1)
    second = ground.collect_later(ground.site.debounce_s)
    assert (second.reported, second.waiting) == (1, 0)
    assert written(sweep_dir) == ["final"]
    assert (sweep_dir / "RESULTS.md").read_text() == "1 completed \n2 failed \n"
    assert len(ground.names("done/events")) == 2
    assert len(ground.names("done/sets")) == 1
    assert ground.names("claimed") == ground.names("sets") == ground.names("new") == []


def test_slurm_is_not_asked_before_a_set_is_quiet(ground: Ground) -> None:
    """Each ending starts the quiet time anew."""
    sweep_dir = ground.make_set("sweep", "1", "2")
    ground.ends("1", sweep_dir)
    ground.collect()
    ground.clock.advance(ground.site.debounce_s - 1)
    ground.ends("2", sweep_dir)
    ground.collect()
    ground.collect_later(ground.site.debounce_s - 1)
    assert ground.slurm.calls("sacct") == ground.slurm.calls("squeue") == []
    assert ground.collect_later(1).reported == 1


@pytest.mark.parametrize("state", ["PENDING", "RUNNING", "SUSPENDED", "COMPLETING", "CONFIGURING"])
def test_a_living_sibling_is_waited_for(ground: Ground, state: str) -> None:
    """Its id is remembered, so that its end is asked for even where no hook reports it."""
    sweep_dir = ground.make_set("sweep", "1", behave="some")
    ground.ends("1", sweep_dir)
    ground.slurm.queued("9", sweep_dir / "9", state)
    ground.collect()
    assert ground.collect_later(ground.site.debounce_s).waiting == 1
    (item,) = ground.items()
    assert (item.state, item.reason) == (ItemState.SIBLINGS, f"alive: 9 {state}")
    assert item.jobs == ("1", "9")
    ground.slurm.left("9")
    ground.slurm.ended("9", sweep_dir / "9", State="CANCELLED by 61234")
    assert ground.collect_later(ground.site.retry_first_s).reported == 1
    assert (sweep_dir / "RESULTS.md").read_text() == "1 completed \n9 cancelled \n"


def test_a_sweep_asks_about_sets_before_their_time(ground: Ground) -> None:
    """A job that was cancelled while pending ends without a hook; the sweep finds it."""
    sweep_dir = ground.make_set("sweep", "1")
    ground.ends("1", sweep_dir)
    ground.slurm.queued("2", sweep_dir / "2", "PENDING")
    ground.collect()
    ground.collect_later(ground.site.debounce_s)
    ground.slurm.left("2")
    ground.slurm.ended("2", sweep_dir / "2", State="CANCELLED by 61234", Start="None")
    assert ground.collect_later(1).reported == 0
    assert ground.sweep().reported == 1


def test_a_requeued_job_does_not_finish_the_set(ground: Ground) -> None:
    """The hook runs, and the job goes back to the queue under the same id."""
    sweep_dir = ground.make_set("sweep", "1")
    ground.event("1", sweep_dir / "1", context=b"jobcomp", state=b"PENDING", restarts=b"1")
    ground.slurm.ended("1", sweep_dir / "1", State="REQUEUED")
    ground.slurm.queued("1", sweep_dir / "1", "PENDING", "BeginTime")
    ground.collect()
    assert ground.collect_later(ground.site.debounce_s).reported == 0
    ground.slurm.left("1")
    ground.ends("1", sweep_dir)
    ground.collect()
    assert ground.collect_later(ground.site.debounce_s).reported == 1
    assert written(sweep_dir) == ["final"]


def test_endings_told_twice_are_one_report(ground: Ground) -> None:
    """Every node, the controller and jobcomp may tell of the same job."""
    sweep_dir = ground.make_set("sweep", "1")
    ground.ends("1", sweep_dir)
    ground.event("1", sweep_dir / "1", context=b"epilog_slurmctld")
    ground.event("1", sweep_dir / "1", context=b"jobcomp", state=b"COMPLETED")
    ground.collect()
    ground.collect_later(ground.site.debounce_s)
    assert written(sweep_dir) == ["final"]


def test_a_set_that_was_done_begins_again_with_what_it_knew(ground: Ground) -> None:
    """A run that is added later is reported on together with the earlier ones."""
    sweep_dir = ground.make_set("sweep", "1")
    ground.ends("1", sweep_dir)
    ground.collect()
    ground.collect_later(ground.site.debounce_s)
    (sweep_dir / "jobs").write_text("")
    (sweep_dir / "2").mkdir()
    ground.ends("2", sweep_dir)
    ground.collect()
    assert ground.items()[0].jobs == ("1", "2")
    assert ground.collect_later(ground.site.debounce_s).reported == 1
    assert written(sweep_dir) == ["final", "final"]


def test_an_ending_while_the_report_is_written_is_reported_too(ground: Ground) -> None:
    """The set stays due although its report has just been written."""
    sweep_dir = ground.make_set("sweep", "1", "2", behave="pause")
    ground.ends("1", sweep_dir)
    worker = ground.worker()
    worker.round()
    ground.clock.advance(ground.site.debounce_s)
    worker.round()
    ground.ends("2", sweep_dir)
    worker.round()
    (sweep_dir / "go").write_text("")
    worker.harvest(60)
    assert (worker.tally.reported, worker.tally.waiting) == (1, 1)
    assert ground.collect_later(ground.site.debounce_s).reported == 1
    assert (sweep_dir / "RESULTS.md").read_text() == "1 completed \n2 completed \n"


def test_a_provisional_report_is_written_where_the_set_asks_for_it(ground: Ground) -> None:
    """Once for each ending while siblings live, and the final one at the end."""
    sweep_dir = ground.make_set("sweep", "1", "2", behave="partial")
    ground.ends("1", sweep_dir)
    ground.slurm.queued("2", sweep_dir / "2")
    ground.collect()
    assert ground.collect_later(ground.site.debounce_s).provisional == 1
    assert ground.collect_later(ground.site.retry_first_s).provisional == 0
    ground.slurm.left("2")
    ground.ends("2", sweep_dir)
    ground.collect()
    assert ground.collect_later(ground.site.debounce_s).reported == 1
    assert written(sweep_dir) == ["provisional", "final"]


def test_what_others_wrote_about_their_jobs_stays_theirs(ground: Ground) -> None:
    """A set's files may name any job id; another user's comment does not reach the report."""
    sweep_dir = ground.make_set("sweep", "1", "7")
    ground.ends("1", sweep_dir, Comment="my own", UID=str(ground.uid))
    ground.slurm.ended("7", ground.path / "elsewhere", Comment="a secret", User="other", UID="999")
    ground.collect()
    assert ground.collect_later(ground.site.debounce_s).reported == 1
    assert (sweep_dir / "RESULTS.md").read_text() == "1 completed my own\n7 unknown \n"


def test_a_run_by_hand_waits_until_its_sets_are_quiet(ground: Ground) -> None:
    """One call is enough: it stays for the debounce time, and no longer than that."""
    ground.restrict(debounce_s=1)
    sweep_dir = ground.make_set("sweep", "1")
    other_dir = ground.make_set("other", "2")
    ground.slurm.queued("3", other_dir / "3")
    means = Means(argv=STAND_IN)
    ground.clock.time = means.clock.now()
    ground.ends("1", sweep_dir)
    ground.ends("2", other_dir)
    tally = collect_once(ground.spool.path, ground.site, means)
    assert (tally.reported, tally.waiting) == (1, 1)
    assert len(ground.slurm.calls("sacct")) == 1


def test_a_set_that_a_comment_opts_in_is_reported_in_the_same_run(ground: Ground) -> None:
    """Slurm is asked a second time, no sooner than the debounce time allows."""
    ground.restrict(debounce_s=1)
    sweep_dir = ground.make_set("sweep", "1", behave="unsaid")
    ground.ends("1", sweep_dir, Comment="afterall")
    ground.clock.advance(1)
    begun = time.monotonic()
    assert ground.collect().reported == 1
    assert time.monotonic() - begun >= 1
    assert len(ground.slurm.calls("sacct")) == 2
