"""Judge adapters by how MLX, GGUF, diffusers, kohya-ss and PEFT's other kinds name and begin their parts."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from afterall.model import CheckpointKind, FileRole, FindingCode, Tier, Verdict
from afterall.scan.checkpoints import verify
from afterall.scan.checkpoints.checks.adapter_names import are_adapters, pairs
from afterall.scan.checkpoints.formats import Tensor
from scan.checkpoint_making import codes, numbers, only, safetensors_bytes, told, write

Arrays = dict[str, NDArray[Any]]
RANK, INNER, OUTER = 4, 16, 24
NAMES = {
    "diffusers": ("unet.attn1.to_q.lora.down.weight", "unet.attn1.to_q.lora.up.weight"),
    "diffusers, before 0.21": (
        "unet.attn1.processor.to_q_lora.down.weight",
        "unet.attn1.processor.to_q_lora.up.weight",
    ),
    "kohya-ss": ("lora_unet_attn1_to_q.lora_down.weight", "lora_unet_attn1_to_q.lora_up.weight"),
}


def mlx(rank_of_b: int = RANK) -> Arrays:
    """Return a pair as MLX keeps it: A is (in, rank), B is (rank, out)."""
    module = "model.layers.0.mlp.down_proj"
    return {f"{module}.lora_a": numbers(INNER, RANK), f"{module}.lora_b": numbers(rank_of_b, OUTER)}


def by_names(names: tuple[str, str], rank_of_b: int = RANK) -> Arrays:
    """Return a pair with these names: A is (rank, in), B is (out, rank)."""
    return {names[0]: numbers(RANK, INNER), names[1]: numbers(OUTER, rank_of_b)}


@pytest.mark.parametrize("is_alone", [False, True], ids=["among others", "by itself"])
@pytest.mark.parametrize(
    ("good", "bad"),
    [(mlx(), mlx(8)), *((by_names(each), by_names(each, 8)) for each in NAMES.values())],
    ids=["MLX", *NAMES],
)
def test_the_halves_of_each_writer_are_compared(
    tmp_path: Path, good: Arrays, bad: Arrays, *, is_alone: bool
) -> None:
    """They have the same rank in whatever order the shapes are, and of another rank they are told."""
    path = write(tmp_path / "a/adapters.safetensors", safetensors_bytes(good))
    named = path if is_alone else path.parent
    assert not only(named).findings
    write(path, safetensors_bytes(bad))
    assert codes(only(named).findings) == {FindingCode.ADAPTER_RANK_DIFFERS}


def test_what_mlx_saves_last_is_a_copy(tmp_path: Path) -> None:
    """It says nothing of training that the newest numbered state and the final one are the same."""
    for name in ("0000100_adapters", "0000200_adapters", "adapters"):
        arrays = {key: array + (name == "0000100_adapters") for key, array in mlx().items()}
        write(tmp_path / f"a/{name}.safetensors", safetensors_bytes(arrays))
    found = verify([tmp_path / "a"], Tier.VALUES)
    assert [(each.step, each.is_final) for each in found] == [(100, False), (200, False), (None, True)]
    assert not [finding for each in found for finding in each.findings]


def test_experts_of_mlx_are_not_taken_for_ranks(tmp_path: Path) -> None:
    """Their halves have three dimensions, the experts first."""
    module = "model.layers.0.mlp.switch_mlp.up_proj"
    arrays = {f"{module}.lora_a": numbers(2, RANK, INNER), f"{module}.lora_b": numbers(2, OUTER, RANK)}
    assert not only(write(tmp_path / "a/adapters.safetensors", safetensors_bytes(arrays)).parent).findings


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_an_adapter_of_diffusers_starts_at_zero_too(tmp_path: Path, names: tuple[str, str]) -> None:
    """Whatever its halves are called, the second one is zero before the first step."""
    arrays = by_names(names)
    write(
        tmp_path / "a/pytorch_lora_weights.safetensors",
        safetensors_bytes(arrays | {names[1]: arrays[names[1]] * 0}),
    )
    finding = told(only(tmp_path / "a", Tier.VALUES), FindingCode.ADAPTER_UNTRAINED)
    assert (finding.evidence["first"], finding.evidence["half"]) == (names[1], "B")


def test_a_lost_half_is_told_by_its_module(tmp_path: Path) -> None:
    """Of `lora_down` without `lora_up` nothing can be made."""
    names = NAMES["kohya-ss"]
    arrays = {names[0]: numbers(RANK, INNER), "lora_unet_b.lora_up.weight": numbers(OUTER, RANK)}
    finding = told(
        only(write(tmp_path / "a/my.safetensors", safetensors_bytes(arrays)).parent),
        FindingCode.ADAPTER_HALF_MISSING,
    )
    assert (finding.evidence["modules"], finding.evidence["first"]) == (2, "lora_unet_attn1_to_q")


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (("lora_unet_a.lora_up.weight", "lora_unet_a.lora_down.weight"), CheckpointKind.ADAPTER),
        (("lycoris_a.alpha", "lycoris_a.hada_w1_a"), CheckpointKind.ADAPTER),
        (("unet.to_q.lora.up.weight", "unet.to_q.lora.down.weight"), CheckpointKind.ADAPTER),
        (("a.lora_A.weight", "a.lora_B.weight", "a.weight"), CheckpointKind.FULL),
        (("flora.weight", "explorator.weight"), CheckpointKind.FULL),
    ],
)
def test_an_adapter_may_be_called_anything(
    tmp_path: Path, names: tuple[str, ...], kind: CheckpointKind
) -> None:
    """kohya-ss calls its files after what was trained: what they hold says that they are no whole model."""
    data = safetensors_bytes({name: numbers(8, 8, seed=seed) for seed, name in enumerate(names)})
    write(tmp_path / "a/cat-000002.safetensors", data)
    found = only(tmp_path / "a")
    assert (found.kind, found.verdict) == (kind, Verdict.OK)
    assert (found.files[0].role is FileRole.ADAPTER) == (kind is CheckpointKind.ADAPTER)


def test_nothing_is_no_adapter() -> None:
    """A file without tensors says nothing of what it is."""
    assert not are_adapters(())


def test_a_bias_of_a_half_is_none() -> None:
    """PEFT's `lora_bias` lies beside B, and is none."""
    tensor = Tensor("F32", (OUTER,), (0, 4 * OUTER))
    assert not pairs({"a.lora_B.bias": tensor, "lora.norm.weight": tensor})


@pytest.mark.parametrize(
    ("kind", "part"),
    [
        ("ADALORA", "lora_E"),
        ("BOFT", "boft_R"),
        ("LOHA", "hada_w2_b"),
        ("LOKR", "lokr_w1"),
        ("OFT", "oft_R.weight"),
        ("VERA", "vera_lambda_b"),
    ],
)
def test_other_kinds_of_adapter_start_at_zero_too(tmp_path: Path, kind: str, part: str) -> None:
    """Where that part still is zero in every module no step was made, unless it began at random."""
    arrays = {
        f"base_model.model.layers.{layer}.q_proj.{name}": numbers(4, 4, seed=layer) * (name != part)
        for layer in range(2)
        for name in (part, "other")
    }
    write(tmp_path / "a/adapter_model.safetensors", safetensors_bytes(arrays))
    config = write(tmp_path / "a/adapter_config.json", {"peft_type": kind})
    assert FindingCode.ADAPTER_UNTRAINED in codes(only(tmp_path / "a", Tier.VALUES).findings)
    write(config, {"peft_type": kind, "init_weights": False})
    assert FindingCode.ADAPTER_UNTRAINED not in codes(only(tmp_path / "a", Tier.VALUES).findings)


def test_adalora_may_prune_a_module(tmp_path: Path) -> None:
    """It sets what it prunes to zero, in some modules all of it."""
    write(tmp_path / "a/adapter_config.json", {"peft_type": "ADALORA"})
    arrays = {"a.q.lora_E": numbers(4, 1), "a.v.lora_E": np.zeros((4, 1), "f4")}
    write(tmp_path / "a/adapter_model.safetensors", safetensors_bytes(arrays))
    assert not only(tmp_path / "a", Tier.VALUES).findings
