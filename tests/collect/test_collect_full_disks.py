"""A disk that takes nothing loses nothing: the old report stays, the reason is told, it is tried again."""

import logging
import shutil
from pathlib import Path

import pytest

from afterall.collect.backlog import waiting
from afterall.errors import BadInput
from collect.collect_ground import Ground
from collect.collect_mounts import fill, small_disk
from collect.collect_sets import collect, end, is_whole, lay_run, lay_set, leftovers

FILES = ("RESULTS.md", "RESULTS.json", "RESULTS_files/experiments.csv", "RESULTS_files/curves.csv")


def _contents(set_dir: Path) -> dict[str, bytes]:
    return {name: (set_dir / name).read_bytes() for name in FILES}


def test_a_full_disk_keeps_the_old_report_until_there_is_room(
    everyones_python: str, ground: Ground, commons: Path
) -> None:
    """Not a byte of it changes; the worker says why it waits, and writes when it may."""
    with small_disk(commons / "disk", "4m") as disk:
        sweep_dir = lay_set(disk / "sweep", "11")
        end(ground, sweep_dir, "11")
        assert collect(ground, everyones_python).reported == 1
        old = _contents(sweep_dir)
        lay_run(sweep_dir, "12")
        end(ground, sweep_dir, "12")
        filler = fill(disk)
        for _ in range(3):
            assert collect(ground, everyones_python, later_s=3600).reported == 0
            assert _contents(sweep_dir) == old
            assert leftovers(sweep_dir) == []
        (told,) = waiting(ground.spool.path)
        assert (told.kind, told.state) == ("set", "failing")
        assert "no space left on device" in told.reason
        filler.unlink()
        assert collect(ground, everyones_python, later_s=3600).reported == 1
        assert is_whole(sweep_dir)
        assert _contents(sweep_dir) != old


@pytest.mark.parametrize("call", ["fsync", "rename,renameat,renameat2"])
def test_a_quota_that_is_used_up_keeps_the_old_report(
    everyones_python: str, ground: Ground, commons: Path, call: str
) -> None:
    """Also where it is told late, as NFS tells it: at fsync, when every byte seemed to be written."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    sweep_dir = lay_set(commons / "sweep", "11")
    end(ground, sweep_dir, "11")
    assert collect(ground, everyones_python).reported == 1
    old = _contents(sweep_dir)
    lay_run(sweep_dir, "12")
    end(ground, sweep_dir, "12")
    trace = (
        "strace",
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        f"trace={call}",
        "-e",
        f"inject={call}:error=EDQUOT",
    )
    paths = [part for name in ("", "RESULTS_files") for part in ("-P", str(sweep_dir / name))]
    before = (*trace, *(paths if call.startswith("rename") else ()))
    assert collect(ground, everyones_python, *before, later_s=3600).reported == 0
    assert _contents(sweep_dir) == old
    assert leftovers(sweep_dir) == []
    assert "disk quota exceeded" in waiting(ground.spool.path)[0].reason
    assert collect(ground, everyones_python, later_s=3600).reported == 1
    assert _contents(sweep_dir) != old


def test_a_full_spool_keeps_its_events(
    everyones_python: str, ground: Ground, commons: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A note that cannot be kept leaves its event claimed, with a word in the log, until there is room."""
    caplog.set_level(logging.WARNING, "afterall.collect")
    sweep_dir = lay_set(commons / "sweep", "11", "12")
    with small_disk(ground.spool.path, "64k", owner=0) as spool:
        spool.chmod(0o700)
        for room in ("new", "tmp"):
            (spool / room).mkdir(mode=0o700)
        end(ground, sweep_dir, "11", "12")
        filler = fill(spool)
        for _ in range(2):
            tally = collect(ground, everyones_python, later_s=3600)
            assert (tally.folded, tally.held) == (0, 2)
        assert "No space left on device" in caplog.text
        assert len(ground.names("new")) + len(ground.names("claimed")) == 2
        filler.unlink()
        assert collect(ground, everyones_python, later_s=3600).reported == 1
        assert is_whole(sweep_dir)
        assert len(ground.names("done/events")) == 2


def test_a_spool_that_went_missing_is_told_and_taken_up_again(
    everyones_python: str, ground: Ground, commons: Path
) -> None:
    """With the file system of the spool away the worker ends with the path; what it held is still there."""
    sweep_dir = lay_set(commons / "sweep", "11")
    end(ground, sweep_dir, "11")
    away = ground.spool.path.rename(ground.path / "away")
    with pytest.raises(BadInput, match="spool"):
        collect(ground, everyones_python)
    away.rename(ground.spool.path)
    assert collect(ground, everyones_python).reported == 1
    assert is_whole(sweep_dir)
