"""Remember what all that was named turned out to be, while nothing of it has changed."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from afterall.model import Checkpoint, Tier, Verdict
from afterall.scan.checkpoints import Asked, Memory, verify_as
from afterall.scan.checkpoints.examining import Examination, examine
from afterall.scan.checkpoints.layouts import find_places
from afterall.scan.checkpoints.reflinks import LEAST_BYTES
from afterall.scan.checkpoints.remembering import GRAIN_NS
from afterall.scan.checkpoints.walking import walk
from scan.checkpoint_making import model_arrays, safetensors_bytes, write, write_adapter

QUESTION = (Tier.QUICK, "set")


def later() -> int:
    """Return a time at which files that were just written are old enough to be remembered."""
    return time.time_ns() + 2 * GRAIN_NS


def found(root: Path) -> tuple[Checkpoint, ...]:
    """Return the checkpoints below `root`."""
    return tuple(examine(find_places(walk(root, "").entries), Examination(root)))


def whole(root: Path) -> Memory:
    """Return a memory that was told what all below `root` is, if it keeps that."""
    memory = Memory(now_ns=later)
    memory.keep_outcome(QUESTION, walk(root, ""), found(root))
    return memory


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Return a directory of small files of weights."""
    for number in range(3):
        write(tmp_path / "small" / f"part_{number}.safetensors", safetensors_bytes(model_arrays(number)))
    return tmp_path / "small"


def test_what_has_not_changed_at_all_is_known_whole(small: Path) -> None:
    """One answer for all that lies there, to the same question alone."""
    memory = Memory(now_ns=later, outcomes=whole(small).used_outcomes)
    assert memory.outcome(QUESTION, walk(small, "")) == found(small)
    assert memory.outcome((Tier.VALUES, "set"), walk(small, "")) is None


CHANGES = {
    "a byte in a file of the same size and time": lambda path: same_time(path, bytes(path.stat().st_size)),
    "a file more": lambda path: write(path.with_name("more.safetensors"), b""),
    "a file less": Path.unlink,
    "another mode": lambda path: path.chmod(0o600),
    "a file by another name": lambda path: path.rename(path.with_name("other.safetensors")),
}


def same_time(path: Path, data: bytes) -> None:
    """Overwrite a file and give it its old time again."""
    status = path.stat()
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_nothing_is_known_whole_once_anything_changed(small: Path, change: Callable[[Path], object]) -> None:
    """The whole answer is given for just the state that it was found in."""
    memory = Memory(now_ns=later, outcomes=whole(small).used_outcomes)
    change(small / "part_1.safetensors")
    assert memory.outcome(QUESTION, walk(small, "")) is None


BEYOND = {
    "a link": lambda place: (place / "linked.safetensors").symlink_to("part_0.safetensors"),
    "an adapter, whose base model may go": lambda place: write_adapter(place / "adapter"),
    "a file that may share its bytes with a copy": lambda place: write(
        place / "large.safetensors", bytes(LEAST_BYTES)
    ),
}


@pytest.mark.parametrize("add", BEYOND.values(), ids=BEYOND)
def test_what_depends_on_more_than_was_walked_is_not_kept_whole(
    small: Path, add: Callable[[Path], object]
) -> None:
    """Nothing that was walked shows when such a thing changes."""
    add(small)
    assert whole(small).used_outcomes == {}


def test_a_file_that_was_just_written_keeps_nothing_whole(small: Path) -> None:
    """A second change in the same tick of the clock would not show."""
    memory = Memory(now_ns=lambda: time.time_ns() + GRAIN_NS - 10**9)
    memory.keep_outcome(QUESTION, walk(small, ""), found(small))
    assert memory.used_outcomes == {}


def test_models_are_verified_from_memory_whole(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second process finds the same and looks for no checkpoints, a third one finds what has changed."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    time.sleep(GRAIN_NS / 1e9 + 0.1)
    asked = Asked(remembers=True)
    first = verify_as([small], asked)
    with monkeypatch.context() as patch:
        patch.setattr("afterall.scan.checkpoints.surveying.find_places", None)
        assert verify_as([small], asked) == first
    same_time(small / "part_1.safetensors", b"x")
    assert [each.verdict for each in verify_as([small], asked).checkpoints].count(Verdict.CORRUPT) == 1


def test_what_is_known_whole_is_told_as_it_was_typed(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By another path the same files are told by that one."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    time.sleep(GRAIN_NS / 1e9 + 0.1)
    for typed in (small, Path("small"), small, Path("small")):
        told = verify_as([typed], Asked(remembers=True)).checkpoints
        assert [each.path for each in told] == [f"{typed}/part_{number}.safetensors" for number in range(3)]
        assert told == verify_as([typed], Asked()).checkpoints


def test_what_lies_below_two_paths_is_told_once(small: Path, tmp_path: Path) -> None:
    """By the path that was named first, however the second one is written."""
    write(tmp_path / "other.safetensors", safetensors_bytes(model_arrays(9)))
    one = small / "part_1.safetensors"
    told = verify_as([one, tmp_path / "small" / ".." / "small", tmp_path], Asked()).checkpoints
    assert [os.path.relpath(each.path, tmp_path) for each in told] == [
        "small/part_1.safetensors",
        "small/part_0.safetensors",
        "small/part_2.safetensors",
        "other.safetensors",
    ]
