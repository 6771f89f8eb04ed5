"""Shards, their numbers and their index are held against each other by the names of their tensors."""

from pathlib import Path
from typing import Any

from afterall.model import FindingCode
from scan.checkpoint_making import (
    codes,
    numbers,
    only,
    safetensors_bytes,
    told,
    torch_bytes,
    write,
    write_sharded,
)

ARRAYS = {name: numbers(4, 4, seed=ord(name)) for name in "abcd"}
FIRST, SECOND = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"


def reindexed(directory: Path, weight_map: dict[str, str], total: int = 256) -> set[FindingCode]:
    """Write a model of two shards (a and c, b and d) with another index, and return what is found."""
    write_sharded(directory, ARRAYS)
    write(directory / "config.json", {})
    document: dict[str, Any] = {"metadata": {"total_size": total}, "weight_map": weight_map}
    write(directory / "model.safetensors.index.json", document)
    return codes(only(directory).findings)


def test_an_index_that_agrees_says_nothing(tmp_path: Path) -> None:
    """Every tensor lies where it is said to."""
    assert reindexed(tmp_path, {"a": FIRST, "b": SECOND, "c": FIRST, "d": SECOND}) == set()


def test_exchanged_tensors_are_misplaced(tmp_path: Path) -> None:
    """As many in each file as the index says, and not the same."""
    found = reindexed(tmp_path, {"a": SECOND, "b": FIRST, "c": FIRST, "d": SECOND})
    assert found == {FindingCode.TENSOR_MISPLACED}
    evidence = told(only(tmp_path), FindingCode.TENSOR_MISPLACED).evidence
    assert (evidence["tensors"], evidence["first"]) == (2, "a")
    assert (evidence["index_says"], evidence["lies_in"]) == (SECOND, FIRST)


def test_a_tensor_that_no_index_names_is_told(tmp_path: Path) -> None:
    """The other shard agrees."""
    assert reindexed(tmp_path, {"a": FIRST, "b": SECOND, "d": SECOND}) == {FindingCode.TENSOR_MISPLACED}
    assert told(only(tmp_path), FindingCode.TENSOR_MISPLACED).evidence["first"] == "c"


def test_a_tensor_that_no_shard_holds_is_missing(tmp_path: Path) -> None:
    """It may be the one of which the index is right."""
    weight_map = {"a": FIRST, "b": SECOND, "c": FIRST, "d": SECOND, "e": SECOND}
    assert reindexed(tmp_path, weight_map) == {FindingCode.TENSOR_MISSING}
    assert told(only(tmp_path), FindingCode.TENSOR_MISSING).evidence["first"] == "e"


def test_a_tensor_in_two_shards_is_told_where_the_index_names_one_of_them(tmp_path: Path) -> None:
    """One shard agrees with the index, the other holds one more that the index places in the first."""
    reindexed(tmp_path, {"a": FIRST, "b": SECOND, "c": FIRST, "d": SECOND})
    write(tmp_path / SECOND, safetensors_bytes({name: ARRAYS[name] for name in "abd"}))
    found = told(only(tmp_path), FindingCode.TENSOR_IN_TWO_SHARDS)
    assert (Path(found.subject).name, found.evidence["first"]) == (SECOND, "a")
    assert found.evidence["also_in"] == FIRST


def test_the_same_model_in_two_formats_holds_nothing_twice(tmp_path: Path) -> None:
    """A loader takes one of them, whichever it prefers."""
    write_sharded(tmp_path, ARRAYS)
    for number, names in ((1, "ac"), (2, "bd")):
        part = torch_bytes({name: ARRAYS[name] for name in names})
        write(tmp_path / f"pytorch_model-{number:05}-of-00002.bin", part)
        write(tmp_path / f"model-{number:05}-of-00002.bin", part)
    assert FindingCode.TENSOR_IN_TWO_SHARDS not in codes(only(tmp_path).findings)


def test_a_total_that_differs_is_told(tmp_path: Path) -> None:
    """By what the tensors take in their files."""
    weight_map = {"a": FIRST, "b": SECOND, "c": FIRST, "d": SECOND}
    assert reindexed(tmp_path, weight_map, 300) == {FindingCode.INDEX_SIZE_DIFFERS}
    evidence = told(only(tmp_path), FindingCode.INDEX_SIZE_DIFFERS).evidence
    assert (evidence["index_bytes"], evidence["actual_bytes"]) == (300, 256)
