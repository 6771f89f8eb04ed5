"""Check the table of merging.py: whose word counts on one leg."""

from itertools import permutations
from typing import Any

import pytest

from afterall.model import Attempt, JobId, SlurmSource, SlurmState, State
from afterall.observe import latest_legs, merge
from afterall.observe.merging import Said, doubtful
from observe.observe_slurm import NOW, at, leg

ENDED = leg(state=SlurmState.TIMEOUT, exit_code=0, end=at(60), start=at(1))
RUNNING = leg(state=SlurmState.RUNNING, start=at(1), submit_line="sbatch x")
PENDING = leg(state=SlurmState.PENDING)


def queued(state: SlurmState, **fields: Any) -> Attempt:
    """Return a leg as squeue tells it: without a cluster or an exit code."""
    return leg(state=state, **{"source": SlurmSource.SQUEUE, "cluster": "", **fields})


def shown(state: SlurmState | None, **fields: Any) -> Attempt:
    """Return a leg as scontrol tells it."""
    return leg(state=state, **{"source": SlurmSource.SCONTROL, "cluster": "", **fields})


@pytest.mark.parametrize(
    ("accounting", "present", "expected"),
    [
        pytest.param(ENDED, None, ENDED, id="ended, nothing"),
        pytest.param(ENDED, queued(SlurmState.TIMEOUT, reason="TimeLimit"), ENDED, id="ended, ended"),
        pytest.param(
            leg(state=SlurmState.NODE_FAIL),
            queued(SlurmState.PENDING),
            queued(SlurmState.PENDING, cluster="lab"),
            id="ended, alive",
        ),
        pytest.param(RUNNING, None, RUNNING, id="alive, not asked"),
        pytest.param(None, queued(SlurmState.PENDING), queued(SlurmState.PENDING), id="nothing, alive"),
        pytest.param(None, queued(SlurmState.FAILED), queued(SlurmState.FAILED), id="nothing, ended"),
        pytest.param(RUNNING, shown(None), RUNNING, id="alive, an unreadable record"),
    ],
)
def test_whose_word_counts(accounting: Attempt | None, present: Attempt | None, expected: Attempt) -> None:
    """Each row of the table gives one leg with the word that counts."""
    said = Said(accounting=(accounting,) if accounting else (), queue=(present,) if present else ())
    assert merge(said, NOW) == (expected,)


def test_accounting_lags_behind_the_controller() -> None:
    """What accounting still calls running has ended if the controller says so, with its exact exit code."""
    said = Said(
        accounting=(RUNNING,),
        queue=(queued(SlurmState.FAILED, end=at(60)),),
        controller=(shown(SlurmState.FAILED, end=at(60), exit_code=137, signal=0),),
    )
    (attempt,) = merge(said, NOW)
    assert (attempt.slurm_state, attempt.exit_code, attempt.end) == (SlurmState.FAILED, 137, at(60))
    assert (attempt.source, attempt.cluster, attempt.submit_line) == (SlurmSource.SCONTROL, "lab", "sbatch x")


@pytest.mark.parametrize("begun", [{"end": None}, {"work_dir": "", "user": "root", "uid": 0}], ids=str)
def test_a_row_just_begun_is_not_believed(begun: dict[str, Any]) -> None:
    """Where slurmdbd has not finished an ended leg's row, the controller knows owner, place, end and exit."""
    row = leg(state=SlurmState.FAILED, **{"exit_code": 0, "signal": 0, "end": at(60), "cpus": 4, **begun})
    told = shown(SlurmState.FAILED, end=at(60), exit_code=3, signal=0, user="researcher", uid=1001)
    (attempt,) = merge(Said(accounting=(row,), controller=(told,)), NOW)
    assert (attempt.source, attempt.exit_code, attempt.end) == (SlurmSource.SCONTROL, 3, at(60))
    assert (attempt.uid, attempt.user, attempt.work_dir) == (1001, "researcher", told.work_dir)
    assert attempt.cpus == 4
    (unasked,) = merge(Said(accounting=(row,), queue=(queued(SlurmState.FAILED, end=at(60)),)), NOW)
    assert (unasked.source, unasked.exit_code) == (SlurmSource.SQUEUE, None)
    assert doubtful([row], [queued(SlurmState.FAILED)]) == ("7",)


def test_a_leg_that_lives_again_has_no_ending() -> None:
    """Where the controller overrules an ending, end and exit code of the record go with it."""
    record = leg(state=SlurmState.NODE_FAIL, end=at(60), exit_code=9, signal=0, exit_code_may_lack_128=True)
    (attempt,) = merge(Said(accounting=(record,), queue=(queued(SlurmState.RUNNING),)), NOW)
    assert (attempt.end, attempt.exit_code, attempt.signal) == (None, None, None)
    assert not attempt.exit_code_may_lack_128


def test_the_queue_knows_newer_states_and_reasons() -> None:
    """Of a living leg the queue's state and reason count, and accounting fills what squeue does not print."""
    said = Said(accounting=(PENDING,), queue=(queued(SlurmState.RUNNING, start=at(5), reason=""),))
    (attempt,) = merge(said, NOW)
    assert (attempt.slurm_state, attempt.start, attempt.cluster) == (SlurmState.RUNNING, at(5), "lab")


def test_processes_may_outlive_the_record() -> None:
    """Accounting says TIMEOUT while the job still writes its checkpoint: COMPLETING keeps it alive."""
    said = Said(accounting=(ENDED,), queue=(queued(SlurmState.COMPLETING, end=at(60)),))
    (attempt,) = merge(said, at(70))
    assert attempt.is_alive
    assert (attempt.end, attempt.source) == (at(60), SlurmSource.SQUEUE)


def test_completing_does_not_last_for_ever() -> None:
    """A node that never finishes cleaning up does not keep its job alive for more than an hour."""
    said = Said(accounting=(ENDED,), queue=(queued(SlurmState.COMPLETING, end=at(60)),))
    assert merge(said, at(60 + 3600)) != (ENDED,)
    assert merge(said, at(60 + 3601)) == (ENDED,)


@pytest.mark.parametrize("forgotten", [RUNNING, PENDING], ids=["RUNNING", "PENDING"])
def test_the_controller_does_not_know_the_job(forgotten: Attempt) -> None:
    """A leg that accounting calls alive and the controller denies is unknown, never running."""
    (attempt,) = merge(Said(accounting=(forgotten,), denied=frozenset({JobId("7")})), NOW)
    assert (attempt.state, attempt.is_alive, attempt.is_forgotten) == (State.UNKNOWN, False, True)
    assert attempt.state_text == forgotten.state_text


def test_a_denied_job_that_ended_stays_ended() -> None:
    """That the controller has forgotten an ended job says nothing."""
    assert merge(Said(accounting=(ENDED,), denied=frozenset({JobId("7")})), NOW) == (ENDED,)


def test_a_requeued_job_has_two_legs() -> None:
    """The queue's new leg stands beside accounting's old one, under the same cluster."""
    old = leg(state=SlurmState.REQUEUED, end=at(20))
    new = queued(SlurmState.PENDING, submit=at(20), reason="BeginTime")
    legs = merge(Said(accounting=(old,), queue=(new,)), NOW)
    assert [attempt.slurm_state for attempt in legs] == [SlurmState.REQUEUED, SlurmState.PENDING]
    assert {attempt.cluster for attempt in legs} == {"lab"}


def test_an_earlier_leg_cannot_be_alive() -> None:
    """If accounting still calls the old leg of a requeued job running, its end is unknown."""
    legs = merge(Said(accounting=(RUNNING,), queue=(queued(SlurmState.PENDING, submit=at(20)),)), NOW)
    assert [attempt.slurm_state for attempt in legs] == [None, SlurmState.PENDING]
    assert legs[0].state_text == "RUNNING"


def test_a_federation_has_several_clusters() -> None:
    """The queue's leg belongs to the cluster under which accounting knows its id, and to none in doubt."""
    accounting = (leg("7", SlurmState.PENDING, cluster="east"), leg("8", cluster="west"))
    legs = merge(
        Said(
            accounting=accounting, queue=(queued(SlurmState.RUNNING), queued(SlurmState.PENDING, job_id="9"))
        ),
        NOW,
    )
    assert {(attempt.job_id, attempt.cluster) for attempt in legs} == {
        ("7", "east"),
        ("8", "west"),
        ("9", ""),
    }


def test_a_leg_said_twice_is_one() -> None:
    """One source that repeats a leg, as sacct -D after a resize, makes one leg of it; its ending counts."""
    for records in permutations((RUNNING, ENDED)):
        (attempt,) = merge(Said(accounting=records), NOW)
        assert attempt.slurm_state is SlurmState.TIMEOUT


def test_legs_are_in_order_of_submission() -> None:
    """The order does not depend on the sources' order."""
    legs = (leg("10"), leg("9"), leg("8", submit=at(5)), leg("11", submit=None))
    for given in permutations(legs):
        assert [attempt.job_id for attempt in merge(Said(accounting=given), NOW)] == ["11", "9", "10", "8"]


def test_latest_legs() -> None:
    """Each job's last leg is the one that was submitted last."""
    legs = (leg("7", submit=at(9)), leg("7"), leg("8"))
    assert [(attempt.job_id, attempt.submit) for attempt in latest_legs(legs)] == [("8", at(0)), ("7", at(9))]


@pytest.mark.parametrize(
    ("accounting", "queue", "doubt"),
    [
        pytest.param((RUNNING,), (), ("7",), id="alive, not listed"),
        pytest.param((RUNNING,), (queued(SlurmState.FAILED),), ("7",), id="alive, listed as ended"),
        pytest.param((), (queued(SlurmState.FAILED),), ("7",), id="unknown, listed as ended"),
        pytest.param((RUNNING,), (queued(SlurmState.RUNNING),), (), id="alive in both"),
        pytest.param((ENDED,), (queued(SlurmState.TIMEOUT),), (), id="ended in both"),
        pytest.param((ENDED,), (), (), id="ended, not listed"),
        pytest.param((), (queued(SlurmState.PENDING),), (), id="unknown, listed as alive"),
        pytest.param((leg(state=SlurmState.REQUEUED), leg(submit=at(9))), (), (), id="requeued, then ended"),
    ],
)
def test_which_jobs_are_in_doubt(
    accounting: tuple[Attempt, ...], queue: tuple[Attempt, ...], doubt: tuple[str, ...]
) -> None:
    """Only what accounting and queue cannot settle is asked of scontrol."""
    assert doubtful(accounting, queue) == doubt
