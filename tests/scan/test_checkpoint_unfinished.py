"""Find saves that did not end by what each trainer writes last, and only there."""

from pathlib import Path

import pytest

from afterall.model import Checkpoint, FindingCode, Severity, Verdict
from afterall.scan.checkpoints import verify
from scan.checkpoint_distributed import data_file, metadata, tensor_blob
from scan.checkpoint_making import (
    codes,
    numbers,
    only,
    told,
    torch_bytes,
    write,
    write_adapter,
    write_companions,
)

UNFINISHED = FindingCode.CHECKPOINT_UNFINISHED


def distributed(directory: Path) -> Path:
    """Write a whole distributed checkpoint of one rank."""
    data, places = data_file([("w", tensor_blob(numbers(4, 4)))])
    write(directory / "__0_0.distcp", data)
    write(directory / ".metadata", metadata(places))
    return directory


def by_name(run: Path) -> dict[str, Checkpoint]:
    """Return the checkpoints of a run."""
    return {each.name: each for each in verify([run])}


@pytest.mark.parametrize("inside", ["iter_0000500", "m--loss=1-step=5-x/weights"], ids=["Megatron", "NeMo"])
def test_megatrons_distributed_save_ends_with_a_file_of_its_own(tmp_path: Path, inside: str) -> None:
    """`metadata.json`, by which it knows such a checkpoint, comes after torch's `.metadata`."""
    directory = distributed(tmp_path / "run" / inside)
    write(directory / "common.pt", torch_bytes({}, extra={"iteration": 500}))
    (checkpoint,) = verify([tmp_path / "run"])
    finding = told(checkpoint, UNFINISHED)
    assert (finding.subject, finding.evidence) == (
        str(directory),
        {"marker": "metadata.json", "data_files": 1},
    )
    assert checkpoint.verdict is Verdict.INCOMPLETE
    write(directory / "metadata.json", {"sharded_backend": "torch_dist"})
    (checkpoint,) = verify([tmp_path / "run"])
    assert (codes(checkpoint.findings), checkpoint.verdict) == (set(), Verdict.OK)


def test_a_distributed_save_without_megatrons_own_files_needs_none(tmp_path: Path) -> None:
    """Its format torch_dcp is PyTorch's alone."""
    assert codes(only(distributed(tmp_path / "iter_0000500")).findings) == set()


def test_lightnings_sharded_save_ends_with_its_own_counters(tmp_path: Path) -> None:
    """A warning: others, too, may call a directory so."""
    sharded = distributed(tmp_path / "epoch=0-step=5.ckpt")
    checkpoint = only(sharded)
    finding = told(checkpoint, UNFINISHED)
    assert (finding.evidence["marker"], finding.gravity) == ("meta.pt", Severity.WARNING)
    assert checkpoint.verdict is Verdict.OK
    write(sharded / "meta.pt", torch_bytes({}, extra={"global_step": 5}))
    assert codes(only(sharded).findings) == set()


def test_accelerates_save_ends_with_random_states(tmp_path: Path) -> None:
    """What is called like a whole one beside it and lacks them did not end."""
    for step in (10, 20):
        write(
            tmp_path / "run" / f"step_{step}" / "pytorch_model.bin", torch_bytes({"w": numbers(4, seed=step)})
        )
    write(tmp_path / "run" / "step_10" / "random_states_0.pkl", torch_bytes({}, extra={"step": 0}))
    found = by_name(tmp_path / "run")
    assert {name: codes(each.findings) for name, each in found.items()} == {
        "step_10": set(),
        "step_20": {UNFINISHED},
    }


def test_torchtunes_asynchronous_save_holds_no_tokenizer(tmp_path: Path) -> None:
    """Only the final checkpoint is written as the others are."""
    distributed(tmp_path / "run" / "epoch_0")
    distributed(tmp_path / "run" / "epoch_0" / "adapter_model")
    write_adapter(tmp_path / "run" / "epoch_1")
    write_companions(tmp_path / "run" / "epoch_1")
    found = by_name(tmp_path / "run")
    assert {name: codes(each.findings) for name, each in found.items()} == {
        "epoch_0": set(),
        "epoch_1": set(),
    }
