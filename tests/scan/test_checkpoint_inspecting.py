"""Files are inspected in order, with few directories open, and no more of them is kept than is needed."""

import json
import os
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from afterall.model import FindingCode, Tier, Verdict
from afterall.scan.checkpoints import inspecting
from afterall.scan.checkpoints.folders import Folders
from afterall.scan.checkpoints.inspecting import MOST_HEADER_BYTES, Files, Inspecting, inspected
from afterall.scan.checkpoints.inspection import Inspection, inspect_again
from afterall.scan.checkpoints.layouts import find_places
from afterall.scan.checkpoints.outline import Outline
from afterall.scan.checkpoints.walking import walk
from scan.checkpoint_making import (
    codes,
    numbers,
    only,
    raw_safetensors,
    safetensors_bytes,
    told,
    write,
    write_epoch,
    write_sharded,
)


def files_at(path: Path, *, keeps_tensors: bool = False) -> Files:
    """Return the files of the one checkpoint at `path`."""
    places = find_places(walk(path.parent, path.name).entries)
    (files,) = inspected(places, Inspecting(path.parent, keeps_tensors=keeps_tensors))
    return files


def wide_shard(tensors: int) -> bytes:
    """Return a shard of many tensors of one byte."""
    table = {
        f"model.layers.{index:06}.experts.weight": {
            "dtype": "U8", "shape": [1, 1], "data_offsets": [index, index + 1]
        }
        for index in range(tensors)
    }  # fmt: skip
    return raw_safetensors(json.dumps(table), b"\1" * tensors)


def test_files_come_by_path(tmp_path: Path) -> None:
    """Those of directories inside among those of the directory itself."""
    write_sharded(tmp_path / "run", {"w": numbers(8, 8), "v": numbers(8, 8)})
    write_epoch(tmp_path / "run" / "epoch_0")
    places = find_places(walk(tmp_path, "run").entries)
    files = list(inspected(places, Inspecting(tmp_path)))
    assert [[file.path for file in each.inspected] for each in files] == [
        sorted(entry.path for entry in place.entries) for place in places
    ]


def test_full_weights_are_kept_as_an_outline(tmp_path: Path) -> None:
    """Their names, number and dtypes: thousands of shards are judged together by those."""
    write(tmp_path / "model.safetensors", safetensors_bytes({"a": numbers(8, 8), "b": numbers(4)}))
    (file,) = files_at(tmp_path).inspected
    assert file.outline is not None
    assert (file.outline.count, file.outline.parameters, file.outline.dtypes) == (2, 68, ("F32",))
    assert (set(file.outline.names or ()), file.outline.data_bytes) == ({"a", "b"}, 272)
    assert file.contents is not None
    assert file.contents.tensors is None


def test_the_values_tier_keeps_tensors(tmp_path: Path) -> None:
    """It reads them."""
    write(tmp_path / "model.safetensors", safetensors_bytes({"a": numbers(8, 8)}))
    (file,) = files_at(tmp_path, keeps_tensors=True).inspected
    assert file.contents is not None
    assert set(file.contents.tensors or ()) == {"a"}


@pytest.mark.parametrize("tier", [Tier.QUICK, Tier.VALUES])
def test_too_many_tensors_are_counted_and_not_compared(tmp_path: Path, tier: Tier) -> None:
    """Their names would take more memory than a report is worth, and the report says so."""
    shard = wide_shard(10_000)
    count = MOST_HEADER_BYTES // len(shard) + 3
    first = write(tmp_path / f"model-00001-of-{count:05}.safetensors", shard)
    for number in range(2, count + 1):
        os.link(first, tmp_path / f"model-{number:05}-of-{count:05}.safetensors")
    found = only(tmp_path, tier)
    assert {file.tensors for file in found.files} == {10_000}
    assert FindingCode.TENSOR_IN_TWO_SHARDS not in codes(found.findings)
    assert told(found, FindingCode.FILE_NOT_VERIFIABLE).evidence["reason"] == "too_many_tensors_to_compare"


def test_a_header_that_was_seen_before_is_held_against_each_file(tmp_path: Path) -> None:
    """Epochs have the same header byte for byte; one of them is cut, and one is too long."""
    whole = safetensors_bytes({"a": numbers(8, 8)})
    for name, data in (("a", whole), ("b", whole[:-1]), ("c", whole), ("d", whole + b"\1"), ("e", whole)):
        write(tmp_path / f"{name}.safetensors", data)
    places = find_places(walk(tmp_path.parent, tmp_path.name).entries)
    found = {
        file.name: [fault.code for fault in file.faults]
        for files in inspected(places, Inspecting(tmp_path.parent))
        for file in files.inspected
    }
    assert found == {
        "a.safetensors": [],
        "b.safetensors": [FindingCode.FILE_TRUNCATED],
        "c.safetensors": [],
        "d.safetensors": [FindingCode.FILE_TRAILING_BYTES],
        "e.safetensors": [],
    }


def test_a_file_that_cannot_be_read_has_no_outline(tmp_path: Path) -> None:
    """Its tensors are unknown, which is not the same as none."""
    write(tmp_path / "model.safetensors", safetensors_bytes({"a": numbers(8, 8)})[:40])
    (file,) = files_at(tmp_path).inspected
    assert file.outline is None
    assert only(tmp_path).verdict is Verdict.CORRUPT


def test_an_empty_table_is_an_outline_of_nothing(tmp_path: Path) -> None:
    """It was read, and holds no tensor."""
    write(tmp_path / "model.safetensors", raw_safetensors("{}      ", b""))
    (file,) = files_at(tmp_path).inspected
    assert file.outline == Outline(0, 0, (), (), 0)


def test_a_thread_stays_in_its_directory(tmp_path: Path) -> None:
    """It is opened once for all of its files; the next one closes it, and closing leaves none open."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    with closing(Folders(tmp_path)) as folders:
        first = folders.enter("a")
        assert folders.enter("a") == first
        second = folders.enter("b")
        assert [os.path.basename(os.readlink(f"/proc/self/fd/{second}"))] == ["b"]
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(second)


def test_a_directory_that_is_gone_leaves_the_last_one_open(tmp_path: Path) -> None:
    """Whoever enters it is told, and may go on."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    shutil.rmtree(tmp_path / "b")
    with closing(Folders(tmp_path)) as folders:
        first = folders.enter("a")
        with pytest.raises(FileNotFoundError):
            folders.enter("b")
        assert folders.enter("a") == first


def test_a_large_index_is_decoded_again_only_where_there_is_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The values tier has none: its checkpoints wait for their weights."""
    write_sharded(tmp_path, {f"layers.{number}.weight": numbers(2, 2) for number in range(4)})
    monkeypatch.setattr(inspecting, "LARGE_HEADER_BYTES", 64)
    again: list[str] = []

    def counting(root: Path, file: Inspection) -> Inspection:
        again.append(file.name)
        return inspect_again(root, file)

    monkeypatch.setattr(inspecting, "inspect_again", counting)
    index = "model.safetensors.index.json"
    found = []
    for keeps_tensors, room, is_decoded_again in (
        (False, 1 << 20, False),
        (False, 8, True),
        (True, 1 << 20, True),
    ):
        again.clear()
        monkeypatch.setattr(inspecting, "MOST_EARLY_BYTES", room)
        files = files_at(tmp_path, keeps_tensors=keeps_tensors)
        assert (index in again) is is_decoded_again
        found.append(
            next(file.contents.document for file in files.inspected if file.contents and file.name == index)
        )
    assert found[0] == found[1] == found[2] is not None
