"""Events find their set or their place; none is lost while its set cannot be found."""

import os
from pathlib import Path

import pytest

from afterall.collect import collect_once
from afterall.collect.collected import Collected
from afterall.collect.homes import Homes, opts_in
from afterall.collect.intake import Intake
from afterall.collect.item import key_of
from afterall.collect.messages import Trouble
from afterall.collect.store import Wait, read_notes, set_notes, wait_notes
from afterall.events.spool import WAITS
from collect.collect_ground import UID, Ground, written


def _waits(ground: Ground) -> list[Wait]:
    return read_notes(ground.spool, WAITS, Wait)


@pytest.mark.parametrize(
    ("comment", "answer"),
    [
        ("afterall", True),
        ("please Afterall, thanks", True),
        ("project=x;afterall", True),
        ("", False),
        ("no-afterall", False),
        ("thereafterall", False),
        ("afterall-less", False),
        ("after all", False),
    ],
)
def test_the_word_in_a_comment_opts_in(comment: str, answer: bool) -> None:
    """Only the whole word counts, in whatever case."""
    assert opts_in(comment) is answer


@pytest.mark.parametrize(
    ("behave", "event_comment", "recorded_comment", "auto", "reported"),
    [
        ("yes", "", "", False, True),
        ("unsaid", "", "", False, False),
        ("unsaid", "afterall", "", False, True),
        ("unsaid", "", "afterall", False, True),
        ("unsaid", "", "", True, True),
        ("unsaid", "some words", "other words", False, False),
        ("no", "afterall", "afterall", True, False),
    ],
)
def test_a_set_is_reported_only_if_it_opted_in(
    ground: Ground, behave: str, event_comment: str, recorded_comment: str, auto: bool, reported: bool
) -> None:
    """By its afterall.toml, a job's comment or the site; `enabled = false` has the last word."""
    sweep_dir = ground.make_set("sweep", "1", behave=behave)
    ground.restrict(auto=auto, debounce_s=0)
    ground.event("1", sweep_dir / "1", comment=event_comment.encode())
    ground.slurm.ended("1", sweep_dir / "1", Comment=recorded_comment)
    tally = ground.collect()
    assert (tally.reported, written(sweep_dir)) == ((1, ["final"]) if reported else (0, []))
    assert tally.waiting == tally.held == 0
    assert len(ground.names("done/events")) == 1


def test_a_silent_set_is_not_looked_into(ground: Ground) -> None:
    """Until something opts it in, its directory is left alone and its user's other jobs are not asked for."""
    sweep_dir = ground.make_set("sweep", "1", behave="unsaid look crash")
    ground.ends("1", sweep_dir)
    ground.collect()
    assert ground.collect_later(ground.site.debounce_s).forgotten == 1
    assert " -j 1 " in ground.slurm.calls("sacct")[0]


def test_a_silent_set_waits_for_the_record_that_may_opt_it_in(ground: Ground) -> None:
    """Accounting that lags may yet bring the comment; after the grace period it is not waited for."""
    sweep_dir = ground.make_set("sweep", "1", behave="unsaid")
    ground.event("1", sweep_dir / "1")
    ground.collect()
    assert ground.collect_later(ground.site.debounce_s).waiting == 1
    assert ground.collect_later(ground.site.grace_s).forgotten == 1


def test_an_unreadable_record_is_quarantined_and_the_others_go_on(ground: Ground) -> None:
    """It is kept beside the reason."""
    sweep_dir = ground.make_set("sweep", "1")
    (ground.spool.path / "new/0").write_bytes(b"afterall-event 1\njob_id=1\n")
    ground.ends("1", sweep_dir)
    tally = ground.collect()
    assert (tally.quarantined, tally.folded) == (1, 1)
    assert ground.names("quarantine") == ["0", "0.reason"]


def test_a_user_below_the_smallest_uid_is_left_alone(ground: Ground) -> None:
    """Jobs of root and of system accounts are nobody's experiments."""
    sweep_dir = ground.make_set("sweep", "1")
    ground.restrict(min_uid=1000)
    ground.event("1", sweep_dir / "1", uid=b"0")
    ground.event("1", sweep_dir / "1", uid=b"999")
    tally = ground.collect()
    assert (tally.ignored, tally.held, tally.waiting) == (2, 0, 0)
    assert ground.slurm.calls("sacct") == []


def test_a_directory_in_no_set_asks_for_nothing(ground: Ground) -> None:
    """Its event is put away at once."""
    (ground.path / "home").mkdir()
    ground.event("1", ground.path / "home")
    tally = ground.collect()
    assert (tally.ignored, tally.held) == (1, 0)


def test_a_directory_that_is_away_is_waited_for(ground: Ground) -> None:
    """Its file system may come back: the event stays claimed, with the reason and the next try on record."""
    ground.event("1", ground.path / "sweep/1")
    assert ground.collect().held == 1
    (wait,) = _waits(ground)
    assert (wait.trouble, wait.attempts, wait.uid) == (Trouble.MISSING, 1, UID)
    assert ground.collect_later(1).held == 1
    assert _waits(ground) == [wait]
    sweep_dir = ground.make_set("sweep", "1")
    ground.slurm.ended("1", sweep_dir / "1")
    assert ground.collect_later(ground.site.retry_first_s).folded == 1
    assert _waits(ground) == []
    assert ground.collect_later(ground.site.debounce_s).reported == 1


def test_a_directory_that_stays_away_is_given_up(ground: Ground) -> None:
    """After a day its events are kept among those that failed."""
    ground.event("1", ground.path / "sweep/1")
    ground.collect()
    assert ground.collect_later(86400).failed == 0
    assert ground.collect_later(3600).failed == 1
    assert ground.names("failed/events") == ["1.n1.1.0"]
    assert ground.names("claimed") == ground.names("waits") == []


def test_one_wait_holds_all_events_of_a_directory(ground: Ground) -> None:
    """A thousand jobs in a directory that is away are one question, not a thousand."""
    for job_id in range(1, 51):
        ground.event(str(job_id), ground.path / "sweep")
    assert ground.collect().held == 50
    assert len(ground.names("waits")) == 1
    ground.make_set("sweep", "1")
    assert ground.collect_later(ground.site.retry_first_s).folded == 50


def test_endings_of_one_directory_are_one_change_of_the_note(ground: Ground) -> None:
    """A note grows with its set's jobs: an array of thousands must not write it anew for each task."""
    sweep_dir = ground.make_set("sweep", "1")
    for job_id in ("9", "10", "9", "8"):
        ground.event(job_id, sweep_dir / "1")
    steps: list[str] = []
    collect_once(ground.spool.path, ground.site, ground.means(steps.append), settle=False)
    assert (steps.count("note-written"), steps.count("event-retired")) == (1, 4)
    (item,) = ground.items()
    assert (item.jobs, item.revision) == (("8", "9", "10"), 4)


def test_an_event_without_a_directory_finds_its_set_by_its_job(ground: Ground) -> None:
    """A directory whose name does not fit into the record is still known by its siblings."""
    sweep_dir = ground.make_set("sweep", "1", "2")
    ground.ends("1", sweep_dir)
    ground.slurm.queued("2", sweep_dir / "2")
    ground.collect()
    ground.collect_later(ground.site.debounce_s)
    ground.event("2", sweep_dir, work_dir=b"")
    ground.slurm.left("2")
    ground.slurm.ended("2", sweep_dir / "2")
    assert ground.collect_later(1).folded == 1
    assert ground.collect_later(ground.site.debounce_s).reported == 1


def test_an_event_that_nothing_is_known_of_is_put_away(ground: Ground) -> None:
    """Without a directory and without a sibling there is no set to find."""
    ground.event("1", ground.path, work_dir=b"")
    tally = ground.collect()
    assert (tally.ignored, tally.held) == (1, 0)


@pytest.mark.parametrize("behave", ["crash", "babble", "flood"])
def test_a_directory_that_breaks_its_process_hinders_no_other(ground: Ground, behave: str) -> None:
    """At the next try it is asked about alone."""
    bad_dir = ground.make_set("bad", "1", behave=f"resolve {behave}")
    good_dir = ground.make_set("good", "2")
    ground.event("1", bad_dir / "1")
    ground.event("2", good_dir / "2")
    assert ground.collect().held == 2
    tally = ground.collect_later(ground.site.retry_first_s)
    assert (tally.folded, tally.held) == (1, 1)
    assert [wait.trouble for wait in _waits(ground)] == [Trouble.FAULT]


def test_a_full_spool_keeps_the_event(ground: Ground) -> None:
    """What cannot be noted durably stays claimed until it can."""
    sweep_dir = ground.make_set("sweep", "1")
    ground.ends("1", sweep_dir)
    obstacle = ground.spool.path / "sets" / f".{key_of(UID, str(sweep_dir))}.json.tmp"
    obstacle.mkdir()  # stands for a disk that refuses: the note's temporary file cannot be made
    assert ground.collect().held == 1
    assert len(ground.names("claimed")) == 1
    obstacle.rmdir()
    assert ground.collect_later(ground.site.retry_first_s).folded == 1
    assert ground.collect_later(ground.site.debounce_s).reported == 1


def test_a_note_that_cannot_be_read_is_set_aside(ground: Ground) -> None:
    """A damaged disk costs one set its memory, not the worker its life."""
    (ground.spool.path / "sets/abc.json").write_bytes(b"{")
    ground.collect()
    assert ground.names("quarantine") == ["abc.json", "abc.json.reason"]


def test_a_users_own_worker_leaves_the_events_of_others(ground: Ground) -> None:
    """They stay claimed for whoever may serve them."""
    ground.event("1", ground.path, uid=str(UID + 1).encode())
    ground.event("2", ground.path)
    tally = Collected()
    sets = set_notes(ground.spool)
    intake = Intake(ground.spool, ground.site, wait_notes(ground.spool), tally)
    intake.take(Homes(ground.spool, ground.site, sets, tally), only_uid=UID)
    assert [(batch.person.uid, batch.dirs) for batch in intake.due(ground.clock.now())] == [
        (UID, (str(ground.path),))
    ]
    assert len(ground.names("claimed")) == 2


def test_a_path_that_is_not_utf_8_keeps_its_bytes(ground: Ground) -> None:
    """The set is found, noted and reported under its own name."""
    sweep_dir = ground.make_set(os.fsdecode(b"sw\xffeep"), "1")
    ground.ends("1", Path(sweep_dir))
    ground.collect()
    assert ground.items()[0].set_dir == str(sweep_dir)
    assert ground.collect_later(ground.site.debounce_s).reported == 1


def test_a_record_whose_hook_was_killed_is_taken_over(ground: Ground) -> None:
    """Whole, and a minute old, it is an ending like any other; half of one, or a link, stays where it is."""
    sweep_dir = ground.make_set("sweep", "1")
    ground.slurm.ended("1", sweep_dir / "1")
    name = ground.event("1", sweep_dir / "1")
    tmp = ground.spool.path / "tmp"
    (ground.spool.path / "new" / name).rename(tmp / name)
    (tmp / "half").write_bytes((tmp / name).read_bytes()[:-3])
    (tmp / "link").symlink_to(tmp / name)
    assert ground.collect().claimed == 0
    assert ground.collect_later(120).reported == 1
    assert ground.names("done/events") == [name]
    assert ground.names("tmp") == ["half", "link"]
