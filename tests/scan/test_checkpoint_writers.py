"""Judge what llama.cpp, numpy, Lightning, torch, LLaVA and TRL write, good and then broken in one thing."""

import json
import struct
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from afterall.model import CheckpointKind, FindingCode, Severity, Tier, Verdict
from afterall.scan.checkpoints import verify
from afterall.scan.checkpoints.formats.gguf import _TYPES as GGML_TYPES
from scan.checkpoint_making import (
    Named,
    Object,
    codes,
    gguf_bytes,
    numbers,
    only,
    safetensors_bytes,
    told,
    torch_bytes,
    write,
    zip_bytes,
)

F32 = 0
PART = "model-00002-of-00003.gguf"


def npz_bytes(save: Callable[..., None] = np.savez, **arrays: NDArray[Any]) -> bytes:
    """Return what numpy writes for `arrays`."""
    file = BytesIO()
    save(file, **arrays)
    return file.getvalue()


def npy_bytes(descr: str, shape: object) -> bytes:
    """Return an array of 64 bytes with any dtype and shape whatever in its header."""
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}\n".encode()
    return b"\x93NUMPY\x02\x00" + struct.pack("<I", len(header)) + header + bytes(range(1, 65))


def write_split(directory: Path) -> Path:
    """Write a model as gguf-split does: three files of equal rank, and no index."""
    for number in (1, 2, 3):
        name = f"model-{number:05}-of-00003.gguf"
        whole = gguf_bytes(F32, (8, 8), numbers(8, 8, seed=number).tobytes())
        write(directory / name, whole.replace(b"w", b"xyz"[number - 1 : number], 1))
    return directory


def test_a_split_gguf_is_one_checkpoint(tmp_path: Path) -> None:
    """Its parts lie beside each other, count themselves, and have no index."""
    found = only(write_split(tmp_path / "m"), Tier.VALUES)
    assert (found.verdict, found.tier, len(found.files)) == (Verdict.OK, Tier.VALUES, 3)


def test_a_split_gguf_is_apart_from_the_model_it_was_made_of(tmp_path: Path) -> None:
    """Both may lie in one directory, and are two checkpoints."""
    write_split(tmp_path / "m")
    write(tmp_path / "m/config.json", {})
    write(tmp_path / "m/model.safetensors", safetensors_bytes({"w": numbers(8, 8)}))
    assert sorted(sum(file.tensors or 0 for file in each.files) for each in verify([tmp_path / "m"])) == [
        1,
        3,
    ]


def test_a_lost_part_of_a_gguf_is_told(tmp_path: Path) -> None:
    """The parts that are left say by their names which one is not there."""
    (write_split(tmp_path / "m") / PART).unlink()
    found = only(tmp_path / "m")
    assert told(found, FindingCode.SHARD_MISSING).subject == str(tmp_path / "m" / PART)
    assert found.verdict is Verdict.INCOMPLETE


@pytest.mark.parametrize("kind", sorted(GGML_TYPES))
def test_every_type_of_gguf_is_measured(tmp_path: Path, kind: int) -> None:
    """A whole file is good, and one that lacks a byte is cut off."""
    block, size, dtype = GGML_TYPES[kind]
    whole = gguf_bytes(kind, (block, 2), b"\1" * (2 * size))
    found = only(write(tmp_path / "m.gguf", whole))
    assert (found.verdict, found.files[0].parameters, found.files[0].dtypes) == (
        Verdict.OK,
        2 * block,
        (dtype,),
    )
    assert codes(only(write(tmp_path / "m.gguf", whole[:-1])).findings) == {FindingCode.FILE_TRUNCATED}


def test_plain_numbers_of_a_gguf_are_looked_at(tmp_path: Path) -> None:
    """Not-a-number in a tensor that is not quantized is found."""
    found = only(
        write(tmp_path / "m.gguf", gguf_bytes(F32, (4, 4), np.array([np.nan, *range(15)], "f4").tobytes())),
        Tier.VALUES,
    )
    assert codes(found.findings) == {FindingCode.VALUES_NOT_FINITE}


def test_that_quantized_numbers_were_not_looked_at_is_told(tmp_path: Path) -> None:
    """The values tier is not claimed for them, and a finding says why."""
    found = only(write(tmp_path / "m.gguf", gguf_bytes(2, (32, 2), bytes(range(1, 37)))), Tier.VALUES)
    assert told(found, FindingCode.FILE_NOT_VERIFIABLE).evidence == {"reason": "values_not_read"}


@pytest.mark.parametrize(
    "dtype", ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "c8", "c16", "?"]
)
def test_an_archive_of_numpy_is_good(tmp_path: Path, dtype: str) -> None:
    """It is a zip with one array a record, and neither a torch archive nor a broken one."""
    array = np.ones((3, 5)).astype(dtype)
    array[0, 0] = 0
    found = only(write(tmp_path / "model.npz", npz_bytes(w=array, s=array[1, 1])), Tier.VALUES)
    assert (found.verdict, found.tier, found.files[0].parameters) == (Verdict.OK, Tier.VALUES, 16)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (npz_bytes(w=numbers(8, 8))[:-1], FindingCode.FILE_TRUNCATED),
        (npz_bytes(w=numbers(8, 8))[:200], FindingCode.FILE_TRUNCATED),
        (npz_bytes(w=numbers(8, 8)).replace(b"(8, 8)", b"(8, 9)"), FindingCode.HEADER_INVALID),
        (zip_bytes({"w.npy": npy_bytes("<f4", "8," * 20_000)}), FindingCode.HEADER_INVALID),
        (npz_bytes(w=np.array([[1, 2], [3, np.inf]], "f2")), FindingCode.VALUES_NOT_FINITE),
        (zip_bytes({"a/data.pkl": b"\x80\2}."}), FindingCode.FILE_NOT_ITS_FORMAT),
        (b"", FindingCode.FILE_EMPTY),
    ],
    ids=[
        "cut by a byte",
        "cut in an array",
        "another shape",
        "20,000 dimensions",
        "infinite",
        "another zip",
        "empty",
    ],
)
def test_a_damaged_archive_of_numpy_is_told(tmp_path: Path, data: bytes, code: FindingCode) -> None:
    """Each for what it is."""
    found = only(write(tmp_path / "model.npz", data), Tier.VALUES)
    assert (codes(found.findings), found.verdict) == ({code}, Verdict.CORRUPT)


@pytest.mark.parametrize(
    "data",
    [
        npz_bytes(np.savez_compressed, w=numbers(8, 8)),
        npz_bytes(w=np.array([{}], dtype=object)),
        npz_bytes(w=numbers(8, 8).astype(">f4")),
        zip_bytes({"w.npy": npy_bytes("<f" + "4" * 5000, 64)}),
    ],
    ids=["compressed", "Python's objects", "the other order of bytes", "no dtype"],
)
def test_arrays_that_are_not_looked_at_are_told(tmp_path: Path, data: bytes) -> None:
    """What is compressed is not unpacked, and what is pickled not unpickled."""
    found = only(write(tmp_path / "model.npz", data), Tier.VALUES)
    assert told(found, FindingCode.FILE_NOT_VERIFIABLE).evidence == {"reason": "values_not_read"}
    assert (found.verdict, found.tier) == (Verdict.OK, Tier.QUICK)


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("callbacks.ModelCheckpoint.kth_value", Verdict.OK),
        ("loops.fit_loop.best", Verdict.OK),
        ("best_loss", Verdict.OK),
        ("state_dict.act.activation_post_process.min_val", Verdict.OK),
        ("state_dict.best_head.w", Verdict.CORRUPT),
        ("state_dict.w", Verdict.CORRUPT),
        ("callbacks_head.w", Verdict.CORRUPT),
    ],
)
def test_scores_may_be_infinite_where_weights_may_not(tmp_path: Path, name: str, verdict: Verdict) -> None:
    """Trainers and observers keep the best, least and most so far, which are infinite until there is one."""
    arrays = {"state_dict.v": numbers(8, 8), name: np.array(np.inf, "f4")}
    assert only(write(tmp_path / "epoch=0-step=4.ckpt", torch_bytes(arrays)), Tier.VALUES).verdict is verdict


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("layers.0.qzeros", None),
        ("layers.0.weight_zero_point", None),
        ("final_logits_bias", None),
        ("experts.gate_up_proj_bias", None),
        ("embeddings.position_ids", None),
        ("layers.0.qweight", FindingCode.VALUES_CONSTANT),
        ("layers.0.weight", FindingCode.VALUES_CONSTANT),
    ],
)
def test_one_number_throughout_is_right_for_some(tmp_path: Path, name: str, code: FindingCode | None) -> None:
    """Symmetric quantization has one zero point for all, and a bias may stay where it began."""
    path = write(
        tmp_path / "m.safetensors", safetensors_bytes({"w": numbers(8, 8), name: np.full((4, 16), 7, "i4")})
    )
    assert codes(only(path, Tier.VALUES).findings) == ({code} if code else set())


def meta(shape: tuple[int, ...]) -> Object:
    """Return how torch.save describes a tensor on its meta device."""
    return Object(
        "torch._utils", "_rebuild_meta_tensor_no_storage", (Named("torch", "float32"), shape, (1,), False)
    )


@pytest.mark.parametrize(
    ("arrays", "severity", "tensors"),
    [({"v": numbers(4, 4)}, Severity.WARNING, 2), ({}, Severity.ERROR, 1)],
    ids=["some", "all"],
)
def test_weights_without_data_are_told(
    tmp_path: Path, arrays: dict[str, NDArray[Any]], severity: Severity, tensors: int
) -> None:
    """What was never materialised is saved as a shape alone, and torch loads it without a word."""
    found = only(write(tmp_path / "model.pt", torch_bytes(arrays, extra={"w": meta((4, 4))})))
    finding = told(found, FindingCode.TENSORS_WITHOUT_ELEMENTS)
    assert (finding.gravity, finding.evidence["of"], finding.evidence["first"]) == (severity, tensors, "w")


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("adapter_model.bin", Verdict.CORRUPT),
        ("pytorch_model.bin", Verdict.CORRUPT),
        ("zero_pp_rank_0_mp_rank_00_model_states.pt", Verdict.OK),
    ],
)
def test_an_ungathered_model_is_told(tmp_path: Path, name: str, verdict: Verdict) -> None:
    """Tensors of no element are no weights, but in the files of ZeRO-3 that others complete."""
    path = write(tmp_path / name, torch_bytes({"a.weight": numbers(0), "b.weight": numbers(0)}))
    assert only(path).verdict is verdict


def test_a_jagged_tensor_needs_nothing_else(tmp_path: Path) -> None:
    """A function of torch's own rebuilds it."""
    jagged = Object("torch.nested._internal.nested_tensor", "_rebuild_njt", ())
    path = write(tmp_path / "model.pt", torch_bytes({"w": numbers(8, 8)}, extra={"n": jagged}))
    assert not only(path).findings


def test_llava_keeps_a_projector_alone(tmp_path: Path) -> None:
    """Its pretraining saves nothing but what it trained."""
    checkpoint = tmp_path / "run/checkpoint-100"
    write(checkpoint / "config.json", {})
    write(checkpoint / "trainer_state.json", {"global_step": 100})
    write(checkpoint / "mm_projector.bin", torch_bytes({"model.mm_projector.weight": numbers(8, 8)}))
    (found,) = verify([tmp_path / "run"])
    assert (found.verdict, found.kind) == (Verdict.OK, CheckpointKind.ADAPTER)


def test_a_value_head_beside_an_adapter_needs_no_model(tmp_path: Path) -> None:
    """TRL saves it under a model's name, and the adapter says what the base is."""
    write(tmp_path / "m/adapter_config.json", json.dumps({"peft_type": "IA3"}))
    write(tmp_path / "m/adapter_model.safetensors", safetensors_bytes({"a.ia3_l": numbers(8, 1)}))
    write(tmp_path / "m/pytorch_model.bin", torch_bytes({"v_head.summary.weight": numbers(1, 8)}))
    assert not only(tmp_path / "m").findings
