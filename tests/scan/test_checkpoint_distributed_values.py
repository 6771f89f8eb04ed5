"""Look at the numbers of a distributed checkpoint, blob by blob, in the values tier."""

from pathlib import Path

import numpy as np
import pytest

from afterall.model import FindingCode, Severity, Tier, Verdict
from scan.checkpoint_distributed import data_file, metadata, tensor_blob
from scan.checkpoint_making import numbers, only, told, write


def save(directory: Path, **arrays: np.ndarray) -> Path:
    """Write a distributed checkpoint of one data file."""
    data, places = data_file([(name, tensor_blob(array)) for name, array in arrays.items()])
    write(directory / "__0_0.distcp", data)
    write(directory / ".metadata", metadata(places))
    return directory


def test_sound_numbers_reach_the_values_tier(tmp_path: Path) -> None:
    """Every tensor of every data file is looked at, and the tier says so."""
    found = only(save(tmp_path / "step-5", w=numbers(8, 8), b=numbers(4, 4)), Tier.VALUES)
    assert (found.verdict, found.tier) == (Verdict.OK, Tier.VALUES)
    assert [file.digest != "" for file in found.files] == [True, True]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_number_that_is_none_is_found_in_a_data_file(tmp_path: Path, bad: float) -> None:
    """Not-a-number in a shard of FSDP is an error like in any other file of weights."""
    broken = numbers(8, 8)
    broken[3, 3] = bad
    found = only(save(tmp_path / "step-5", w=numbers(8, 8), v=broken), Tier.VALUES)
    finding = told(found, FindingCode.VALUES_NOT_FINITE)
    assert (found.verdict, finding.gravity, finding.evidence["tensors"]) == (
        Verdict.CORRUPT,
        Severity.ERROR,
        1,
    )
    assert Path(finding.subject).name == "__0_0.distcp"


def test_a_flipped_bit_in_a_blob_has_the_wrong_checksum(tmp_path: Path) -> None:
    """Each tensor's own archive has a checksum of its numbers, which nobody else looks at."""
    directory = save(tmp_path / "step-5", w=np.arange(64, dtype="f4").reshape(8, 8))
    path = directory / "__0_0.distcp"
    data = bytearray(path.read_bytes())
    at = data.index(np.arange(64, dtype="f4").tobytes())
    data[at + 8] ^= 1
    path.write_bytes(data)
    assert only(directory, Tier.QUICK).verdict is Verdict.OK
    found = only(directory, Tier.VALUES)
    assert told(found, FindingCode.RECORD_CHECKSUM_WRONG).gravity is Severity.ERROR


def test_what_was_compressed_stays_at_the_quick_tier(tmp_path: Path) -> None:
    """Numbers that were packed on their way to the file are not looked at, and not called so."""
    data, places = data_file([("w", tensor_blob(numbers(8, 8)))])
    write(tmp_path / "step-5" / "__0_0.distcp", data)
    write(tmp_path / "step-5" / ".metadata", metadata(places, packed=frozenset({"w"})))
    found = only(tmp_path / "step-5", Tier.VALUES)
    assert (found.verdict, found.tier) == (Verdict.OK, Tier.QUICK)
