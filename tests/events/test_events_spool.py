"""Records move through the spool whole, one rename at a time, and none is ever lost."""

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from afterall.errors import BadEvent, BadInput
from afterall.events import Spool, open_spool

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="giving files to other users needs root")


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """Make an empty spool of our own."""
    tmp_path.chmod(0o700)
    return open_spool(tmp_path, 1000)


def _put(spool: Spool, name: str, data: bytes = b"x") -> None:
    (spool.path / "new" / name).write_bytes(data)


def _files(spool: Spool) -> list[str]:
    paths = (path for path in spool.path.rglob("*") if not path.is_dir() or path.is_symlink())
    return sorted(str(path.relative_to(spool.path)) for path in paths)


def test_missing_directories_are_made_for_the_owner_alone(spool: Spool) -> None:
    """A spool that was only just created can be used, and nobody else can read it."""
    made = {path.name: stat.S_IMODE(path.stat().st_mode) for path in spool.path.iterdir()}
    assert set(made) == {"new", "tmp", "claimed", "quarantine", "done", "failed", "sets", "waits"}
    assert set(made.values()) == {0o700}


def test_a_record_is_claimed_by_name_order_up_to_the_limit(spool: Spool) -> None:
    """What is beyond the limit stays in new/ for the next round."""
    for name in ("3", "1", "2"):
        _put(spool, name)
    assert spool.claim(2) == ["1", "2"]
    assert _files(spool) == ["claimed/1", "claimed/2", "new/3"]


def test_a_claim_never_replaces_a_claimed_record(spool: Spool) -> None:
    """Two records of one name, the first still unfinished, are both kept."""
    _put(spool, "1", b"first")
    spool.claim(10)
    _put(spool, "1", b"second")
    assert spool.claim(10) == ["1~2"]
    assert (spool.path / "claimed/1").read_bytes() == b"first"
    assert (spool.path / "claimed/1~2").read_bytes() == b"second"


def test_a_record_tells_when_it_was_written(spool: Spool) -> None:
    """The time survives the claim, since a rename leaves it alone."""
    _put(spool, "1", b"data")
    os.utime(spool.path / "new/1", (NOW.timestamp(), NOW.timestamp()))
    spool.claim(1)
    claimed = spool.read("1")
    assert claimed is not None
    assert (claimed.data, claimed.written) == (b"data", NOW)


def test_a_record_that_is_gone_is_none(spool: Spool) -> None:
    """A person may have taken it out."""
    assert spool.read("1") is None


def test_retired_and_failed_records_are_kept(spool: Spool) -> None:
    """What is put away can be looked at until it is pruned."""
    for name in ("1", "2"):
        _put(spool, name)
    spool.claim(2)
    spool.retire("1")
    spool.give_up("2")
    assert _files(spool) == ["done/events/1", "failed/events/2"]


def test_a_quarantined_record_stands_beside_its_reason(spool: Spool) -> None:
    """Nothing that cannot be read is deleted."""
    _put(spool, "1", b"\xff")
    spool.claim(1)
    spool.quarantine("1", "has no uid \udcff")
    assert (spool.path / "quarantine/1").read_bytes() == b"\xff"
    assert (spool.path / "quarantine/1.reason").read_text() == "has no uid \\udcff\n"


def test_a_name_of_any_length_can_be_quarantined(spool: Spool) -> None:
    """The reason's name still fits the file system."""
    name = "n" * 255
    _put(spool, name)
    spool.claim(1)
    spool.quarantine(name, "why")
    assert _files(spool) == [f"quarantine/{'n' * 200}", f"quarantine/{'n' * 200}.reason"]


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _link(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def _directory(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("make", [_fifo, _link, _directory])
def test_what_is_no_regular_file_is_no_record(spool: Spool, make: object) -> None:
    """It is refused without being followed or waited for, and can be quarantined like any other."""
    assert callable(make)
    make(spool.path / "new/1")
    spool.claim(1)
    with pytest.raises(BadEvent):
        spool.read("1")
    spool.quarantine("1", "no record")
    assert spool.names("claimed") == []
    assert os.path.lexists(spool.path / "quarantine/1")


def test_no_more_of_a_record_is_read_than_shows_that_it_is_too_long(spool: Spool) -> None:
    """A huge file costs no memory."""
    _put(spool, "1", b"x" * 1_000_000)
    spool.claim(1)
    claimed = spool.read("1")
    assert claimed is not None
    assert len(claimed.data) == 4097


def test_one_worker_holds_a_spool(spool: Spool) -> None:
    """A second one is told so at once, and has it when the first has gone."""
    with spool.alone() as first, Spool(spool.path).alone() as second:
        assert (first, second) == (True, False)
    with Spool(spool.path).alone() as third:
        assert third


def test_pruning_deletes_by_age_and_never_from_quarantine(spool: Spool) -> None:
    """Retired events go first, abandoned temporaries after a day, what waits never."""
    for room in ("done/events", "failed/events", "done/sets", "failed/sets", "tmp", "quarantine", "new"):
        (spool.path / room / "1").write_bytes(b"")
    written = datetime.now(UTC)
    keep = {"keep_events": timedelta(days=2), "keep": timedelta(days=14)}
    assert spool.prune_hourly(written, **keep) == 0
    assert spool.prune_hourly(written + timedelta(days=3), **keep) == 2
    assert spool.prune_hourly(written + timedelta(days=15), **keep) == 3
    assert _files(spool) == ["new/1", "pruned", "quarantine/1"]


def test_pruning_looks_at_most_once_an_hour(spool: Spool) -> None:
    """A worker that is started each minute does not list old directories each minute."""
    written = datetime.now(UTC)
    keep = {"keep_events": timedelta(0), "keep": timedelta(0)}
    spool.prune_hourly(written + timedelta(hours=1), **keep)
    (spool.path / "done/events/1").write_bytes(b"")
    assert spool.prune_hourly(written + timedelta(hours=1, minutes=59), **keep) == 0
    assert spool.prune_hourly(written + timedelta(hours=2, minutes=1), **keep) == 1


@pytest.mark.parametrize("room", ["", "new", "tmp", "claimed", "sets"])
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o1777])
def test_a_spool_that_others_can_write_to_is_refused(spool: Spool, room: str, mode: int) -> None:
    """Whoever can write a record chooses whose sets are reported on."""
    (spool.path / room).chmod(mode)
    with pytest.raises(BadInput, match=rf"mode {mode:04o} lets others write: a spool must not"):
        open_spool(spool.path, 1000)


@ROOT_ONLY
@pytest.mark.parametrize("room", ["", "new"])
def test_a_spool_of_an_ordinary_user_is_refused(spool: Spool, room: str) -> None:
    """Root does not take an ordinary user's word for whose jobs ended."""
    os.chown(spool.path / room, 61234, 61234)
    with pytest.raises(BadInput, match="belongs to the ordinary user 61234"):
        open_spool(spool.path, 1000)


@ROOT_ONLY
def test_the_inbox_may_belong_to_a_system_account(spool: Spool) -> None:
    """As EpilogSlurmctld the hook runs as SlurmUser, who must be able to write into new/."""
    os.chown(spool.path / "new", 64, 64)
    open_spool(spool.path, 1000)


@ROOT_ONLY
def test_the_inbox_may_belong_to_whom_the_site_trusts(spool: Spool) -> None:
    """Debian's slurm has the uid 64030, above every ordinary user's smallest."""
    os.chown(spool.path / "new", 64030, 64030)
    with pytest.raises(BadInput, match="belongs to the ordinary user 64030"):
        open_spool(spool.path, 1000)
    open_spool(spool.path, 1000, trusted=frozenset({64030}))


def test_a_spool_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    """A wrong --spool is told; no spool is made up."""
    with pytest.raises(BadInput, match="no such file or directory"):
        open_spool(tmp_path / "missing", 1000)
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="is not a directory"):
        open_spool(tmp_path / "file", 1000)
