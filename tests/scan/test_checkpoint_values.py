# ruff: noqa: E501 - cases read as tables
"""Read weights as integers and find what is no number, in every dtype, beside numpy's own answer."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from afterall.model import FindingCode, Severity, Tier, Verdict
from afterall.scan.checkpoints.values.dtypes import KINDS
from afterall.scan.checkpoints.values.tally import tally
from scan.checkpoint_making import (
    ADAPTER_CONFIG,
    adapter_arrays,
    codes,
    gguf_bytes,
    numbers,
    only,
    raw_safetensors,
    safetensors_bytes,
    told,
    torch_bytes,
    write,
    write_hf_checkpoint,
)

# dtype, a number, infinities, not-a-numbers: the bytes of one element, little-endian
PATTERNS: dict[str, tuple[bytes, list[bytes], list[bytes]]] = {
    "F64": (struct.pack("<d", 1.5), [struct.pack("<d", s * np.inf) for s in (1, -1)],
            [struct.pack("<d", np.nan), bytes(6) + b"\xf8\xff", b"\1" + bytes(5) + b"\xf0\x7f"]),
    "F32": (struct.pack("<f", -1.5), [struct.pack("<f", s * np.inf) for s in (1, -1)],
            [struct.pack("<f", np.nan), b"\0\0\xc0\xff", b"\1\0\x80\x7f"]),
    "F16": (struct.pack("<e", 1.5), [b"\0\x7c", b"\0\xfc"], [b"\0\x7e", b"\xff\xff", b"\1\x7c"]),
    "BF16": (b"\xc0\x3f", [b"\x80\x7f", b"\x80\xff"], [b"\xc0\x7f", b"\xff\xff", b"\x81\x7f"]),
    "F8_E5M2": (b"\x3e", [b"\x7c", b"\xfc"], [b"\x7d", b"\x7f", b"\xfe"]),
    "F8_E4M3": (b"\x3c", [], [b"\x7f", b"\xff"]),
    "F8_E4M3FNUZ": (b"\x3c", [], [b"\x80"]),
    "F8_E5M2FNUZ": (b"\x3e", [], [b"\x80"]),
    "F8_E8M0": (b"\x7f", [], [b"\xff"]),
    "C64": (struct.pack("<ff", 1, 2), [struct.pack("<ff", 1, np.inf)], [struct.pack("<ff", np.nan, 1)]),
}  # fmt: skip
LARGEST = {
    "F64": struct.pack("<d", -np.finfo("f8").max), "F32": struct.pack("<f", np.finfo("f4").max), "F16": b"\xff\xfb",
    "BF16": b"\x7f\xff", "F8_E5M2": b"\xfb", "F8_E4M3": b"\xfe", "F8_E4M3FNUZ": b"\xff", "F8_E5M2FNUZ": b"\x7f",
    "F8_E8M0": b"\xfe", "C64": struct.pack("<ff", -np.finfo("f4").max, 0),
}  # fmt: skip
BAD = [
    (d, item, kind)
    for d, (_, inf, nan) in PATTERNS.items()
    for kind, items in (("infinite", inf), ("nan", nan))
    for item in items
]
COUNT = 100


def file_with(path: Path, dtype: str, items: list[bytes]) -> Path:
    """Return a safetensors file whose one tensor has these elements."""
    table = {"w": {"dtype": dtype, "shape": [len(items), 1], "data_offsets": [0, sum(map(len, items))]}}
    return write(path / "model.safetensors", raw_safetensors(json.dumps(table), b"".join(items)))


@pytest.mark.parametrize(("dtype", "item", "kind"), BAD, ids=[f"{d} {i.hex()}" for d, i, _ in BAD])
@pytest.mark.parametrize("at", [0, 57, COUNT - 1])
def test_one_bad_element_is_found_wherever_it_stands(
    tmp_path: Path, dtype: str, item: bytes, kind: str, at: int
) -> None:
    """Each pattern that is no finite number, alone among good ones, is counted as what it is."""
    good = PATTERNS[dtype][0]
    path = file_with(tmp_path, dtype, [item if index == at else good for index in range(COUNT)])
    evidence = told(only(path, Tier.VALUES), FindingCode.VALUES_NOT_FINITE).evidence
    assert (evidence["nan"], evidence["infinite"]) == ((1, 0) if kind == "nan" else (0, 1))


@pytest.mark.parametrize("dtype", LARGEST)
def test_the_largest_number_of_each_dtype_is_finite(tmp_path: Path, dtype: str) -> None:
    """The bits just below infinity, or below the one not-a-number, are a number."""
    path = file_with(tmp_path, dtype, [PATTERNS[dtype][0], LARGEST[dtype]] * 30)
    assert only(path, Tier.VALUES).findings == ()


@pytest.mark.parametrize(("dtype", "numpy_dtype"), [("F64", "<f8"), ("F32", "<f4"), ("F16", "<f2")])
@given(data=st.data())
def test_counts_are_numpys(dtype: str, numpy_dtype: str, data: st.DataObject) -> None:
    """Over any bits, the integer views count what numpy's float functions count."""
    array = data.draw(hnp.arrays(numpy_dtype, st.integers(1, 40)))
    kind = KINDS[dtype]
    found = tally(array.view(kind.unsigned), kind)
    assert found.nan == int(np.isnan(array).sum())
    assert found.infinite == int(np.isinf(array).sum())
    assert found.all_zero == bool((array == 0).all())


@given(hnp.arrays("<u2", st.integers(1, 40)), st.integers(0, 40))
def test_tallies_of_pieces_join_to_the_whole(array: Any, at: int) -> None:
    """Reading a tensor in two pieces gives what reading it at once gives."""
    kind = KINDS["BF16"]
    assert tally(array[:at], kind).joined(tally(array[at:], kind)) == tally(array, kind)


@pytest.mark.parametrize(
    ("arrays", "code", "severity"),
    [
        ({"a": numbers(8, 8), "b": np.zeros((8, 8), "f4")}, FindingCode.VALUES_ALL_ZERO, Severity.WARNING),
        (
            {"a": np.zeros((8, 8), "f4"), "b": -np.zeros((8, 8), "f4")},
            FindingCode.VALUES_ALL_ZERO,
            Severity.ERROR,
        ),
        ({"a": numbers(8, 8), "b": np.full((8, 8), 3, "f4")}, FindingCode.VALUES_CONSTANT, Severity.INFO),
    ],
    ids=["one zero matrix", "zeros of both signs alone", "one constant matrix"],
)
def test_uniform_matrices_are_told(
    tmp_path: Path, arrays: dict[str, Any], code: FindingCode, severity: Severity
) -> None:
    """A matrix of one value is told; a file of nothing but zeros is an error."""
    path = write(
        tmp_path / "model.safetensors",
        safetensors_bytes({"z": numbers(300, 300), **arrays} if severity is not Severity.ERROR else arrays),
    )
    found = [f for f in only(path, Tier.VALUES).findings if f.code is code]
    assert [f.gravity for f in found] == [severity]


def test_biases_and_norms_may_be_uniform(tmp_path: Path) -> None:
    """Vectors start at zero or one, and some stay there."""
    arrays = {"z.weight": numbers(300, 300), "bias": np.zeros(64, "f4"), "norm.weight": np.ones(64, "f4")}
    path = write(tmp_path / "model.safetensors", safetensors_bytes(arrays))
    assert only(path, Tier.VALUES).findings == ()


@pytest.mark.parametrize("name", ["optimizer.state.embed.weight.exp_avg", "optim.step", "w.momentum_buffer"])
def test_what_an_optimizer_keeps_may_be_zero(tmp_path: Path, name: str) -> None:
    """In a sharded checkpoint it lies beside the weights, and is zero for the words that no batch held."""
    arrays = {"z.weight": numbers(300, 300), name: np.zeros((64, 64), "f4")}
    path = write(tmp_path / "model.safetensors", safetensors_bytes(arrays))
    assert only(path, Tier.VALUES).findings == ()


def test_masks_may_hold_minus_infinity(tmp_path: Path) -> None:
    """A causal mask saved as a buffer is no damage; a not-a-number in it would be."""
    mask = np.triu(np.full((16, 16), -np.inf, "f4"), 1)
    path = write(tmp_path / "model.safetensors", safetensors_bytes({"w": numbers(9, 9), "attn.mask": mask}))
    assert FindingCode.VALUES_NOT_FINITE not in codes(only(path, Tier.VALUES).findings)


@pytest.mark.parametrize(
    ("start", "half", "verdict"),
    [
        (True, "lora_B", Verdict.CORRUPT),
        ("gaussian", "lora_B", Verdict.CORRUPT),
        ("mica", "lora_A", Verdict.CORRUPT),
        ("mica", "lora_B", Verdict.OK),
        (False, "lora_B", Verdict.OK),
        ("pissa", "lora_B", Verdict.OK),
        ("olora", "lora_B", Verdict.OK),
        (True, "lora_A", Verdict.OK),
    ],
)
def test_an_untrained_adapter_depends_on_how_it_started(
    tmp_path: Path, start: Any, half: str, verdict: Verdict
) -> None:
    """Only a half that its initialisation leaves at zero says, by being zero, that training never moved it."""
    checkpoint = write_hf_checkpoint(tmp_path / "checkpoint-5")
    arrays = {name: array * 0 if half in name else array for name, array in adapter_arrays().items()}
    write(checkpoint / "adapter_model.safetensors", safetensors_bytes(arrays))
    write(checkpoint / "adapter_config.json", ADAPTER_CONFIG | {"init_lora_weights": start})
    assert only(checkpoint, Tier.VALUES).verdict is verdict


def test_some_untrained_modules_are_a_warning(tmp_path: Path) -> None:
    """One of four modules that never moved may be by design."""
    checkpoint = write_hf_checkpoint(tmp_path / "checkpoint-5")
    arrays = adapter_arrays()
    still = next(name for name in arrays if "lora_B" in name)
    write(checkpoint / "adapter_model.safetensors", safetensors_bytes(arrays | {still: arrays[still] * 0}))
    finding = told(only(checkpoint, Tier.VALUES), FindingCode.ADAPTER_UNTRAINED)
    assert (finding.gravity, finding.evidence["modules"], finding.evidence["of"]) == (Severity.WARNING, 1, 4)


def test_a_bad_optimizer_state_is_a_warning(tmp_path: Path) -> None:
    """Weights are good to use though training cannot go on from here."""
    checkpoint = write_hf_checkpoint(tmp_path / "checkpoint-5")
    write(checkpoint / "optimizer.pt", torch_bytes({"exp_avg": np.full((4, 4), np.nan, "f4")}))
    judged = only(checkpoint, Tier.VALUES)
    assert told(judged, FindingCode.VALUES_NOT_FINITE).gravity is Severity.WARNING
    assert judged.verdict is Verdict.OK


def test_the_tier_is_claimed_only_where_all_weights_were_read(tmp_path: Path) -> None:
    """Weights in a quantised format are not looked at, so the deep tier is not claimed for them."""
    path = write(tmp_path / "model.gguf", gguf_bytes(2, (32, 2), bytes(range(1, 37))))
    judged = only(path, Tier.VALUES)
    assert (judged.verdict, judged.tier) == (Verdict.OK, Tier.QUICK)
