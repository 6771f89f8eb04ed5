"""Look at a usual file, and judge one by itself, in one go exactly as step by step, or not at all."""

import json
import os
import struct
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterall.model import Checkpoint, CheckpointKind, FileRole
from afterall.scan.checkpoints import inspecting, inspection
from afterall.scan.checkpoints.alone import sound
from afterall.scan.checkpoints.examining import Examination, judged
from afterall.scan.checkpoints.folders import Folders
from afterall.scan.checkpoints.inspection import Inspection, inspect
from afterall.scan.checkpoints.layouts import Place, find_places
from afterall.scan.checkpoints.usual_header import HEAD_BYTES, read_usual
from afterall.scan.checkpoints.walking import walk
from afterall.scan.promises import Promises
from scan.checkpoint_making import model_arrays, numbers, raw_safetensors, safetensors_bytes

NAME = "weights_7.safetensors"
GOOD = safetensors_bytes(model_arrays())
HEADER_END = 8 + struct.unpack("<Q", GOOD[:8])[0]
TWO = {"a": numbers(8, 8), "b": numbers(8, 8, dtype="float16")}

Change = Callable[[Path], object]


def place_in(root: Path) -> Place:
    """Return the only place below `root`."""
    (place,) = find_places(walk(root.parent, root.name).entries)
    return place


def in_one_go(root: Path, place: Place, ended_ns: int | None = None) -> Checkpoint | None:
    """Return what is found without steps."""
    with closing(Folders(root.parent)) as folders:
        return sound(folders, place, ended_ns)


def looked_at(root: Path, place: Place) -> Inspection:
    """Return what is found of a shard."""
    with closing(Folders(root.parent)) as folders:
        return inspect(folders, place.entries[0], FileRole.FULL_WEIGHTS, keeps_tensors=False)


def closely(root: Path, place: Place) -> Inspection:
    """Return what is found of a shard whatever it looks like."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inspection, "read_usual", lambda *_: None)
        return looked_at(root, place)


def by_steps(root: Path, place: Place, ended_ns: int | None = None) -> Checkpoint:
    """Return what inspecting and judging find."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inspecting, "sound", lambda *_: None)
        patch.setattr(inspection, "read_usual", lambda *_: None)
        (found,) = judged([place], Examination(root.parent, promises=Promises(ended_ns=ended_ns)))
    return found


@pytest.mark.parametrize(
    "data",
    [
        GOOD,
        safetensors_bytes(TWO),
        safetensors_bytes({"one": numbers(300, 300)}),
        raw_safetensors('{"w":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}   ', b"\0\0\0\1"),
    ],
    ids=["small", "two dtypes", "larger than what is read at once", "padded header"],
)
def test_a_good_file_needs_no_steps(tmp_path: Path, data: bytes) -> None:
    """And what is said of it is the same."""
    (tmp_path / NAME).write_bytes(data)
    place = place_in(tmp_path)
    assert place.is_lone
    assert in_one_go(tmp_path, place) == by_steps(tmp_path, place)
    with closing(Folders(tmp_path.parent)) as folders:
        assert read_usual(folders, place.entries[0]) is not None
    assert looked_at(tmp_path, place) == closely(tmp_path, place)


def test_an_adapter_under_any_name_takes_the_steps(tmp_path: Path) -> None:
    """Its place looks like that of a whole model, and its tensors are compared with each other."""
    (tmp_path / NAME).write_bytes(safetensors_bytes({"lora_a.lora_up.weight": numbers(8, 8)}))
    place = place_in(tmp_path)
    assert place.is_lone
    assert in_one_go(tmp_path, place) is None
    assert by_steps(tmp_path, place).kind is CheckpointKind.ADAPTER


def _grow(path: Path) -> None:
    os.truncate(path, len(GOOD) + 4096)


def _cut(path: Path) -> None:
    os.truncate(path, len(GOOD) - 1)


def _zero_tail(path: Path) -> None:
    path.write_bytes(GOOD[:HEADER_END] + bytes(len(GOOD) - HEADER_END))


def _sparse(path: Path) -> None:
    with open(path, "r+b") as file:
        data = safetensors_bytes({"w": numbers(512, 512)})
        file.truncate(0)
        file.write(data[:4096])
        file.seek(len(data) - 1)
        file.write(data[-1:])


def _link(path: Path) -> None:
    os.rename(path, path.parent.parent / "elsewhere")
    path.symlink_to("../elsewhere")


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _wide(path: Path) -> None:
    path.write_bytes(safetensors_bytes({f"layer.{'x' * 200}.{number}": numbers(1) for number in range(400)}))


def _spaced(path: Path) -> None:
    text = GOOD[8:HEADER_END]
    path.write_bytes(raw_safetensors(b" " + text.rstrip(), GOOD[HEADER_END:]))


def _twice(path: Path) -> None:
    one = json.dumps({"dtype": "U8", "shape": [1], "data_offsets": [0, 1]})
    path.write_bytes(raw_safetensors(f'{{"w":{one},"w":{one}}}', b"\1"))


def _empty(path: Path) -> None:
    path.write_bytes(raw_safetensors("{}", b""))


@pytest.mark.parametrize(
    "change", [_grow, _cut, _zero_tail, _sparse, _link, _pipe, _wide, _spaced, _twice, _empty]
)
def test_anything_unusual_is_left_to_the_steps(tmp_path: Path, change: Change) -> None:
    """Whether it is wrong or not."""
    run = tmp_path / "run"
    run.mkdir()
    (run / NAME).write_bytes(GOOD)
    change(run / NAME)
    assert in_one_go(run, place_in(run)) is None


@pytest.mark.parametrize("change", [_grow, _cut, Path.unlink, Path.touch, _link, _pipe])
def test_a_file_that_changed_since_it_was_found_is_left_to_the_steps(tmp_path: Path, change: Change) -> None:
    """They tell what it was and what it is."""
    run = tmp_path / "run"
    run.mkdir()
    (run / NAME).write_bytes(GOOD)
    os.utime(run / NAME, (1, 1))
    place = place_in(run)
    change(run / NAME)
    assert in_one_go(run, place) is None


def test_a_file_newer_than_its_job_is_left_to_the_steps(tmp_path: Path) -> None:
    """One that is as old is not."""
    (tmp_path / NAME).write_bytes(GOOD)
    place = place_in(tmp_path)
    written_ns = place.entries[0].mtime_ns
    assert in_one_go(tmp_path, place, written_ns - 1) is None
    assert in_one_go(tmp_path, place, written_ns) == by_steps(tmp_path, place, written_ns)


@pytest.mark.parametrize(
    "name", ["model.safetensors", "part-00001-of-00002.safetensors", "adapter.safetensors"]
)
def test_part_of_more_is_no_place_by_itself(tmp_path: Path, name: str) -> None:
    """What ought to lie beside it has to be looked for."""
    (tmp_path / name).write_bytes(GOOD)
    assert not place_in(tmp_path).is_lone


@settings(max_examples=300)
@given(
    at=st.integers(0, HEADER_END + 40),
    value=st.binary(min_size=1, max_size=3),
    kept=st.integers(0, 64),
)
def test_what_is_told_in_one_go_is_what_the_steps_tell(
    tmp_path_factory: pytest.TempPathFactory, at: int, value: bytes, kept: int
) -> None:
    """Over files whose header was written over anywhere, or cut."""
    root = tmp_path_factory.mktemp("run")
    data = GOOD[:at] + value + GOOD[at + len(value) :]
    (root / NAME).write_bytes(data[: len(data) - (kept if kept < 4 else 0)])
    place = place_in(root)
    found = in_one_go(root, place)
    assert found is None or found == by_steps(root, place)
    assert looked_at(root, place) == closely(root, place)


def test_good_files_are_judged_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the quick tier; otherwise the tests above would speak of nothing that is used."""
    (tmp_path / NAME).write_bytes(GOOD)
    place = place_in(tmp_path)
    wanted = by_steps(tmp_path, place)
    monkeypatch.setattr(inspecting, "inspect", lambda *_: pytest.fail("was inspected"))
    assert list(judged([place], Examination(tmp_path.parent))) == [wanted]
    assert len(safetensors_bytes({"one": numbers(300, 300)})) > HEAD_BYTES
