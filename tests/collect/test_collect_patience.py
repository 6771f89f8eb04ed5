"""A set is waited for while Slurm may still say something else of it, ever more rarely, and not for ever."""

import pytest

from afterall.collect.item import ItemState
from collect.collect_ground import Ground, written


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
