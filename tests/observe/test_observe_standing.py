"""Check the table of over(): which legs keep a set open."""

from itertools import permutations
from typing import Any

import pytest
from msgspec.structs import replace

from afterall.model import Attempt, JobId, Observation, Phase, SlurmSource, SlurmState, SourceReport
from afterall.observe import Standing, over
from afterall.settings import SiteSettings
from observe.observe_slurm import at, leg

SETTINGS = SiteSettings(grace_s=300, hung_job_s=86400)
END = 1000
AMONG = ("living", "waiting_grace", "unsettled", "stuck", "lost")


def stand(*legs: Attempt, now: float = END + 60) -> Standing:
    """Return how a set of these legs stands."""
    return over(Observation(attempts=legs), SETTINGS, at(now))


def among(standing: Standing) -> set[str]:
    """Return the heaps that hold anything."""
    return {name for name in AMONG if getattr(standing, name)}


def waits(reason: str) -> Attempt:
    """Return a waiting leg."""
    return leg(state=SlurmState.PENDING, reason=reason)


def of_phase(phase: Phase) -> list[SlurmState]:
    """Return all states of a phase."""
    return [state for state in SlurmState if state.phase is phase]


@pytest.mark.parametrize("state", of_phase(Phase.ENDED), ids=str)
def test_ended_for_good(state: SlurmState) -> None:
    """A leg that ended for good keeps nothing open, from the second it ended."""
    standing = stand(leg(state=state, end=at(END)), now=END)
    assert (standing.is_over, among(standing)) == (True, set())


@pytest.mark.parametrize("state", of_phase(Phase.ENDED_OR_REQUEUED), ids=str)
@pytest.mark.parametrize(("later_s", "is_over"), [(0, False), (299, False), (300, True), (9999, True)])
def test_perhaps_requeued(state: SlurmState, later_s: int, is_over: bool) -> None:
    """A leg that Slurm may requeue keeps the set open for the grace period, and says until when."""
    standing = stand(leg(state=state, end=at(END)), now=END + later_s)
    assert (standing.is_over, among(standing)) == (is_over, set() if is_over else {"waiting_grace"})
    assert standing.next_look == (None if is_over else at(END + 300))


def test_grace_counts_from_what_is_known() -> None:
    """Without an end, start or else submission begins the grace period; without any time it is past."""
    state = SlurmState.NODE_FAIL
    assert not stand(leg(state=state, start=at(END))).is_over
    assert not stand(leg(state=state, submit=at(END))).is_over
    assert stand(leg(state=state, submit=None)).is_over


@pytest.mark.parametrize("state", of_phase(Phase.ALIVE), ids=str)
def test_alive(state: SlurmState) -> None:
    """Every living state keeps the set open, however old."""
    standing = stand(leg(state=state), now=10**8)
    assert not standing.is_over
    assert "living" in among(standing)


@pytest.mark.parametrize("state", of_phase(Phase.ELSEWHERE), ids=str)
def test_a_siblings_job(state: SlurmState) -> None:
    """A job that another cluster of the federation runs is that cluster's record."""
    assert stand(leg(state=state)).is_over


@pytest.mark.parametrize(
    ("waiting", "is_over", "where"),
    [
        (waits("DependencyNeverSatisfied"), True, {"stuck"}),
        (waits("JobHeldUser"), False, {"stuck", "living"}),
        (waits("JobHeldAdmin"), False, {"stuck", "living"}),
        (waits("job requeued in held state"), False, {"stuck", "living"}),
        (waits("job_requeued_in_held_state"), False, {"stuck", "living"}),
        (leg(state=SlurmState.REQUEUE_HOLD), False, {"stuck", "living"}),
        (leg(state=SlurmState.SPECIAL_EXIT), False, {"stuck", "living"}),
        (leg(state=SlurmState.RESV_DEL_HOLD), False, {"stuck", "living"}),
        (waits("Dependency"), False, {"living"}),
        (waits("Priority"), False, {"living"}),
        (waits(""), False, {"living"}),
    ],
    ids=lambda value: value.reason or value.state_text if isinstance(value, Attempt) else "",
)
def test_waiting(waiting: Attempt, is_over: bool, where: set[str]) -> None:
    """A held job may be released, a job whose dependency failed can never start."""
    standing = stand(waiting)
    assert (standing.is_over, among(standing)) == (is_over, where)


@pytest.mark.parametrize("reason", ["JobHeldUser", "JobHeldAdmin", "job requeued in held state"])
def test_a_held_job_keeps_nothing_open_where_the_admin_says_so(reason: str) -> None:
    """It is told as stuck all the same; a job that waits for anything else still keeps the set open."""
    settings = SiteSettings(held_is_over=True)
    held = over(Observation(attempts=(waits(reason),)), settings, at(END))
    assert (held.is_over, among(held)) == (True, {"stuck"})
    both = Observation(attempts=(waits(reason), replace(waits("Resources"), job_id=JobId("8"))))
    assert not over(both, settings, at(END)).is_over


@pytest.mark.parametrize(
    "unknown",
    [
        leg(state=None, state_text="RUNNING", is_forgotten=True, start=at(END)),
        leg(state=None, state_text="TELEPORTED", end=at(END)),
    ],
    ids=["forgotten", "an unknown word"],
)
@pytest.mark.parametrize(("later_s", "is_over"), [(60, False), (86399, False), (86400, True)])
def test_unknown(unknown: Attempt, later_s: int, is_over: bool) -> None:
    """A leg whose end may still come in keeps the set open, but not for ever."""
    standing = stand(unknown, now=END + later_s)
    assert (standing.is_over, among(standing)) == (is_over, {"lost"} if is_over else {"unsettled"})
    assert standing.next_look == (None if is_over else at(END + 86400))


def test_known_from_its_log_alone() -> None:
    """A job that only a log speaks of keeps nothing open, and is told."""
    standing = stand(leg(state=None, source=SlurmSource.LOG, submit=None))
    assert (standing.is_over, among(standing)) == (True, {"lost"})


def test_only_the_latest_leg_counts() -> None:
    """A requeued leg is settled by the leg after it, in whatever order they come."""
    first = leg(state=SlurmState.PREEMPTED, end=at(END))
    for legs in permutations((first, leg(submit=at(END + 5)))):
        assert stand(*legs).is_over
    for legs in permutations((first, leg(state=SlurmState.PENDING, submit=at(END + 5)))):
        assert among(stand(*legs)) == {"living"}


def test_one_living_job_keeps_the_set_open() -> None:
    """A set is over only when all its jobs are."""
    standing = stand(leg("7"), leg("8", SlurmState.RUNNING), leg("9", SlurmState.FAILED))
    assert not standing.is_over
    assert [attempt.job_id for attempt in standing.living] == ["8"]


@pytest.mark.parametrize(
    ("asked", "is_known"),
    [
        ((), True),
        ((SourceReport(SlurmSource.SACCT, True),), True),
        ((SourceReport(SlurmSource.SACCT, False), SourceReport(SlurmSource.SQUEUE, True)), True),
        ((SourceReport(SlurmSource.SACCT, True), SourceReport(SlurmSource.SQUEUE, False)), False),
        ((SourceReport(SlurmSource.SACCT, False), SourceReport(SlurmSource.SQUEUE, False)), False),
    ],
    ids=["nobody asked", "recorded", "no accounting", "no controller", "no Slurm"],
)
def test_nothing_is_over_without_the_queue(asked: tuple[SourceReport, ...], is_known: bool) -> None:
    """Where the queue was asked and is silent, living jobs may be missing."""
    standing = over(Observation(attempts=(leg(),), asked=asked), SETTINGS, at(END))
    assert (standing.is_over, standing.is_known) == (is_known, is_known)


def test_a_set_without_jobs_is_over() -> None:
    """Nothing that is known will write any more."""
    assert stand() == Standing(is_over=True)


def test_the_next_look_is_the_first() -> None:
    """Of several waits the earliest end is told."""
    standing = stand(
        leg("7", SlurmState.NODE_FAIL, end=at(END + 30)),
        leg("8", SlurmState.PREEMPTED, end=at(END)),
        now=END + 60,
    )
    assert standing.next_look == at(END + 300)


ACCOUNTING = SourceReport(SlurmSource.SACCT, True)


@pytest.mark.parametrize(
    ("told", "is_late"),
    [
        ({}, False),
        ({"source": SlurmSource.SCONTROL}, True),
        ({"end": None}, True),
        ({"work_dir": ""}, True),
        ({"state": SlurmState.RUNNING, "source": SlurmSource.SQUEUE}, False),
        ({"state": None, "source": SlurmSource.LOG}, False),
    ],
)
def test_an_end_without_accountings_whole_record_is_late(told: dict[str, Any], is_late: bool) -> None:
    """That is told where accounting answers, and keeps no set open."""
    attempt = leg(**{"end": at(END), **told})
    late = (attempt,) if is_late else ()
    standing = over(Observation(attempts=(attempt,), asked=(ACCOUNTING,)), SETTINGS, at(END))
    assert (standing.late, standing.is_over) == (late, not standing.living)
    assert stand(attempt).late == ()
