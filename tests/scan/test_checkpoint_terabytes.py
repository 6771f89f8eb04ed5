"""Verify what is larger than it looks, or only looks large: at both tiers, in seconds and within 300 MiB."""

import json
import struct
from pathlib import Path

import pytest

from afterall.model import FindingCode, Tier, Verdict
from scan.checkpoint_bounding import all_bounded, only_bounded, sparse
from scan.checkpoint_making import (
    codes,
    numbers,
    raw_safetensors,
    safetensors_bytes,
    told,
    torch_bytes,
    write,
    write_epoch,
)

TERABYTE = 1 << 40
SECONDS = 20


@pytest.fixture(params=[Tier.QUICK, Tier.VALUES], ids=lambda tier: tier.value)
def depth(request: pytest.FixtureRequest) -> Tier:
    """Return each of the tiers that look at files alone."""
    tier: Tier = request.param
    return tier


def header_of(count: int) -> bytes:
    """Return the prefix and header of a file with one matrix of so many float32."""
    table = {"a": {"dtype": "F32", "shape": [count // 64, 64], "data_offsets": [0, 4 * count]}}
    return raw_safetensors(json.dumps(table), b"")


def test_a_terabyte_that_was_never_written_is_a_zero_tail(tmp_path: Path, depth: Tier) -> None:
    """A file of a terabyte with a valid header and nothing behind it is found without reading it."""
    begin = header_of(TERABYTE // 4)
    path = sparse(tmp_path / "model.safetensors", begin, len(begin) + TERABYTE)
    checkpoint = only_bounded(path, depth, SECONDS)
    assert checkpoint.verdict is Verdict.CORRUPT
    assert told(checkpoint, FindingCode.FILE_ZERO_TAIL).evidence["data_bytes"] == TERABYTE


def test_a_terabyte_of_which_the_end_was_written_is_a_file_with_holes(tmp_path: Path, depth: Tier) -> None:
    """A terabyte between a valid header and the last 64 KiB that was never written is found unread too."""
    begin = header_of(TERABYTE // 4)
    end = numbers(64, 256).tobytes()
    path = sparse(tmp_path / "model.safetensors", begin, len(begin) + TERABYTE, end)
    checkpoint = only_bounded(path, depth, SECONDS)
    assert checkpoint.verdict is Verdict.CORRUPT
    assert int(str(told(checkpoint, FindingCode.FILE_SPARSE).evidence["hole_bytes"])) > TERABYTE // 2


@pytest.mark.parametrize(
    ("name", "begin", "code"),
    [
        ("model.safetensors", b"", FindingCode.FILE_ZERO_TAIL),
        ("model.safetensors", safetensors_bytes({"w": numbers(3, 3)}), FindingCode.FILE_TRAILING_BYTES),
        ("model.safetensors", struct.pack("<Q", 2**62) + b"{", FindingCode.HEADER_INVALID),
        ("model.pt", torch_bytes({"w": numbers(64, 64)}), FindingCode.FILE_ZERO_TAIL),
        ("pytorch_model.bin", b"\x80\x02", FindingCode.FILE_NOT_VERIFIABLE),
        ("model.gguf", b"GGUF\3\0\0\0", FindingCode.FILE_ZERO_TAIL),
        ("model.gguf", b"GGUF\xff", FindingCode.FILE_NOT_VERIFIABLE),
        ("model.ckpt", b"PK\3\4", FindingCode.FILE_ZERO_TAIL),
    ],
    ids=["zeros", "a whole file", "2^62", "a torch file", "a pickle", "GGUF", "odd GGUF", "a zip's begin"],
)
def test_a_terabyte_behind_any_begin_is_not_read(
    tmp_path: Path, depth: Tier, name: str, begin: bytes, code: FindingCode
) -> None:
    """Whatever a file says that it is, a terabyte of nothing behind it is neither read nor called good."""
    checkpoint = only_bounded(sparse(tmp_path / name, begin, TERABYTE), depth, SECONDS)
    assert checkpoint.verdict is not Verdict.OK
    assert code in codes(checkpoint.findings)


def test_terabytes_beside_the_weights_are_not_read(tmp_path: Path, depth: Tier) -> None:
    """Configurations, tokenizers, indexes, optimizers and notes may be as large as they like."""
    epoch = write_epoch(tmp_path / "epoch_0")
    for name in (
        "config.json",
        "tokenizer.model",
        "notes.txt",
        "optimizer.pt",
        "model.safetensors.index.json",
    ):
        sparse(epoch / name, b"", TERABYTE)
    checkpoint = only_bounded(epoch, depth, SECONDS)
    assert checkpoint.verdict is Verdict.CORRUPT


@pytest.mark.parametrize("written", [True, False], ids=["written", "a hole"])
def test_a_header_of_100_mb_is_not_read(tmp_path: Path, depth: Tier, written: bool) -> None:
    """A header within the format's limit and beyond ours is told as unread, and nothing is claimed."""
    length = 99_999_992
    begin = struct.pack("<Q", length) + b"{"
    if written:
        body = b'"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}'
        begin += body + b" " * (length - len(body) - 2) + b"}"
    path = sparse(tmp_path / "model.safetensors", begin, 8 + length)
    checkpoint = only_bounded(path, depth, SECONDS)
    assert checkpoint.verdict is Verdict.UNVERIFIED
    assert told(checkpoint, FindingCode.FILE_NOT_VERIFIABLE).evidence["header_bytes"] == length


@pytest.mark.parametrize(
    "name",
    [
        "config.json",
        "adapter_config.json",
        "tokenizer.json",
        "model.safetensors.index.json",
        "trainer_state.json",
    ],
)
def test_deep_json_is_refused_wherever_it_lies(tmp_path: Path, depth: Tier, name: str) -> None:
    """Half a million brackets make no parser recurse."""
    epoch = write_epoch(tmp_path / "epoch_0")
    write(epoch / name, '{"a":' * 20_000 + "[" * 500_000)
    checkpoint = only_bounded(epoch, depth, SECONDS)
    told_of = {Path(finding.subject).name for finding in checkpoint.findings}
    assert name in told_of or name == "trainer_state.json"


def test_a_hundred_thousand_files_are_walked(tmp_path: Path, depth: Tier) -> None:
    """So many names beside a checkpoint cost neither minutes nor gigabytes, and are no checkpoints."""
    epoch = write_epoch(tmp_path / "run" / "epoch_0")
    for number in range(100_000):
        (epoch / f"sample_{number}.txt").touch()
    (checkpoint,) = all_bounded(tmp_path / "run", depth)
    assert checkpoint.verdict is Verdict.OK
    assert len(checkpoint.files) > 100_000


def test_twenty_thousand_names_of_weights_are_told(tmp_path: Path) -> None:
    """As many empty files that are called like weights are a finding each, within the same bounds."""
    for number in range(20_000):
        (tmp_path / f"step_{number}.safetensors").touch()
    found = all_bounded(tmp_path)
    assert len(found) == 20_000
    assert {code for each in found for code in codes(each.findings)} == {FindingCode.FILE_EMPTY}
