"""A report that could not be written is tried again, and in the end given up with the reason."""

import pytest

from afterall.collect.fates import MOST_FAULTS
from afterall.collect.item import ItemState
from collect.collect_ground import Ground, written


def _retry(ground: Ground) -> None:
    (item,) = ground.items()
    ground.clock.time = item.next_try


def test_a_held_lock_is_tried_again(ground: Ground) -> None:
    """The old report stays, the reason is on record, and the next try succeeds."""
    sweep_dir = ground.make_set("sweep", "1", behave="refuse")
    ground.ends("1", sweep_dir)
    ground.collect()
    assert ground.collect_later(ground.site.debounce_s).waiting == 1
    (item,) = ground.items()
    assert (item.state, item.reason) == (ItemState.FAILING, "refused: the lock is held")
    (sweep_dir / "behave").write_text("")
    _retry(ground)
    assert ground.collect().reported == 1


@pytest.mark.parametrize(
    ("behave", "reason"),
    [
        ("crash", "fault: ended with exit code 1: it broke"),
        ("babble", "fault: ended with exit code 0: no word"),
        ("flood", "fault: ended with exit code 1: PermissionError: [Errno 1] Operation not permitted"),
        ("hang", "timeout: took longer than 0.5 s"),
        ("look crash", "fault: ended with exit code 1: it broke"),
    ],
)
def test_a_process_that_gives_no_answer_is_tried_again(ground: Ground, behave: str, reason: str) -> None:
    """However it fails, the worker goes on and the note tells how it failed."""
    ground.restrict(report_timeout_s=0.5)
    sweep_dir = ground.make_set("sweep", "1", behave=behave)
    ground.ends("1", sweep_dir)
    ground.collect()
    assert ground.collect_later(ground.site.debounce_s).waiting == 1
    (item,) = ground.items()
    assert (item.state, item.reason, item.failures) == (ItemState.FAILING, reason, 1)


def test_a_report_that_always_crashes_is_given_up(ground: Ground) -> None:
    """It is kept among the failed ones until another job of the set ends."""
    sweep_dir = ground.make_set("sweep", "1", behave="crash")
    ground.ends("1", sweep_dir)
    ground.collect()
    ground.clock.advance(ground.site.debounce_s)
    for _ in range(MOST_FAULTS - 1):
        assert ground.collect().failed == 0
        _retry(ground)
    assert ground.collect().failed == 1
    assert ground.items() == []
    (sweep_dir / "behave").write_text("")
    ground.ends("1", sweep_dir)
    ground.collect()
    assert ground.collect_later(ground.site.debounce_s).reported == 1


def test_a_bad_set_hinders_no_other_of_its_user(ground: Ground) -> None:
    """The look that it broke is repeated without it."""
    bad_dir, good_dir = ground.make_set("bad", "1", behave="look crash"), ground.make_set("good", "2")
    ground.ends("1", bad_dir)
    ground.ends("2", good_dir)
    ground.collect()
    assert ground.collect_later(ground.site.debounce_s).reported == 0
    assert ground.collect_later(ground.site.retry_first_s).reported == 1
    assert written(good_dir) == ["final"]


def test_a_set_that_is_gone_is_waited_for(ground: Ground) -> None:
    """Its file system may be away: nothing is given up before its time."""
    sweep_dir = ground.make_set("sweep", "1")
    ground.ends("1", sweep_dir)
    ground.collect()
    sweep_dir.rename(ground.path / "away")
    assert ground.collect_later(ground.site.debounce_s).waiting == 1
    (ground.path / "away").rename(sweep_dir)
    _retry(ground)
    assert ground.collect().reported == 1


def test_a_set_that_turns_afterall_off_is_forgotten(ground: Ground) -> None:
    """`enabled = false` counts also after the event."""
    sweep_dir = ground.make_set("sweep", "1")
    ground.ends("1", sweep_dir)
    ground.collect()
    (sweep_dir / "behave").write_text("no")
    tally = ground.collect_later(ground.site.debounce_s)
    assert (tally.forgotten, tally.waiting) == (1, 0)
    assert written(sweep_dir) == []
