"""Sets that are due together share what Slurm is asked, and nobody's wait for long on another's."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from afterall.collect.item import ItemState
from afterall.collect.store import wait_notes
from collect.collect_ground import UID, Ground, written

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="serving another user needs root")


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


def _ends_of(ground: Ground, uid: int, job_id: str, set_dir: Path) -> None:
    """Let a job of another user's end."""
    ground.event(job_id, set_dir / job_id, uid=str(uid).encode())
    ground.slurm.ended(job_id, set_dir / job_id)


def _until(holds: Callable[[], object]) -> None:
    for _ in range(1000):
        if holds():
            return
        time.sleep(0.02)
    raise AssertionError("it does not come to that")


@needs_root
@pytest.mark.parametrize("run", [Ground.collect, Ground.sweep], ids=["collect", "sweep"])
def test_nobody_waits_for_a_report_of_another_user(ground: Ground, run: Callable[[Ground], object]) -> None:
    """What ends while it is written is taken, asked about and reported on meanwhile."""
    ground.restrict(debounce_s=0)
    long_dir = ground.make_set("long", "1", behave="pause")
    other_dir = ground.make_set("other", "2")
    ground.ends("1", long_dir)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run, ground)
        try:
            _until(lambda: [item.state for item in ground.items()] == [ItemState.REPORTING])
            _ends_of(ground, UID + 1, "2", other_dir)
            _until(lambda: written(other_dir) == ["final"])
            assert not running.done()
        finally:
            (long_dir / "go").write_text("")
    assert written(long_dir) == ["final"]


def test_a_sweep_that_dies_leaves_the_sets_it_reports_on_due(ground: Ground) -> None:
    """They were to be tried later; that was before they were known to be over."""
    set_dir = ground.make_set("sweep", "1", behave="pause")
    ground.ends("1", set_dir)
    ground.slurm.queued("2", set_dir / "2")
    ground.collect_later(ground.site.debounce_s)
    ground.slurm.left("2")
    ground.slurm.ended("2", set_dir / "2")
    with ground.spool.alone():
        worker = ground.worker()
        worker.round(sweep=True)
        worker.stop()
    (set_dir / "go").write_text("")
    assert ground.collect().reported == 1


@needs_root
def test_users_take_turns(ground: Ground) -> None:
    """A set waits for one large set of another user at most, however many of them were due earlier."""
    ground.restrict(query_batch=2, debounce_s=1)
    for number in range(1, 5):
        ids = [f"{number}{job}" for job in range(1, 6)]
        set_dir = ground.make_set(f"large{number}", *ids)
        ground.ends(ids[0], set_dir)
        for job_id in ids[1:]:
            ground.slurm.ended(job_id, set_dir / job_id)
    ground.collect()
    ground.clock.advance(1)
    _ends_of(ground, UID + 1, "91", ground.make_set("small", "91"))
    ground.clock.advance(1)
    ground.restrict(debounce_s=0)
    assert ground.collect().reported == 5
    asked = [_ids_of(call) for call in ground.slurm.calls("sacct")]
    assert len(asked) == 4 * 3 + 1
    assert asked.index(["91"]) <= 3


def test_a_round_waits_for_one_hanging_look_of_a_user(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """His other sets are put off, which is no failure of theirs."""
    monkeypatch.setattr("afterall.collect.looking.LOOK_LIMIT_S", 0.5)
    for number in range(1, 4):
        ground.ends(f"{number}", ground.make_set(f"sweep{number}", f"{number}", behave="look hang"))
    ground.collect_later(ground.site.debounce_s)
    assert [item.failures for item in ground.items()] == [1, 1, 1]
    ground.collect_later(ground.site.retry_first_s)
    assert sorted(item.failures for item in ground.items()) == [1, 1, 2]
    for number in range(1, 4):
        (ground.path / f"sweep{number}" / "behave").write_text("")
    assert ground.collect_later(2 * ground.site.retry_first_s).reported == 3


def test_a_round_waits_for_one_hanging_directory_of_a_user(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many of his directories are new: the others are asked about another time."""
    monkeypatch.setattr("afterall.collect.worker.RESOLVE_LIMIT_S", 0.5)
    monkeypatch.setattr("afterall.collect.intake.DIRS_A_QUESTION", 1)
    for number in range(1, 4):
        set_dir = ground.make_set(f"sweep{number}", f"{number}", behave="resolve hang")
        ground.event(f"{number}", set_dir / f"{number}")
    assert ground.collect().held == 3
    assert len(wait_notes(ground.spool)) == 1


def test_more_records_than_a_round_takes_are_taken_in_one_run(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an outage none of them waits for the next run."""
    monkeypatch.setattr("afterall.collect.intake.CLAIMS_A_ROUND", 2)
    for number in range(1, 6):
        ground.event(f"{number}", ground.path)
    assert ground.collect().ignored == 5
