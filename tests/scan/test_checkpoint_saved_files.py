"""Judge files that torch, safetensors and the trainers themselves saved, whole, cut and damaged.

How each was made stands in fixtures/saved/README.md.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterall.model import FindingCode, Severity, Tier, Verdict
from afterall.scan.checkpoints import verify
from afterall.scan.checkpoints.formats import Contents, extents_of, read_contents
from afterall.scan.checkpoints.formats.archive import BrokenArchive, data_offset, read_directory
from scan.checkpoint_making import codes, only, told, write
from scan.checkpoint_memory import Memory

SAVED = Path(__file__).parent / "fixtures" / "saved"
HEAD = 1 << 16

NOT_FINITE = frozenset({FindingCode.VALUES_NOT_FINITE})
UNVERIFIABLE = frozenset({FindingCode.FILE_NOT_VERIFIABLE})
FOUND: dict[str, frozenset[FindingCode]] = {
    "torch-2.14/aborted.pt": frozenset({FindingCode.HEADER_INVALID}),
    "torch-2.14/no_checksums.pt": frozenset({FindingCode.CHECKSUM_NOT_COMPUTED}),
    **{
        f"torch-2.14/nan_{dtype}.pt": NOT_FINITE
        for dtype in ("bfloat16", "complex128", "float64", "float8_e5m2")
    },
    **{f"torch-{version}/legacy.pt": UNVERIFIABLE for version in ("1.13", "2.2", "2.14")},
}
"""What the values tier finds in a file named by itself; nothing in those that are not here."""
VERDICTS = {frozenset(): Verdict.OK, UNVERIFIABLE: Verdict.UNVERIFIED}
VERDICTS[FOUND["torch-2.14/no_checksums.pt"]] = Verdict.OK

_OF_TORCH = (".pt", ".pth", ".ckpt", ".bin")
FILES = sorted(
    str(path.relative_to(SAVED))
    for path in SAVED.rglob("*")
    if path.suffix in (*_OF_TORCH, ".safetensors") and path.name != "training_args.bin"
)
ARCHIVES = [
    name
    for name in FILES
    if name.endswith(_OF_TORCH) and name not in FOUND and b"/data/0" in (SAVED / name).read_bytes()
]
"""Archives with checksums, and something in them."""


def read(name: str, data: bytes) -> Contents:
    """Return what is read of a file in memory."""
    return read_contents(name, Memory(data), data[:HEAD])


@pytest.mark.parametrize("name", FILES)
def test_a_real_file_is_called_what_it_is(name: str) -> None:
    """Nothing is found in what a library saved, but for what is wrong with it."""
    checkpoint = only(SAVED / name, Tier.VALUES)
    expected = FOUND.get(name, frozenset())
    assert codes(checkpoint.findings) == expected
    assert checkpoint.verdict is VERDICTS.get(expected, Verdict.CORRUPT)


@pytest.mark.parametrize("version", ["1.13", "2.2", "2.14"])
def test_tensors_are_those_that_were_saved(version: str) -> None:
    """Names, shapes and dtypes of a state dict are read out of the pickle of every torch."""
    path = SAVED / f"torch-{version}" / "state_dict.pt"
    tensors = read("state_dict.pt", path.read_bytes()).tensors or {}
    assert {name: (each.dtype, each.shape) for name, each in tensors.items()} == {
        "0.weight": ("F32", (4, 3)),
        "1.weight": ("F32", (4, 3)),
        "1.bias": ("F32", (4,)),
    }


def test_views_reach_no_further_than_their_storage() -> None:
    """Transposed, strided, expanded, empty and cut-out tensors share one storage and fit into it."""
    tensors = read("views.pt", (SAVED / "torch-2.14/views.pt").read_bytes()).tensors or {}
    assert {name: each.shape for name, each in tensors.items()} == {
        "whole": (4, 6), "t": (6, 4), "column": (4,), "step": (2, 2), "rows": (2, 6), "expanded": (5, 4),
        "scalar": (), "empty": (0, 6),
    }  # fmt: skip


@pytest.mark.parametrize("tier", [Tier.QUICK, Tier.VALUES])
@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("dcp", set()),
        ("sharded", {FindingCode.CONFIG_MISSING}),
        ("sharded-bin", {FindingCode.CONFIG_MISSING}),
        ("trainers/hf-5.23/checkpoint-50", {FindingCode.ADAPTER_BASE_MISSING}),
        ("trainers/torchtune-0.6/epoch_2", {FindingCode.TOKENIZER_MISSING}),
    ],
)
def test_a_real_checkpoint_is_whole(name: str, found: set[FindingCode], tier: Tier) -> None:
    """Shards, ranks, adapters and training states as they were saved fit together."""
    (checkpoint,) = verify([SAVED / name], tier)
    assert checkpoint.verdict is Verdict.OK
    assert codes(checkpoint.findings) <= found
    assert all(finding.gravity < Severity.ERROR for finding in checkpoint.findings)


def lengths(size: int) -> Iterator[int]:
    """Return where to cut a file: every few bytes, and at each of the last hundred."""
    yield from range(0, max(size - 100, 0), 37)
    yield from range(max(size - 100, 0), size)


@pytest.mark.parametrize("name", FILES)
def test_a_real_file_cut_anywhere_is_not_called_good(name: str) -> None:
    """Wherever a save or a copy stopped, the file has an error, or nothing is claimed of it."""
    data = (SAVED / name).read_bytes()
    for length in lengths(len(data)):
        contents = read(name, data[:length])
        grave = any((f.severity or f.code.severity) is Severity.ERROR for f in contents.faults)
        assert grave or not contents.is_judged, f"cut to {length} of {len(data)}"


@pytest.mark.parametrize("name", ARCHIVES)
def test_a_flipped_bit_is_found_by_the_checksum(name: str, tmp_path: Path) -> None:
    """One bit in the middle of the last tensor's bytes makes its record's checksum wrong."""
    data = (SAVED / name).read_bytes()
    records = [each for each in read_directory(Memory(data)).records if "/data/" in each.name and each.size]
    at = data_offset(Memory(data), records[-1]) + records[-1].size // 2
    path = write(tmp_path / Path(name).name, data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :])
    assert told(only(path, Tier.VALUES), FindingCode.RECORD_CHECKSUM_WRONG).evidence["records"] == 1


@settings(max_examples=300)
@given(st.sampled_from(FILES), st.data())
def test_a_damaged_real_file_is_judged(name: str, draw: st.DataObject) -> None:
    """Bytes changed, lost or added anywhere: a verdict or a finding, never an exception."""
    data = bytearray((SAVED / name).read_bytes())
    for _ in range(draw.draw(st.integers(1, 4))):
        at = draw.draw(st.integers(0, len(data)))
        data[at : at + draw.draw(st.integers(0, 4))] = draw.draw(st.binary(max_size=4))
    file = Memory(bytes(data))
    contents = read_contents(name, file, file.data[:HEAD])
    try:
        list(extents_of(file, contents))
    except BrokenArchive:
        assert contents.format == "torch-zip"
