"""What is remembered of a set grows with events and looks, the same from whatever order they come in."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from afterall.collect.backoff import delay
from afterall.collect.item import Arrival, ItemState, SetItem, fold, is_due, key_of, reopen, with_look
from afterall.collect.json_text import dump, load
from afterall.collect.messages import MAX_JOBS, LookedSet, OptIn
from afterall.events import Context, Event
from afterall.model import JobId
from afterall.settings import SiteSettings

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SITE = SiteSettings()


def _arrival(job_id: str, at: datetime = NOW, opt_in: OptIn = OptIn.YES, **values: object) -> Arrival:
    event = Event(
        name=job_id,
        context=Context.JOBCOMP,
        job_id=JobId(job_id),
        uid=1001,
        **values,  # type: ignore[arg-type]
    )
    return Arrival(event, "/sweep", opt_in, at)


def _folded(*arrivals: Arrival) -> SetItem:
    item = None
    for arrival in arrivals:
        item = fold(item, arrival, NOW)
    assert item is not None
    return item


def test_jobs_are_remembered_with_their_arrays() -> None:
    """The master's id is asked for too: it answers with every task."""
    item = _folded(_arrival("12", array_job_id=JobId("9")), _arrival("9", array_job_id=JobId("9")))
    assert item.jobs == ("9", "12")
    assert item.expected == ("9", "12")


def test_events_come_in_any_order() -> None:
    """What is known in the end is the same, and the set is quiet only after the latest."""
    arrivals = [
        _arrival("1", NOW - timedelta(seconds=5)),
        _arrival("2", NOW - timedelta(seconds=9), submit=NOW - timedelta(days=2)),
        _arrival("3", NOW - timedelta(seconds=7), opt_in=OptIn.UNSAID, submit=NOW - timedelta(days=1)),
    ]
    items = [_folded(*order) for order in permutations(arrivals)]
    assert {(i.jobs, i.last_event, i.since, i.opt_in, i.revision) for i in items} == {
        (("1", "2", "3"), NOW - timedelta(seconds=5), NOW - timedelta(days=2), OptIn.YES, 3)
    }


def test_an_event_read_again_adds_only_a_revision() -> None:
    """A worker that died after noting it and before putting it away leaves it to be read twice."""
    once, twice = _folded(_arrival("1")), _folded(_arrival("1"), _arrival("1"))
    assert replace(twice, revision=1) == once


def test_a_clock_that_is_ahead_delays_nothing() -> None:
    """The hook's node may run ahead of the worker's: an event of the future counts as of now."""
    item = _folded(_arrival("1", NOW + timedelta(hours=1)))
    assert item.last_event == NOW
    assert is_due(item, SITE, NOW + timedelta(seconds=SITE.debounce_s))


def test_an_event_ends_the_back_off() -> None:
    """A set that was not to be asked about for a quarter of an hour is due again."""
    tired = replace(_folded(_arrival("1")), attempts=9, failures=3, next_try=NOW + timedelta(hours=1))
    item = fold(tired, _arrival("2"), NOW)
    assert (item.attempts, item.failures, item.next_try, item.state) == (0, 0, NOW, ItemState.NEW)


def test_a_look_adds_jobs_and_never_loses_any() -> None:
    """Jobs seen in the queue stay known when a log is deleted."""
    looked = LookedSet(set_dir="/sweep", job_ids=(JobId("2"),), every_job_known=True, opt_in=OptIn.YES)
    item = with_look(_folded(_arrival("1")), looked)
    assert (item.jobs, item.every_job_known) == (("1", "2"), True)
    assert with_look(item, replace(looked, job_ids=())).jobs == ("1", "2")


def test_a_look_that_says_nothing_leaves_a_comments_word() -> None:
    """A set without afterall.toml stays opted in by its job's comment."""
    assert with_look(_folded(_arrival("1")), LookedSet(set_dir="/sweep")).opt_in is OptIn.YES


def test_a_set_with_very_many_jobs_is_asked_for_by_its_user() -> None:
    """What one set can make the worker ask is bounded."""
    ids = tuple(JobId(str(number)) for number in range(2 * MAX_JOBS))
    item = with_look(_folded(_arrival("1")), LookedSet(set_dir="/sweep", job_ids=ids, every_job_known=True))
    assert (len(item.jobs), item.every_job_known) == (MAX_JOBS, False)


def test_a_reopened_set_keeps_its_jobs() -> None:
    """Of what kept it waiting nothing is left."""
    done = replace(
        _folded(_arrival("1")), state=ItemState.DONE, living=("2 RUNNING",), attempts=4, reason="x"
    )
    item = reopen(done)
    assert (item.jobs, item.living, item.attempts, item.reason) == (("1",), (), 0, "")


def test_a_note_survives_the_disk() -> None:
    """What is written is what is read, also a path that is not UTF-8."""
    item = replace(_folded(_arrival("1")), set_dir="/sw\udcffeep", living=("2 RUNNING",), since=NOW)
    assert load(dump(item), SetItem) == item


def test_keys_tell_users_and_paths_apart() -> None:
    """No path can be written so that it is taken for another user's."""
    assert len({key_of(1, "/a"), key_of(2, "/a"), key_of(1, "/b"), key_of(11, "/a"), key_of(1, "1\0/a")}) == 5


@given(st.integers(0, 10_000), st.text(max_size=40))
def test_a_wait_is_bounded_and_repeatable(attempts: int, key: str) -> None:
    """Never longer than the longest, never shorter than three quarters of what doubling gives."""
    wait = delay(attempts, key, SITE)
    full = min(SITE.retry_first_s * 2.0 ** min(attempts, 40), SITE.retry_last_s)
    assert timedelta(seconds=0.75 * full) <= wait <= timedelta(seconds=full)
    assert wait == delay(attempts, key, SITE)


def test_two_sets_drift_apart() -> None:
    """What failed together is not tried together for ever."""
    assert len({delay(5, f"set{number}", SITE) for number in range(20)}) > 10
