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


def test_all_sets_that_are_due_are_asked_about_at_once(ground: Ground) -> None:
    """However many sets there are, accounting and the queue are asked once."""
    sets = [ground.make_set(f"sweep{number}", str(number)) for number in range(1, 9)]
    for number, set_dir in enumerate(sets, start=1):
        ground.ends(str(number), set_dir)
    ground.collect()
    assert ground.collect_later(ground.site.debounce_s).reported == 8
    assert [written(set_dir) for set_dir in sets] == [["final"]] * 8
    assert len(ground.slurm.calls("sacct")) == 1
    assert len(ground.slurm.calls("squeue")) == 1


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


def test_waits_grow_until_the_longest(ground: Ground) -> None:
    """A set whose sibling runs for days is asked about every quarter of an hour, not every few seconds."""
    sweep_dir = ground.make_set("sweep", "1")
    ground.ends("1", sweep_dir)
    ground.slurm.queued("2", sweep_dir / "2")
    ground.collect()
    ground.clock.advance(ground.site.debounce_s)
    waits = []
    for _ in range(10):
        ground.collect()
        (item,) = ground.items()
        waits.append((item.next_try - ground.clock.now()).total_seconds())
        ground.clock.time = item.next_try
    assert all(8 * 2**n * 0.75 <= wait <= 8 * 2**n for n, wait in enumerate(waits[:7]))
    assert all(900 * 0.75 <= wait <= 900 for wait in waits[7:])
    assert len(ground.slurm.calls("sacct")) == 10


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


@pytest.mark.parametrize("late", ["PENDING", "RUNNING", "missing"])
def test_accounting_that_lags_is_waited_for(ground: Ground, late: str) -> None:
    """The record comes after the hook's; until then nothing is written that would be wrong."""
    sweep_dir = ground.make_set("sweep", "1")
    ground.event("1", sweep_dir / "1")
    if late != "missing":
        ground.slurm.ended("1", sweep_dir / "1", State=late, End="Unknown")
    ground.collect()
    assert ground.collect_later(ground.site.debounce_s).reported == 0
    assert ground.items()[0].state is ItemState.ACCOUNTING
    ground.slurm.ended("1", sweep_dir / "1", State="TIMEOUT")
    assert ground.collect_later(ground.site.retry_first_s).reported == 1
    assert (sweep_dir / "RESULTS.md").read_text() == "1 timeout \n"


def test_a_record_that_never_comes_is_not_waited_for_for_ever(ground: Ground) -> None:
    """After the grace period the set is reported without it; the job is then unknown, never completed."""
    sweep_dir = ground.make_set("sweep", "1", "2")
    ground.ends("1", sweep_dir)
    ground.event("2", sweep_dir / "2")
    ground.collect()
    assert ground.collect_later(ground.site.debounce_s).reported == 0
    assert ground.collect_later(ground.site.grace_s).reported == 1
    assert (sweep_dir / "RESULTS.md").read_text() == "1 completed \n"


def test_an_accounting_outage_loses_nothing(ground: Ground) -> None:
    """The database is down for an hour; the report appears after it is back."""
    sweep_dir = ground.make_set("sweep", "1")
    ground.ends("1", sweep_dir)
    said = (ground.slurm.path / "sacct.out").read_text()
    ground.slurm.says("sacct", err="sacct: error: slurm_persist_conn_open: Connection refused", code=1)
    ground.collect()
    for _ in range(4):
        assert ground.collect_later(900).reported == 0
    assert "Connection refused" in ground.items()[0].reason
    ground.slurm.says("sacct", said)
    assert ground.collect_later(900).reported == 1


def test_a_site_without_accounting_is_served(ground: Ground) -> None:
    """What the queue and the files know must do."""
    sweep_dir = ground.make_set("sweep", "1")
    ground.event("1", sweep_dir / "1")
    ground.slurm.says("sacct", err="Slurm accounting storage is disabled", code=1)
    ground.slurm.queued("1", sweep_dir / "1", "COMPLETED")
    ground.collect()
    assert ground.collect_later(ground.site.debounce_s).reported == 1


def test_nothing_is_final_while_the_queue_is_unknown(ground: Ground) -> None:
    """Without the controller's word a sibling may still wait there."""
    sweep_dir = ground.make_set("sweep", "1")
    ground.ends("1", sweep_dir)
    ground.slurm.says("squeue", err="slurm_load_jobs error: Unable to contact slurm controller", code=1)
    ground.collect()
    assert ground.collect_later(ground.site.debounce_s).reported == 0
    assert "Unable to contact slurm controller" in ground.items()[0].reason


def test_a_hanging_command_costs_its_time_limit(ground: Ground) -> None:
    """A command that does not answer is a failed question like any other."""
    sweep_dir = ground.make_set("sweep", "1")
    ground.ends("1", sweep_dir)
    ground.collect()
    (ground.slurm.path / "sacct.slow").write_text("")
    ground.restrict(slurm_timeout_s=0.3)
    assert ground.collect_later(ground.site.debounce_s).reported == 0
    assert "no answer within" in ground.items()[0].reason


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
    worker.harvest(wait=True)
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


def test_a_set_without_news_is_given_up_and_told(ground: Ground) -> None:
    """A job that is held for ever does not keep its set in the spool for ever."""
    sweep_dir = ground.make_set("sweep", "1")
    ground.ends("1", sweep_dir)
    ground.slurm.queued("2", sweep_dir / "2", "PENDING", "JobHeldUser")
    ground.collect()
    ground.collect_later(ground.site.debounce_s)
    assert ground.collect_later(ground.site.max_age_days * 86400).failed == 0
    last = ground.collect_later(3600)
    assert (last.failed, last.waiting) == (1, 0)
    assert len(ground.names("failed/sets")) == 1
    assert written(sweep_dir) == []


def test_news_of_a_sibling_keeps_a_set(ground: Ground) -> None:
    """A job that waits for days and then runs is news."""
    sweep_dir = ground.make_set("sweep", "1")
    ground.ends("1", sweep_dir)
    ground.slurm.queued("2", sweep_dir / "2", "PENDING")
    ground.collect()
    ground.collect_later(ground.site.debounce_s)
    ground.slurm.queued("2", sweep_dir / "2", "RUNNING")
    ground.collect_later(10 * 86400)
    assert ground.collect_later(10 * 86400).waiting == 1


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


def _five_sets_over(ground: Ground) -> None:
    """Let five sets of two jobs be over, in a site whose queries name four jobs."""
    ground.restrict(debounce_s=0.4, query_batch=4)
    for number in range(1, 6):
        ids = (f"{number}1", f"{number}2")
        set_dir = ground.make_set(f"sweep{number}", *ids)
        for job_id in ids:
            ground.ends(job_id, set_dir)
    ground.clock.advance(1)


def _ids_of(call: str) -> list[str]:
    """Return the job ids that a call of sacct names."""
    return call.rpartition(" -j ")[2].split()[0].split(",")


def test_more_jobs_than_a_query_names_wait_for_the_next_round(ground: Ground) -> None:
    """However many sets are due, accounting is asked once in a debounce time, and one run serves them all."""
    _five_sets_over(ground)
    begun = time.monotonic()
    assert ground.collect().reported == 5
    assert time.monotonic() - begun >= 2 * 0.4
    assert sorted(len(_ids_of(call)) for call in ground.slurm.calls("sacct")) == [2, 4, 4]


def test_a_sweep_asks_about_every_set_once(ground: Ground) -> None:
    """One query has no room for all of them; and not without end about one that nobody can look into."""
    _five_sets_over(ground)
    for number in range(1, 6):
        ground.slurm.queued(f"{number}3", ground.path / f"sweep{number}" / f"{number}3")
    (ground.path / "sweep5" / "behave").write_text("crash look")
    assert ground.collect().waiting == 5
    before = len(ground.slurm.calls("sacct"))
    assert ground.sweep().waiting == 5
    asked = [_ids_of(call) for call in ground.slurm.calls("sacct")[before:]]
    assert [sum(f"{number}1" in ids for ids in asked) for number in range(1, 6)] == [1, 1, 1, 1, 0]
    assert all(len(ids) <= 4 for ids in asked)


def test_a_new_ending_does_not_wait_behind_sets_that_only_wait(ground: Ground) -> None:
    """Where more sets are due than a query names, those with an event come first."""
    _five_sets_over(ground)
    for number in range(1, 6):
        ground.slurm.queued(f"{number}3", ground.path / f"sweep{number}" / f"{number}3")
    ground.collect()
    ground.clock.advance(3600)
    last_dir = ground.make_set("last", "91")
    ground.ends("91", last_dir)
    ground.clock.advance(1)
    with ground.spool.alone():
        ground.worker().round()
    assert "91" in _ids_of(ground.slurm.calls("sacct")[-1])
