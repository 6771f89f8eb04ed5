"""Slurm is asked one question of bounded size in a debounce time, and every run comes to an end."""

import time
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from afterall.collect import collect_once, sweep
from afterall.collect.asking import Asking
from afterall.collect.item import ItemState, SetItem, key_of
from afterall.collect.portions import Portions, put_together
from afterall.collect.worker import Means, Worker
from afterall.model import Attempt, JobId, Observation, SlurmSource, SlurmState, SourceReport
from collect.collect_ground import STAND_IN, UID, Ground, StoppedClock, written


class SteppingClock(StoppedClock):
    """A clock on which only sleeping takes time, and that tells when Slurm was asked."""

    def monotonic(self) -> float:
        """Return the time of day's seconds: both clocks are one."""
        return self.time.timestamp()

    def sleep(self, seconds: float) -> None:
        """Let time pass at once; the moments that are given to real processes are real."""
        if seconds < 0.1:
            time.sleep(seconds)
        self.time += timedelta(seconds=seconds)


class PacedGround(Ground):
    """A ground whose clock is stepped, with the times of its accounting queries."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.clock = SteppingClock()
        self.asked_at: list[float] = []
        self.rounds = 0

    def means(self, after_step: object = None) -> Means:
        """Return the stepping clock and the stand-in."""
        return Means(clock=self.clock, argv=STAND_IN)

    def queries(self) -> list[list[str]]:
        """Return the job ids of each accounting query."""
        return [call.rpartition(" -j ")[2].split()[0].split(",") for call in self.slurm.calls("sacct")]


@pytest.fixture
def paced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PacedGround:
    """Return a ground that notes when its worker put questions, and that lets no run go on for ever."""
    ground = PacedGround(tmp_path)
    put, go_round = Asking._put, Worker.round

    def put_and_note(asking: Asking, items: list[SetItem]) -> list[Observation]:
        ground.asked_at.append(ground.clock.monotonic())
        return put(asking, items)

    def count_rounds(worker: Worker, *, sweep: bool = False) -> None:
        ground.rounds += 1
        assert ground.rounds < 60, "it goes on without end"
        go_round(worker, sweep=sweep)

    monkeypatch.setattr(Asking, "_put", put_and_note)
    monkeypatch.setattr(Worker, "round", count_rounds)
    return ground


def _check_pace(ground: PacedGround) -> None:
    """Check that a debounce time lay between any two questions, and that none named too many ids."""
    between = [later - earlier for earlier, later in zip(ground.asked_at, ground.asked_at[1:], strict=False)]
    assert all(seconds >= ground.site.debounce_s for seconds in between), between
    assert len(ground.queries()) == len(ground.asked_at)
    assert all(len(ids) <= ground.site.query_batch for ids in ground.queries())


def _waiting_sets(ground: PacedGround, count: int, behave: str = "") -> list[Path]:
    """Let some sets have an ending each, and a job of each go on."""
    sets = []
    for number in range(1, count + 1):
        sets.append(ground.make_set(f"sweep{number}", f"{number}1", behave=behave))
        ground.ends(f"{number}1", sets[-1])
        ground.slurm.queued(f"{number}2", sets[-1] / f"{number}2")
    ground.clock.advance(60)
    return sets


def test_a_back_off_of_nothing_comes_to_an_end(paced: PacedGround) -> None:
    """With more sets due than a query names, and each due again at once, a run asks about each once."""
    paced.restrict(retry_first_s=0, query_batch=2)
    _waiting_sets(paced, 5)
    assert paced.collect().waiting == 5
    asked = sorted(job_id for ids in paced.queries() for job_id in ids)
    assert asked == ["11", "21", "31", "41", "51"]
    _check_pace(paced)


@pytest.mark.parametrize("behave", ["crash look", "refuse", "unsaid"])
def test_a_set_that_fails_at_once_comes_to_an_end(paced: PacedGround, behave: str) -> None:
    """Nobody can look into it, its report is refused, its opt-in is unknown: no reason to try for ever."""
    paced.restrict(retry_first_s=0, query_batch=1)
    for number in range(1, 4):
        set_dir = paced.make_set(f"sweep{number}", f"{number}", behave=behave)
        paced.event(f"{number}", set_dir / f"{number}")
        if behave == "refuse":
            paced.slurm.ended(f"{number}", set_dir / f"{number}")
    paced.clock.advance(60)
    assert paced.collect().waiting == 3
    assert len(paced.queries()) == (0 if "look" in behave else 3)
    _check_pace(paced)


def test_a_run_that_waits_for_quiet_sets_ends_too(paced: PacedGround) -> None:
    """The same by hand, where a run stays until sets whose jobs have only just ended are quiet."""
    paced.restrict(retry_first_s=0, query_batch=2)
    _waiting_sets(paced, 3)
    paced.ends("91", paced.make_set("last", "91"))
    tally = collect_once(paced.spool.path, paced.site, paced.means())
    assert (tally.reported, tally.waiting) == (1, 3)
    _check_pace(paced)


def test_a_sweep_with_a_back_off_of_nothing_ends(paced: PacedGround) -> None:
    """It asks about each set once, whenever each was to be tried next."""
    paced.restrict(retry_first_s=0, query_batch=2)
    _waiting_sets(paced, 3)
    paced.collect()
    before = len(paced.queries())
    assert sweep(paced.spool.path, paced.site, paced.means()).waiting == 3
    assert len(paced.queries()) == before + 3


def test_a_sweep_goes_on_with_a_set_that_a_comment_opts_in(paced: PacedGround) -> None:
    """It is asked about a second time, to be reported on."""
    set_dir = paced.make_set("sweep", "1", behave="unsaid")
    paced.ends("1", set_dir, Comment="afterall")
    paced.clock.advance(60)
    assert sweep(paced.spool.path, paced.site, paced.means()).reported == 1
    _check_pace(paced)


def _large_set(ground: PacedGround, count: int) -> Path:
    """Let a set of many jobs be over."""
    ids = [str(number) for number in range(101, 101 + count)]
    set_dir = ground.make_set("large", *ids)
    for job_id in ids:
        ground.slurm.ended(job_id, set_dir / job_id)
    ground.event(ids[-1], set_dir / ids[-1])
    return set_dir


@pytest.mark.parametrize("is_first", [True, False], ids=["large-first", "small-first"])
def test_a_large_set_is_asked_about_in_portions(paced: PacedGround, is_first: bool) -> None:
    """One query in a debounce time until every id was asked for; the other sets come before or after."""
    paced.restrict(query_batch=4)
    set_dir = _large_set(paced, 10)
    large_key = key_of(UID, str(set_dir))
    names = (f"small{number}" for number in count())
    name = next(one for one in names if (key_of(UID, str(paced.path / one)) > large_key) is is_first)
    small_dir = paced.make_set(name, "7")
    paced.ends("7", small_dir)
    paced.clock.advance(60)
    assert paced.collect().reported == 2
    assert written(set_dir) == written(small_dir) == ["final"]
    assert (set_dir / "RESULTS.md").read_text().count(" completed ") == 10
    assert [len(ids) for ids in paced.queries()] == ([4, 4, 2, 1] if is_first else [1, 4, 4, 2])
    _check_pace(paced)


def test_a_living_job_in_any_portion_keeps_a_large_set(paced: PacedGround) -> None:
    """Also one that is known by its id alone, in a portion that was asked for before the last."""
    paced.restrict(query_batch=4)
    set_dir = _large_set(paced, 10)
    paced.slurm.ended("102", paced.path / "elsewhere", State="RUNNING", End="Unknown")
    paced.slurm.queued("102", paced.path / "elsewhere")
    paced.clock.advance(60)
    assert (paced.collect().reported, written(set_dir)) == (0, [])
    (item,) = paced.items()
    assert (item.state, item.reason) == (ItemState.SIBLINGS, "alive: 102 RUNNING")


def test_a_large_set_without_accounting_is_decided_by_the_queue(paced: PacedGround) -> None:
    """Every portion is asked for all the same: the queue knows jobs that only their id ties to the set."""
    paced.restrict(query_batch=4)
    set_dir = _large_set(paced, 10)
    paced.slurm.says("sacct", err="Slurm accounting storage is disabled", code=1)
    paced.slurm.queued("110", paced.path / "elsewhere")
    paced.clock.advance(60)
    assert (paced.collect().reported, written(set_dir)) == (0, [])
    assert paced.items()[0].reason == "alive: 110 RUNNING"


def test_an_event_begins_a_large_set_anew(paced: PacedGround) -> None:
    """What was said of its first portion is older than the event."""
    paced.restrict(query_batch=4)
    set_dir = _large_set(paced, 6)
    paced.clock.advance(60)
    worker = paced.worker()
    worker.round()
    assert [len(ids) for ids in paced.queries()] == [4]
    paced.ends("101", set_dir)
    paced.clock.advance(paced.site.debounce_s)
    worker.round()
    worker.round()
    paced.clock.advance(paced.site.debounce_s)
    worker.round()
    worker.harvest(60)
    assert [len(ids) for ids in paced.queries()] == [4, 4, 2]
    assert written(set_dir) == ["final"]


def test_tasks_of_one_array_are_one_id(paced: PacedGround) -> None:
    """Slurm is asked for the array, so many tasks need no portions."""
    paced.restrict(query_batch=4)
    tasks = [f"50_{number}" for number in range(9)]
    set_dir = paced.make_set("array", *tasks)
    paced.event("50", set_dir / "50_0")
    paced.slurm.ended("50", set_dir, JobID="50_0")
    paced.clock.advance(60)
    paced.collect()
    assert paced.queries() == [["50"]]


def leg(job_id: str, source: SlurmSource = SlurmSource.SACCT, state: str = "COMPLETED") -> Attempt:
    """Return one leg of a job."""
    return Attempt(job_id=JobId(job_id), source=source, slurm_state=SlurmState[state])


def test_portions_are_put_together_by_id(ground: Ground) -> None:
    """Of a portion's own ids its answer counts, of other jobs the last; one failure of a source is one."""
    now = ground.clock.now()
    item = SetItem(
        key="k",
        uid=1,
        set_dir="/s",
        first_seen=now,
        last_event=now,
        last_news=now,
        next_try=now,
    )
    answered, failed = SourceReport(SlurmSource.SQUEUE, True), SourceReport(SlurmSource.SQUEUE, False, "no")
    first = Observation(
        attempts=(leg("1"), leg("2", SlurmSource.SQUEUE, "RUNNING"), leg("9", SlurmSource.SQUEUE, "RUNNING")),
        asked=(SourceReport(SlurmSource.SACCT, True), answered),
        observed_at=now,
    )
    second = Observation(
        attempts=(leg("1", SlurmSource.SQUEUE, "RUNNING"), leg("2"), leg("9")),
        asked=(SourceReport(SlurmSource.SACCT, True), failed),
        observed_at=now + timedelta(seconds=10),
    )
    whole = put_together(Portions(item, ((JobId("1"),), (JobId("2"),)), (first, second)))
    assert [(one.job_id, one.slurm_state) for one in whole.attempts] == [
        ("1", SlurmState.COMPLETED),
        ("2", SlurmState.COMPLETED),
        ("9", SlurmState.COMPLETED),
    ]
    assert whole.asked == (SourceReport(SlurmSource.SACCT, True), failed)
    assert whole.observed_at == now
