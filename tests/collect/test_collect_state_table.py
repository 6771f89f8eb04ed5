"""The tables of "When a set is over" and the code say the same, row for row."""

import pytest

from afterall.collect.item import ItemState
from afterall.model import Attempt, Observation, Phase, SlurmSource, SlurmState
from afterall.observe import over
from afterall.observe.merging import Said, merge
from afterall.pipeline.writing import LOCK_TIMEOUT_S
from afterall.publish.lock import DEAD_AFTER_S
from afterall.settings import SiteSettings
from docs.docs_pages import names, page, rows, section
from observe.observe_slurm import at, leg

PAGE = page("explanation/when-a-set-is-over")
SITE = SiteSettings()
NOW = 10**6
RECENT, PAST_GRACE, PAST_DAY = at(NOW - 60), at(NOW - 2 * SITE.grace_s), at(NOW - 2 * SITE.hung_job_s)


def of_phase(*phases: Phase) -> list[SlurmState]:
    """Return all states of these phases."""
    return [state for state in SlurmState if state.phase in phases]


def waits(reason: str) -> Attempt:
    """Return a waiting leg."""
    return leg(state=SlurmState.PENDING, reason=reason)


def unknown(submit: object, **more: object) -> Attempt:
    """Return a leg whose state nobody here knows."""
    return leg(state=None, submit=submit, **more)  # type: ignore[arg-type]


REQUEUED = of_phase(Phase.ENDED_OR_REQUEUED)
RULE = (
    [leg(state=state, end=RECENT) for state in of_phase(Phase.ENDED)],
    [leg(state=state, end=RECENT) for state in REQUEUED],
    [leg(state=state, end=PAST_GRACE) for state in REQUEUED],
    [leg(state=state, end=RECENT) for state in of_phase(Phase.ELSEWHERE)],
    [waits("DependencyNeverSatisfied")],
    [waits("JobHeldUser"), waits("JobHeldAdmin"), waits("job_requeued_in_held_state")],
    [leg(state=state) for state in of_phase(Phase.ALIVE)],
    [unknown(RECENT), unknown(RECENT, is_forgotten=True)],
    [unknown(PAST_DAY), unknown(PAST_DAY, is_forgotten=True)],
    [unknown(RECENT, source=SlurmSource.LOG)],
)
"""Legs for each row of the page's table, in its order."""


def rule() -> list[tuple[str, str, list[Attempt]]]:
    """Return each row of the page's table with its legs."""
    told = rows(section(PAGE, "## The rule"))
    return [(row[0], row[1], legs) for row, legs in zip(told, RULE, strict=True)]


@pytest.mark.parametrize(("what", "keeps_open", "legs"), rule(), ids=lambda value: str(value)[:40])
def test_each_row_of_the_rule_holds(what: str, keeps_open: str, legs: list[Attempt]) -> None:
    """Every leg that a row is about keeps a set open, or does not, as the row says."""
    assert legs, what
    for one in legs:
        standing = over(Observation(attempts=(one,)), SITE, at(NOW))
        assert ("no" if standing.is_over else "yes") == keeps_open.split(":", maxsplit=1)[0], (what, one)


def test_every_state_of_slurms_is_in_the_rule() -> None:
    """A state that a later Slurm brings, and this table does not have, is missed here."""
    assert {one.slurm_state for legs in RULE for one in legs} - {None} == set(SlurmState)


ENDED = leg(state=SlurmState.FAILED, end=RECENT, user="alice", work_dir="/w")
ALIVE = leg(state=SlurmState.RUNNING)
SAID = (
    (Said(accounting=(ENDED,)), SlurmState.FAILED),
    (
        Said(accounting=(leg(state=SlurmState.COMPLETED, source=SlurmSource.SACCT),), queue=(ENDED,)),
        SlurmState.FAILED,
    ),
    (Said(accounting=(ENDED,), queue=(leg(state=SlurmState.COMPLETING, end=RECENT),)), SlurmState.COMPLETING),
    (Said(accounting=(ENDED,), queue=(leg(state=SlurmState.PENDING),)), SlurmState.PENDING),
    (Said(accounting=(ALIVE,), queue=(ENDED,)), SlurmState.FAILED),
    (Said(accounting=(ALIVE,), queue=(leg(state=SlurmState.SUSPENDED),)), SlurmState.SUSPENDED),
    (Said(accounting=(ALIVE,), denied=frozenset({ALIVE.job_id})), None),
    (Said(accounting=(ALIVE,)), SlurmState.RUNNING),
    (Said(queue=(ALIVE,)), SlurmState.RUNNING),
)
"""What is said in each row of "Who is asked", and the state that counts."""


@pytest.mark.parametrize(
    ("row", "said", "counts"),
    [(row, *example) for row, example in zip(rows(section(PAGE, "## Who is asked")), SAID, strict=True)],
    ids=lambda value: str(value)[:40],
)
def test_each_row_of_who_is_asked_holds(row: list[str], said: Said, counts: SlurmState | None) -> None:
    """Of what accounting and the controller say, that counts which the row tells."""
    (one,) = merge(said, at(NOW))
    assert one.slurm_state is counts, row


def test_every_state_of_the_worker_is_told() -> None:
    """Once each, in the order in which a set goes through them."""
    told = rows(section(PAGE, "## What the worker asks besides"))
    assert [name for row in told for name in names(row[0])] == [state.value for state in ItemState]


def test_the_longest_delay_by_a_dead_holder_is_told() -> None:
    """The two times on the page are the code's."""
    text = " ".join(section(PAGE, "## When something dies").split())
    assert f"waits {LOCK_TIMEOUT_S:.0f} s for the lock" in text
    assert (DEAD_AFTER_S, "held for ten minutes" in text) == (600, True)
