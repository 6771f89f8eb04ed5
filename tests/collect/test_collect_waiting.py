"""A person can ask what waits in a spool, why, and what was given up."""

from pathlib import Path

import pytest

from afterall.collect import Waiting, waiting
from afterall.errors import BadInput
from collect.collect_ground import UID, Ground


def _of(ground: Ground, kind: str) -> list[Waiting]:
    return [found for found in waiting(ground.spool.path) if found.kind == kind]


def test_an_empty_spool_has_nothing_waiting(ground: Ground) -> None:
    """Nothing is told of what was done."""
    sweep_dir = ground.make_set("sweep", "1")
    ground.ends("1", sweep_dir)
    ground.collect()
    ground.collect_later(ground.site.debounce_s)
    assert waiting(ground.spool.path) == []


def test_a_new_event_waits_for_the_worker(ground: Ground) -> None:
    """Nobody has taken it yet."""
    name = ground.event("1", ground.path)
    assert waiting(ground.spool.path) == [
        Waiting(kind="event", subject=name, state="new", since=ground.clock.now())
    ]


def test_a_set_waits_with_its_jobs_and_its_reason(ground: Ground) -> None:
    """Whose it is, what lives, and when it is tried next."""
    sweep_dir = ground.make_set("sweep", "1")
    ground.ends("1", sweep_dir)
    ground.slurm.queued("2", sweep_dir / "2")
    ground.collect()
    began = ground.clock.now()
    ground.collect_later(ground.site.debounce_s)
    (found,) = waiting(ground.spool.path)
    assert found.next_try is not None
    assert found.next_try > ground.clock.now()
    assert (found.kind, found.subject, found.state) == ("set", str(sweep_dir), "siblings")
    assert (found.reason, found.uid, found.user) == ("alive: 2 RUNNING", UID, "researcher")
    assert (found.jobs, found.since) == (("1", "2"), began)


def test_a_directory_waits_with_its_trouble(ground: Ground) -> None:
    """Its events are still claimed."""
    ground.event("1", ground.path / "gone")
    ground.collect()
    assert len(_of(ground, "event")) == 1
    (found,) = _of(ground, "directory")
    assert (found.subject, found.state, found.uid) == (str(ground.path / "gone"), "missing", UID)


def test_what_failed_is_told(ground: Ground) -> None:
    """Quarantined records with the reason, sets that were given up with theirs."""
    sweep_dir = ground.make_set("sweep", "1", behave="refuse")
    ground.ends("1", sweep_dir)
    (ground.spool.path / "new/0").write_bytes(b"no record")
    ground.collect()
    ground.collect_later(ground.site.debounce_s)
    ground.collect_later(15 * 86400)
    (bad,), (failed,) = _of(ground, "quarantined"), _of(ground, "failed")
    assert (bad.subject, bad.reason) == ("0", "does not begin with 'afterall-event 1'")
    assert (failed.subject, failed.reason) == (str(sweep_dir), "refused: the lock is held")
    assert failed.next_try is None


def test_what_is_no_spool_is_refused(tmp_path: Path) -> None:
    """A wrong directory is told rather than shown as empty."""
    with pytest.raises(BadInput, match="is no spool: it has no directory new/"):
        waiting(tmp_path)
