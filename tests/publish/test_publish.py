"""A report is replaced whole, edited ones are kept, and nobody is left waiting in the dark."""

import errno
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from afterall.errors import PublishRefused
from afterall.model.notes import NOTES_BEGIN, NOTES_END
from afterall.publish import Published, locked

REPORT = f"# Report\n\n{NOTES_BEGIN}notes{NOTES_END}\n".encode()
DOCUMENTS = {"RESULTS.md": REPORT, "RESULTS.json": b"{}\n", "RESULTS_files/a.csv": b"a\n1\n"}


def _publish(set_dir: Path, documents: dict[str, bytes] | None = None) -> Published:
    with locked(set_dir, 1) as place:
        return place.publish(documents or DOCUMENTS, "RESULTS.md")


def test_every_document_appears_with_the_umasks_mode(tmp_path: Path) -> None:
    """A colleague can read the report: 0644 under umask 022, not mkstemp's 0600."""
    mask = os.umask(0o022)
    try:
        published = _publish(tmp_path)
    finally:
        os.umask(mask)
    assert set(published.written) == set(DOCUMENTS)
    assert {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in DOCUMENTS} == {0o644}
    assert (tmp_path / "RESULTS.json").read_bytes() == b"{}\n"


def test_no_temporary_file_stays(tmp_path: Path) -> None:
    """Only the documents and .afterall lie in the set afterwards."""
    _publish(tmp_path)
    assert sorted(os.listdir(tmp_path)) == [".afterall", "RESULTS.json", "RESULTS.md", "RESULTS_files"]
    assert sorted(os.listdir(tmp_path / ".afterall")) == ["report.lock"]


def test_what_a_killed_writer_left_long_ago_is_removed(tmp_path: Path) -> None:
    """A temporary file of two hours ago goes; a fresh one may be another writer's and stays."""
    old, fresh = tmp_path / ".RESULTS.md.1.aa.tmp", tmp_path / ".RESULTS.json.2.bb.tmp"
    for path in (old, fresh):
        path.write_text("")
    os.utime(old, (time.time() - 7200,) * 2)
    _publish(tmp_path)
    assert (old.exists(), fresh.exists()) == (False, True)


def test_publishing_the_same_again_touches_nothing(tmp_path: Path) -> None:
    """publish∘publish = publish, down to the inode; only the time of the last reading may move."""

    def states() -> dict[str, tuple[int, int, int]]:
        found = {name: (tmp_path / name).stat() for name in DOCUMENTS}
        return {name: (one.st_ino, one.st_mtime_ns, one.st_ctime_ns) for name, one in found.items()}

    _publish(tmp_path)
    before = states()
    published = _publish(tmp_path)
    assert published.written == ()
    assert states() == before


def test_a_mode_that_people_set_is_kept(tmp_path: Path) -> None:
    """A chmod to 640 survives a rewrite."""
    _publish(tmp_path)
    (tmp_path / "RESULTS.md").chmod(0o640)
    _publish(tmp_path, {**DOCUMENTS, "RESULTS.md": b"# Other\n"})
    assert stat.S_IMODE((tmp_path / "RESULTS.md").stat().st_mode) == 0o640


def test_a_link_in_the_reports_place_is_replaced_and_its_target_left_alone(tmp_path: Path) -> None:
    """RESULTS.md -> somewhere else is not written through."""
    target = tmp_path / "target"
    target.write_text("mine")
    (tmp_path / "RESULTS.md").symlink_to(target)
    _publish(tmp_path)
    assert target.read_text() == "mine"
    assert not (tmp_path / "RESULTS.md").is_symlink()


def test_a_published_report_is_not_taken_for_edited(tmp_path: Path) -> None:
    """Our own text is recognised, and its notes come back."""
    _publish(tmp_path)
    with locked(tmp_path, 1) as place:
        old = place.read_old("RESULTS.md")
    assert old is not None
    assert (old.notes, old.edited) == ("notes", False)


def test_an_edited_report_is_kept_once_per_content(tmp_path: Path) -> None:
    """The copy is made under a free name, and not again for the same text."""
    (tmp_path / "RESULTS.md").write_text("by hand")
    with locked(tmp_path, 1) as place:
        assert place.keep_edited("RESULTS.md") == "RESULTS.md.orig"
        assert place.keep_edited("RESULTS.md") == "RESULTS.md.orig"
        (tmp_path / "RESULTS.md").write_text("by another hand")
        assert place.keep_edited("RESULTS.md") == "RESULTS.md.orig.1"
        assert place.kept("RESULTS.md") == ("RESULTS.md.orig", "RESULTS.md.orig.1")
    assert (tmp_path / "RESULTS.md.orig").read_text() == "by hand"


def test_a_directory_that_cannot_be_made_is_refused_by_name(tmp_path: Path) -> None:
    """A file in .afterall's place is told, not traced."""
    (tmp_path / ".afterall").write_text("")
    with pytest.raises(PublishRefused, match=r"\.afterall: file exists"), locked(tmp_path, 1):
        pass


_HOLD = """
import sys
from pathlib import Path
from afterall.publish import locked
with locked(Path(sys.argv[1]), 5):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_held_lock_is_refused_naming_its_holder(tmp_path: Path) -> None:
    """The message tells which process on which host to look for."""
    argv = [sys.executable, "-c", _HOLD, str(tmp_path)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(PublishRefused, match=rf"held by process {other.pid} on "), locked(tmp_path, 0.2):
            pass
        other.communicate(b"")
    with locked(tmp_path, 1):
        pass


@pytest.mark.parametrize("error", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_without_locks_gets_its_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int, recwarn: pytest.WarningsRecorder
) -> None:
    """The lock saves work; as on an NFS server without a lock manager there may be none."""

    def refuse(*_: object) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr("fcntl.flock", refuse)
    for text in (b"old", b"new"):
        with locked(tmp_path, 1) as place:
            place.publish({"RESULTS.md": text}, "RESULTS.md")
    assert (tmp_path / "RESULTS.md").read_bytes().startswith(b"new\n")
    assert not recwarn.list


def test_a_file_that_flock_left_is_no_holder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a set that was copied to a file system without flock(2): nobody who holds it will ever let go."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    (tmp_path / ".afterall").mkdir()
    (tmp_path / ".afterall" / "report.lock").touch()
    os.utime(tmp_path / ".afterall" / "report.lock", (1, 1))
    monkeypatch.setattr("fcntl.flock", refuse)
    with locked(tmp_path, 0.2) as place:
        place.publish({"RESULTS.md": b"new"}, "RESULTS.md")
    assert (tmp_path / "RESULTS.md").read_bytes().startswith(b"new\n")


_PUBLISH_MORE_THAN_FITS = """
import resource, signal, sys
from pathlib import Path
from afterall.errors import PublishRefused
from afterall.publish import locked
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    with locked(Path(sys.argv[1]), 1) as place:
        place.publish({"RESULTS.md": b"x" * 100_000}, "RESULTS.md")
except PublishRefused as error:
    print(error)
"""


def test_a_full_disk_leaves_the_old_report(tmp_path: Path) -> None:
    """A document too large for the file-size limit changes nothing."""
    _publish(tmp_path)
    old = (tmp_path / "RESULTS.md").read_bytes()
    argv = [sys.executable, "-c", _PUBLISH_MORE_THAN_FITS, str(tmp_path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"{tmp_path / 'RESULTS.md'}: file too large\n"), done.stderr
    assert (tmp_path / "RESULTS.md").read_bytes() == old
    assert not list(tmp_path.glob(".RESULTS*"))
