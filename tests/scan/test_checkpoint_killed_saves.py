"""Verify what a save leaves that was killed in the middle: for every writer, at every point."""

import os
import shutil
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from afterall.model import FindingCode, Severity, Tier, Verdict
from afterall.scan.checkpoints import verify
from scan.checkpoint_making import (
    codes,
    model_arrays,
    numbers,
    only,
    safetensors_bytes,
    told,
    write,
    write_hf_checkpoint,
    write_sharded,
    zip_bytes,
)

SAVED = Path(__file__).parent / "fixtures" / "saved"
MATRICES, SIDE = 4, 64
MATRIX_BYTES = 4 * SIDE * SIDE


def model() -> tuple[bytes, int]:
    """Return a file of four matrices, and where its data begin."""
    data = safetensors_bytes(
        {f"layer.{index}.weight": numbers(SIDE, SIDE, seed=index) for index in range(MATRICES)}
    )
    return data, 8 + int(struct.unpack("<Q", data[:8])[0])


def unwritten(path: Path, data: bytes, written: int, sparse: bool) -> Path:
    """Write the first bytes of a file whose size was set before: the rest is zeros, on disk or not."""
    with path.open("wb") as file:
        file.write(data[:written])
        if sparse:
            file.truncate(len(data))
        else:
            file.write(bytes(len(data) - written))
    return path


@pytest.mark.parametrize("sparse", [False, True], ids=["zeros", "hole"])
@pytest.mark.parametrize("matrices", [0, 0.5, 1, 1.5, 2, 2.5])
def test_a_writer_that_sets_the_size_first_leaves_a_zero_tail(
    tmp_path: Path, matrices: float, sparse: bool
) -> None:
    """Killed anywhere before the last matrix begins, the file is told as never written to its end."""
    data, begin = model()
    written = begin + int(matrices * MATRIX_BYTES)
    path = unwritten(tmp_path / "model.safetensors", data, written, sparse)
    checkpoint = only(path)
    assert checkpoint.verdict is Verdict.CORRUPT
    assert told(checkpoint, FindingCode.FILE_ZERO_TAIL).evidence["data_bytes"] == MATRICES * MATRIX_BYTES


@pytest.mark.parametrize("sparse", [False, True], ids=["zeros", "hole"])
def test_a_last_matrix_that_is_half_zero_is_a_warning(tmp_path: Path, sparse: bool) -> None:
    """Zeros within one matrix alone may be its numbers: they are told, and no more is claimed."""
    data, begin = model()
    path = unwritten(tmp_path / "model.safetensors", data, begin + int(3.5 * MATRIX_BYTES), sparse)
    checkpoint = only(path)
    assert checkpoint.verdict is Verdict.OK
    assert told(checkpoint, FindingCode.FILE_ZERO_TAIL).gravity is Severity.WARNING


SAVE = """
import sys
import numpy as np
from safetensors.numpy import save_file
array = np.ones((48 << 20,), "f4")
print("saving", flush=True)
save_file({"w": array.reshape(-1, 1024)}, sys.argv[1] + "/model.safetensors")
print("saved", flush=True)
"""


def test_the_librarys_own_writer_killed_leaves_nothing_that_is_called_good(tmp_path: Path) -> None:
    """Whatever this version of safetensors leaves when it is killed, a short file or a stray one, is told."""
    checkpoint = write_hf_checkpoint(tmp_path / "checkpoint-50")
    for name in ("adapter_model.safetensors", "adapter_config.json"):
        (checkpoint / name).unlink()
    before = set(os.listdir(checkpoint))
    with subprocess.Popen([sys.executable, "-c", SAVE, str(checkpoint)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        deadline = time.monotonic() + 30
        while set(os.listdir(checkpoint)) == before and time.monotonic() < deadline:
            pass
        writer.kill()
        if writer.stdout.read():
            pytest.skip("the file was saved before its writer could be killed")
    left = set(os.listdir(checkpoint)) - before
    assert left
    found = only(checkpoint)
    assert found.verdict in (Verdict.CORRUPT, Verdict.INCOMPLETE)
    assert left <= {Path(finding.subject).name for finding in found.findings}


@pytest.mark.parametrize(
    ("name", "code", "verdict"),
    [
        ("model.safetensors.index.json", FindingCode.INDEX_MISSING, Verdict.INCOMPLETE),
        ("model-00004-of-00004.safetensors", FindingCode.SHARD_MISSING, Verdict.INCOMPLETE),
    ],
)
def test_the_hubs_writer_killed_before_its_last_file(
    tmp_path: Path, name: str, code: FindingCode, verdict: Verdict
) -> None:
    """Shards are written in order and the index last: without either the set is incomplete."""
    write_sharded(tmp_path / "final", model_arrays(), shards=4)
    write(tmp_path / "final" / "config.json", "{}")
    (tmp_path / "final" / name).unlink()
    checkpoint = only(tmp_path / "final")
    assert (codes(checkpoint.findings), checkpoint.verdict) == ({code}, verdict)


def test_a_staging_directory_is_an_unfinished_save(tmp_path: Path) -> None:
    """The HF Trainer renames tmp-checkpoint-N when all is there: still called so, it is not."""
    write_hf_checkpoint(tmp_path / "tmp-checkpoint-50")
    checkpoint = only(tmp_path)
    assert checkpoint.verdict is Verdict.INCOMPLETE
    assert FindingCode.CHECKPOINT_UNFINISHED in codes(checkpoint.findings)


def test_a_first_save_that_left_nothing_but_its_own_file(tmp_path: Path) -> None:
    """An epoch in which only a temporary file lies is a checkpoint that was begun: both is told."""
    write(tmp_path / "run" / "epoch_0" / ".tmpAb3dEf", bytes(5000))
    checkpoint = only(tmp_path / "run")
    assert checkpoint.name == "epoch_0"
    assert codes(checkpoint.findings) == {FindingCode.WEIGHTS_MISSING, FindingCode.TEMPORARY_FILE}


@pytest.mark.parametrize("name", ["model.safetensors.incomplete", ".tmpAb3dEf", "tmp4kq81zz"])
def test_stray_files_are_told_beside_whole_ones(tmp_path: Path, name: str) -> None:
    """A download or a save that was killed leaves its own file: it takes room, and spoils nothing."""
    checkpoint = write_hf_checkpoint(tmp_path / "checkpoint-50")
    write(checkpoint / name, bytes(5000))
    found = only(checkpoint)
    assert found.verdict is Verdict.OK
    assert told(found, FindingCode.TEMPORARY_FILE).evidence["size_bytes"] == 5000


@pytest.fixture
def ranks(tmp_path: Path) -> Path:
    """Return a checkpoint that two ranks really saved with torch.distributed.checkpoint."""
    shutil.copytree(SAVED / "dcp", tmp_path / "dcp")
    return tmp_path / "dcp"


@pytest.mark.parametrize("name", [None, ".metadata.tmp"])
def test_a_distributed_save_killed_before_its_metadata(ranks: Path, name: str | None) -> None:
    """All data are there; without `.metadata`, which is renamed last, nothing says that they are."""
    if name is None:
        (ranks / ".metadata").unlink()
    else:
        (ranks / ".metadata").rename(ranks / name)
    checkpoint = only(ranks)
    assert checkpoint.verdict is Verdict.INCOMPLETE
    assert told(checkpoint, FindingCode.CHECKPOINT_UNFINISHED).evidence["marker"] == ".metadata"


@pytest.mark.parametrize("name", ["__0_0.distcp", "__1_0.distcp"])
def test_a_rank_whose_file_is_lost_is_missed(ranks: Path, name: str) -> None:
    """`.metadata` names every rank's file."""
    (ranks / name).unlink()
    checkpoint = only(ranks)
    assert checkpoint.verdict is Verdict.INCOMPLETE
    assert Path(told(checkpoint, FindingCode.SHARD_MISSING).subject).name == name


@pytest.mark.parametrize("lost", [1, 64, 1000])
@pytest.mark.parametrize("name", ["__0_0.distcp", "__1_0.distcp"])
def test_a_rank_whose_file_is_short_is_told(ranks: Path, name: str, lost: int) -> None:
    """`.metadata` says how far each rank's file must reach."""
    os.truncate(ranks / name, (ranks / name).stat().st_size - lost)
    checkpoint = only(ranks)
    assert checkpoint.verdict is Verdict.CORRUPT
    finding = told(checkpoint, FindingCode.FILE_TRUNCATED)
    assert (Path(finding.subject).name, finding.evidence["missing_bytes"]) == (name, lost)


SHARDS = [f"model-{number:05}-of-00004.safetensors" for number in range(1, 5)]


@pytest.mark.parametrize("lost", [1, 8, 4096, 20_000])
@pytest.mark.parametrize("torn", SHARDS)
@pytest.mark.parametrize("depth", [Tier.QUICK, Tier.VALUES])
def test_one_torn_shard_of_four_is_named(tmp_path: Path, torn: str, lost: int, depth: Tier) -> None:
    """However few bytes one shard lacks, it is told with their number, and its siblings are not."""
    write_sharded(tmp_path / "final", model_arrays(), shards=4)
    path = tmp_path / "final" / torn
    lost = min(lost, path.stat().st_size - 1000)
    os.truncate(path, path.stat().st_size - lost)
    (checkpoint,) = verify([tmp_path / "final"], depth)
    finding = told(checkpoint, FindingCode.FILE_TRUNCATED)
    assert (Path(finding.subject).name, finding.evidence["missing_bytes"]) == (torn, lost)
    verdicts = {Path(file.path).name: file.verdict for file in checkpoint.files}
    assert {name: verdicts[name] for name in SHARDS} == dict.fromkeys(SHARDS, Verdict.OK) | {
        torn: Verdict.CORRUPT
    }
    assert checkpoint.verdict is Verdict.CORRUPT


@pytest.mark.parametrize("torn", SHARDS[:2])
def test_a_torn_shard_that_was_filled_up_with_zeros_is_named(tmp_path: Path, torn: str) -> None:
    """Mapped beyond its end, or extended, a torn shard reads as zeros: the tail tells."""
    write_sharded(tmp_path / "final", model_arrays(), shards=4)
    path = tmp_path / "final" / torn
    size = path.stat().st_size
    os.truncate(path, size // 3)
    os.truncate(path, size)
    checkpoint = only(tmp_path / "final")
    assert Path(told(checkpoint, FindingCode.FILE_ZERO_TAIL).subject).name == torn
    assert checkpoint.verdict is Verdict.CORRUPT


def test_a_torch_archive_without_its_pickle_is_a_broken_save(tmp_path: Path) -> None:
    """What torch.save leaves when an exception stops it is an archive of torch's, and no other format."""
    write(tmp_path / "model.pt", zip_bytes({"archive/version": b"3\n", "archive/data/0": bytes(64)}))
    found = only(tmp_path / "model.pt")
    assert told(found, FindingCode.HEADER_INVALID).evidence == {"problem": "no_data_pkl"}
