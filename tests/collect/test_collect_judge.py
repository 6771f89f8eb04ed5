"""What becomes of a set is decided from Slurm's word alone, by a table."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from afterall.collect.item import ItemState, SetItem, with_living
from afterall.collect.judge import Action, Decision, judge, judge_opt_in
from afterall.collect.messages import OptIn
from afterall.model import Attempt, JobId, Observation, Phase, SlurmSource, SlurmState, SourceReport
from afterall.observe import over
from afterall.settings import SiteSettings

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SITE = SiteSettings()
ANSWERED = (SourceReport(SlurmSource.SACCT, True), SourceReport(SlurmSource.SQUEUE, True))
NO_ACCOUNTING = (
    SourceReport(SlurmSource.SACCT, False, "Slurm accounting storage is disabled"),
    SourceReport(SlurmSource.SQUEUE, True),
)
OUTAGE = (
    SourceReport(SlurmSource.SACCT, False, "Connection refused"),
    SourceReport(SlurmSource.SQUEUE, True),
)
NO_QUEUE = (
    SourceReport(SlurmSource.SACCT, True),
    SourceReport(SlurmSource.SQUEUE, False, "Unable to contact slurm controller"),
)
ITEM = SetItem(
    key="k",
    uid=1001,
    set_dir="/sweep",
    opt_in=OptIn.YES,
    expected=(JobId("1"),),
    jobs=(JobId("1"),),
    first_seen=NOW,
    last_event=NOW,
    last_news=NOW,
    next_try=NOW,
)


def _attempt(job_id: str, state: SlurmState | None, **fields: object) -> Attempt:
    """Return a leg as a whole record of accounting tells it."""
    said: dict[str, object] = {
        "source": SlurmSource.SACCT,
        "state_text": "" if state is None else state.value,
        "submit": NOW - timedelta(hours=1),
        "end": None if state is None or state.phase is Phase.ALIVE else NOW,
        "work_dir": "/sweep/rank4",
    }
    return Attempt(job_id=JobId(job_id), slurm_state=state, **{**said, **fields})  # type: ignore[arg-type]


def _judge(
    *attempts: Attempt,
    item: SetItem = ITEM,
    asked: tuple[SourceReport, ...] = ANSWERED,
    later: timedelta = timedelta(),
) -> Decision:
    now = NOW + later
    observation = Observation(attempts=attempts, asked=asked, observed_at=now)
    standing = over(observation, SITE, now)
    return judge(with_living(item, standing.living, now), observation, standing, SITE)


ENDED = _attempt("1", SlurmState.COMPLETED)
LATE = timedelta(seconds=SITE.grace_s)


@pytest.mark.parametrize("state", [s for s in SlurmState if s.is_terminal])
def test_a_set_whose_jobs_have_all_ended_is_reported(state: SlurmState) -> None:
    """However they ended: a failure is a result too."""
    assert _judge(_attempt("1", state)).action is Action.REPORT


def test_a_job_that_can_never_start_is_not_waited_for() -> None:
    """Its dependency failed; nobody needs to cancel it before the report appears."""
    stuck = _attempt("2", SlurmState.PENDING, reason="DependencyNeverSatisfied")
    item = replace(ITEM, expected=(JobId("1"), JobId("2")))
    assert _judge(ENDED, stuck, item=item).action is Action.REPORT


def test_our_own_summary_job_is_not_waited_for() -> None:
    """Its end came as an event like any other, and its record is no record of the set."""
    item = replace(ITEM, expected=(JobId("1"), JobId("2")))
    observation = Observation(attempts=(ENDED,), asked=ANSWERED, observed_at=NOW)
    assert judge(item, observation, over(observation, SITE, NOW), SITE).action is Action.WAIT
    known = replace(observation, summaries=(JobId("2"),))
    assert judge(item, known, over(known, SITE, NOW), SITE).action is Action.REPORT


def test_a_held_job_is_waited_for() -> None:
    """A release starts it."""
    held = _attempt("2", SlurmState.PENDING, reason="JobHeldUser")
    decision = _judge(ENDED, held)
    assert (decision.action, decision.state) == (Action.WAIT, ItemState.SIBLINGS)
    assert decision.reason == "alive: 2 PENDING"


def test_a_held_job_is_not_waited_for_where_the_admin_says_so() -> None:
    """Also one that was seen alive, of which accounting will not tell an end before it is released."""
    site = SiteSettings(held_is_over=True)
    held = _attempt("2", SlurmState.PENDING, reason="JobHeldUser")
    observation = Observation(attempts=(ENDED, held), asked=ANSWERED, observed_at=NOW)
    item = replace(ITEM, expected=(JobId("1"), JobId("2")))
    assert judge(item, observation, over(observation, site, NOW), site).action is Action.REPORT


def test_many_living_jobs_are_told_shortly() -> None:
    """A reason stays one line."""
    living = [_attempt(str(number), SlurmState.RUNNING) for number in range(2, 102)]
    assert _judge(ENDED, *living).reason.endswith("6 RUNNING and 95 more")


def test_a_preempted_job_is_given_its_grace() -> None:
    """Slurm may start it again; after the grace period it is over."""
    preempted = _attempt("1", SlurmState.PREEMPTED, end=NOW)
    assert _judge(preempted).state is ItemState.GRACE
    assert _judge(preempted, later=LATE).action is Action.REPORT


def test_a_job_that_nobody_knows_the_end_of_is_waited_for() -> None:
    """Accounting calls it running, the controller does not know it; after a day that is all there is."""
    forgotten = replace(_attempt("1", None), is_forgotten=True)
    assert _judge(forgotten).state is ItemState.ACCOUNTING
    assert _judge(forgotten, later=timedelta(days=1)).action is Action.REPORT


def test_a_missing_record_is_waited_for_through_the_grace_period() -> None:
    """It is never taken for an end before."""
    assert _judge().reason == "no end on record yet of 1"
    assert _judge(later=LATE).action is Action.REPORT


@pytest.mark.parametrize(
    "begun",
    [{"source": SlurmSource.SCONTROL}, {"end": None}, {"work_dir": ""}],
    ids=lambda begun: str(*begun),
)
def test_accountings_whole_record_is_waited_for(begun: dict[str, object]) -> None:
    """An end that only the controller tells lacks steps and memory; past the grace period it has to do."""
    late = _attempt("1", SlurmState.FAILED, **begun)
    assert _judge(late).reason == "no end on record yet of 1"
    assert _judge(late, later=LATE).action is Action.REPORT
    assert _judge_opt_in(late).state is ItemState.OPT_IN
    assert _judge_opt_in(late, later=LATE).action is Action.FORGET


def test_where_nobody_keeps_accounts_the_controllers_word_is_enough() -> None:
    """There is nothing to wait for."""
    told = _attempt("1", SlurmState.FAILED, source=SlurmSource.SCONTROL)
    assert _judge(told, asked=NO_ACCOUNTING).action is Action.REPORT


def test_an_outage_is_waited_out_for_a_day() -> None:
    """Then the report is written from what the queue and the files know."""
    assert _judge(asked=OUTAGE, later=LATE).reason == "accounting does not answer: Connection refused"
    assert _judge(asked=OUTAGE, later=timedelta(days=1)).action is Action.REPORT


def test_a_site_without_accounting_is_not_an_outage() -> None:
    """Only the grace period is waited for a job that the controller has already forgotten."""
    assert _judge(asked=NO_ACCOUNTING, later=LATE).action is Action.REPORT


def test_an_unknown_queue_is_never_an_empty_one() -> None:
    """However long it lasts, until the set is given up."""
    assert _judge(ENDED, asked=NO_QUEUE, later=timedelta(days=13)).action is Action.WAIT
    assert _judge(ENDED, asked=NO_QUEUE, later=timedelta(days=15)).action is Action.GIVE_UP
    assert _judge(ENDED, asked=()).action is Action.WAIT


def test_a_provisional_report_is_written_once_for_each_ending() -> None:
    """Only where the set asks, and only while jobs live."""
    living = _attempt("2", SlurmState.RUNNING)
    partial = replace(ITEM, partial=True)
    assert _judge(ENDED, living, item=partial).action is Action.PROVISIONAL
    assert _judge(ENDED, living, item=replace(partial, reported=1)).action is Action.WAIT
    assert _judge(ENDED, item=partial).action is Action.REPORT


def test_a_user_whom_nobody_knows_may_have_jobs_that_nobody_sees() -> None:
    """While the name service is away his queue cannot be asked for, unless the set names every job."""
    unknown = replace(ITEM, user_known=False)
    assert _judge(ENDED, item=unknown).state is ItemState.ACCOUNTING
    assert _judge(ENDED, item=replace(unknown, every_job_known=True)).action is Action.REPORT
    assert _judge(ENDED, item=unknown, later=timedelta(days=1)).action is Action.REPORT


_STATES = st.sampled_from([None, *SlurmState])
_ASKED = st.sampled_from([ANSWERED, NO_ACCOUNTING, OUTAGE, NO_QUEUE, ()])


@given(st.lists(_STATES, max_size=4), _ASKED, st.integers(0, 20 * 86400), st.booleans())
def test_no_report_is_final_while_a_job_lives(
    states: list[SlurmState | None], asked: tuple[SourceReport, ...], age_s: int, partial: bool
) -> None:
    """Whatever Slurm says, and whenever."""
    attempts = [_attempt(str(number), state) for number, state in enumerate(states, start=1)]
    item = replace(ITEM, partial=partial)
    decision = _judge(*attempts, item=item, asked=asked, later=timedelta(seconds=age_s))
    if decision.action is Action.REPORT:
        assert not any(attempt.is_alive for attempt in attempts)
        assert any(report.answered and report.source is SlurmSource.SQUEUE for report in asked)


def _judge_opt_in(
    *attempts: Attempt, asked: tuple[SourceReport, ...] = ANSWERED, later: timedelta = timedelta()
) -> Decision:
    observation = Observation(attempts=attempts, asked=asked, observed_at=NOW + later)
    standing = over(observation, SITE, NOW + later)
    return judge_opt_in(replace(ITEM, opt_in=OptIn.UNSAID), observation, standing, SITE)


def test_a_comment_on_record_opts_in() -> None:
    """Also one of a job that still runs."""
    assert _judge_opt_in(_attempt("1", SlurmState.RUNNING, comment="afterall")).action is Action.ADMIT


def test_a_record_without_the_word_settles_it() -> None:
    """The set is forgotten at once."""
    assert _judge_opt_in(ENDED).action is Action.FORGET


def test_without_a_record_it_is_waited_for() -> None:
    """While accounting may still bring the comment, and as long as it does not answer at all."""
    assert _judge_opt_in().state is ItemState.OPT_IN
    assert _judge_opt_in(later=LATE).action is Action.FORGET
    assert _judge_opt_in(asked=OUTAGE, later=LATE).action is Action.WAIT
    assert _judge_opt_in(asked=OUTAGE, later=timedelta(days=15)).action is Action.FORGET
