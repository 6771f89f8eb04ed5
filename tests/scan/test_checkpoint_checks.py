# ruff: noqa: E501 - cases read as tables
"""Hold the files of one checkpoint against each other: adapters, distributed parts, ranks, companions."""

from pathlib import Path
from typing import Any

import pytest

from afterall.model import FindingCode, Verdict
from afterall.scan.checkpoints.checks.adapter_names import layer_of, missing_layers
from afterall.scan.checkpoints.checks.lora_config import endings
from scan.checkpoint_making import (
    ADAPTER_CONFIG,
    adapter_arrays,
    codes,
    model_arrays,
    numbers,
    only,
    safetensors_bytes,
    told,
    torch_bytes,
    write,
    write_epoch,
    write_hf_checkpoint,
)
from scan.test_checkpoint_formats import dcp_metadata


@pytest.fixture
def hf(tmp_path: Path) -> Path:
    """Return a whole checkpoint of the HF Trainer at step 5."""
    return write_hf_checkpoint(tmp_path / "checkpoint-5", 5)


def with_adapter(directory: Path, arrays: dict[str, Any], **config: Any) -> Path:
    """Return `directory` with these adapter weights, and a configuration that differs by `config`."""
    write(directory / "adapter_model.safetensors", safetensors_bytes(arrays))
    write(directory / "adapter_config.json", ADAPTER_CONFIG | config)
    return directory


def test_rank_pattern_gives_modules_their_own_rank(hf: Path) -> None:
    """A module named by the pattern may have another rank than the rest."""
    arrays = adapter_arrays() | {n: a for n, a in adapter_arrays(rank=8).items() if "v_proj" in n}
    assert FindingCode.ADAPTER_RANK_DIFFERS in codes(only(with_adapter(hf, arrays)).findings)
    assert only(with_adapter(hf, arrays, rank_pattern={"v_proj": 8})).verdict is Verdict.OK


def test_a_rank_that_is_wrong_is_told_with_both_numbers(hf: Path) -> None:
    """The evidence holds the configuration's rank, the tensors', and how many modules disagree."""
    finding = told(only(with_adapter(hf, adapter_arrays(rank=16))), FindingCode.ADAPTER_RANK_DIFFERS)
    assert {key: finding.evidence[key] for key in ("config_rank", "tensor_rank", "modules", "of")} == {
        "config_rank": 4,
        "tensor_rank": 16,
        "modules": 4,
        "of": 4,
    }


def test_stacked_experts_have_a_multiple_of_the_rank(hf: Path) -> None:
    """Adapters of expert parameters hold all experts in one tensor."""
    arrays = adapter_arrays(rank=32)
    parameters = ["self_attn.q_proj.gate_up_proj", "self_attn.v_proj.gate_up_proj"]
    assert only(with_adapter(hf, arrays, target_parameters=parameters)).verdict is Verdict.OK


def test_other_kinds_of_adapters_are_not_held_to_loras_shapes(hf: Path) -> None:
    """An IA3 or prefix adapter has neither ranks nor targets to compare."""
    arrays = {"base_model.model.layers.0.ia3_l": numbers(64, 1)}
    assert only(with_adapter(hf, arrays, peft_type="IA3")).verdict is Verdict.OK


def test_dora_magnitudes_are_no_stray_tensors(hf: Path) -> None:
    """lora_magnitude_vector belongs to its pair."""
    arrays = adapter_arrays()
    extra = {
        n.replace("lora_A.weight", "lora_magnitude_vector"): numbers(64) for n in arrays if "lora_A" in n
    }
    assert only(with_adapter(hf, arrays | extra, use_dora=True)).findings == ()


def test_whole_embeddings_in_an_adapter_are_told(hf: Path) -> None:
    """An adapter that is mostly embeddings is as large as a part of the model."""
    arrays = adapter_arrays() | {"base_model.model.model.embed_tokens.weight": numbers(500, 64)}
    judged = only(with_adapter(hf, arrays))
    assert codes(judged.findings) == {FindingCode.ADAPTER_OVERSIZED}
    assert judged.verdict is Verdict.OK


def test_one_of_the_heads_that_modules_to_save_names_is_enough(hf: Path) -> None:
    """PEFT lists every possible classifier head; none at all is worth a word."""
    arrays = adapter_arrays() | {"base_model.model.score.weight": numbers(2, 64)}
    assert only(with_adapter(hf, arrays, modules_to_save=["classifier", "score"])).findings == ()
    lost = only(with_adapter(hf, adapter_arrays(), modules_to_save=["classifier", "score"]))
    assert told(lost, FindingCode.ADAPTER_TARGET_UNMATCHED).evidence["key"] == "modules_to_save"


def modules(*layers: int, kind: str = "q_proj") -> list[str]:
    """Return the names of one kind of module in these layers."""
    return [f"model.layers.{layer}.self_attn.{kind}" for layer in layers]


@pytest.mark.parametrize(
    ("names", "gaps"),
    [
        (modules(0, 1, 2, 3), {}),
        (modules(0, 1, 3, 4), {"model.*.self_attn.q_proj": [2]}),
        (modules(0, 4, 8, 12), {}),
        (modules(0, 1, 2, 3) + modules(0, 1, 2, kind="v_proj"), {}),
        (modules(*range(12)) + modules(*(n for n in range(12) if n != 5), kind="v_proj"), {"model.*.self_attn.v_proj": [5]}),
        (["lm_head"], {}),
    ],
    ids=["all", "one gone", "every fourth", "shorter but regular", "one kind lacks one", "no layers"],
)  # fmt: skip
def test_layers_that_are_missing_between_others(names: list[str], gaps: dict[str, list[int]]) -> None:
    """Gaps in an otherwise regular row are told; a row with a constant distance is how the model is built."""
    assert missing_layers(names) == gaps


@pytest.mark.parametrize(
    ("name", "layer"), [("h.3.attn", 3), ("model.layers.12.mlp", 12), ("blocks.0.x", 0), ("lm_head", None)]
)
def test_the_layer_of_a_module(name: str, layer: int | None) -> None:
    """Every family's word for layers is known."""
    assert layer_of(name) == layer


def test_targets_match_whole_names_only() -> None:
    """`proj` does not mean `q_proj`."""
    assert list(endings("a.q_proj")) == ["q_proj", "a.q_proj"]


def test_a_distributed_checkpoint_is_judged_by_its_metadata(tmp_path: Path) -> None:
    """Data files as long as `.metadata` says are vouched for, without being opened."""
    step = tmp_path / "step-100"
    write(step / ".metadata", dcp_metadata({"__0_0.distcp": 100, "__1_0.distcp": 40}))
    write(step / "__0_0.distcp", bytes(116))
    write(step / "__1_0.distcp", bytes(56))
    assert only(step).verdict is Verdict.OK
    write(step / "__1_0.distcp", bytes(50))
    judged = only(step)
    assert told(judged, FindingCode.FILE_TRUNCATED).evidence["missing_bytes"] == 6
    (step / "__1_0.distcp").unlink()
    assert told(only(step), FindingCode.SHARD_MISSING).subject.endswith("__1_0.distcp")


def test_a_distributed_save_without_its_metadata_was_interrupted(tmp_path: Path) -> None:
    """`.metadata` is written last: only its temporary form means the save did not end."""
    step = tmp_path / "step-100"
    write(step / "__0_0.distcp", bytes(116))
    write(step / ".metadata.tmp", dcp_metadata({"__0_0.distcp": 100}))
    judged = only(step)
    assert codes(judged.findings) >= {FindingCode.CHECKPOINT_UNFINISHED, FindingCode.TEMPORARY_FILE}
    assert judged.verdict is Verdict.INCOMPLETE


def zero_checkpoint(directory: Path, model: list[int], optimizer: list[int]) -> Path:
    """Return a DeepSpeed directory that holds these ranks' files of each half."""
    weights = torch_bytes({"module.w": numbers(4, 4)})
    for half, ranks in (("model", model), ("optim", optimizer)):
        for rank in ranks:
            write(directory / f"zero_pp_rank_{rank}_mp_rank_00_{half}_states.pt", weights)
    return directory


def test_zero_ranks_between_others_are_missed(tmp_path: Path) -> None:
    """Ranks 0, 1 and 3 of one half: rank 2 is gone."""
    judged = only(zero_checkpoint(tmp_path / "global_step5", [0, 1, 2, 3], [0, 1, 3]))
    assert told(judged, FindingCode.SHARD_MISSING).subject.endswith(
        "zero_pp_rank_2_mp_rank_00_optim_states.pt"
    )
    assert judged.verdict is Verdict.INCOMPLETE


def test_zero_halves_must_have_as_many_ranks(tmp_path: Path) -> None:
    """Four ranks of the model and three of the optimizer do not belong together."""
    assert only(zero_checkpoint(tmp_path / "global_step5", [0, 1, 2], [0, 1, 2])).verdict is Verdict.OK
    judged = only(zero_checkpoint(tmp_path / "global_step6", [0, 1, 2, 3], [0, 1, 2]))
    assert told(judged, FindingCode.SHARD_MISSING).evidence == {"ranks": 4, "optimizer_ranks": 3}


def test_a_staging_directory_is_an_unfinished_save(tmp_path: Path) -> None:
    """The HF Trainer renames tmp-checkpoint-N when all is written."""
    judged = only(write_hf_checkpoint(tmp_path / "tmp-checkpoint-5"))
    assert told(judged, FindingCode.CHECKPOINT_UNFINISHED).evidence["marker"] == "tmp-checkpoint-5"


def test_an_hf_checkpoint_without_trainer_state_cannot_be_resumed(hf: Path) -> None:
    """The state is written last; its absence is a warning, the weights stay good."""
    (hf / "trainer_state.json").unlink()
    judged = only(hf)
    assert told(judged, FindingCode.CHECKPOINT_FILE_MISSING).evidence["which"] == "trainer_state"
    assert judged.verdict is Verdict.OK


def test_a_checkpoint_without_weights_is_incomplete(hf: Path) -> None:
    """Optimizer and state alone are of no use."""
    (hf / "adapter_model.safetensors").unlink()
    judged = only(hf)
    assert told(judged, FindingCode.WEIGHTS_MISSING).evidence["which"] == "any"
    assert judged.verdict is Verdict.INCOMPLETE


def test_a_model_without_config_or_tokenizer_is_told(tmp_path: Path) -> None:
    """Neither makes the weights bad."""
    epoch = write_epoch(tmp_path / "epoch_0")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (epoch / name).unlink()
    hf = tmp_path / "checkpoint-5"
    write(hf / "model.safetensors", safetensors_bytes(model_arrays()))
    write(hf / "trainer_state.json", {"global_step": 5})
    assert codes(only(epoch).findings) == {FindingCode.TOKENIZER_MISSING}
    assert codes(only(hf).findings) == {FindingCode.CONFIG_MISSING}


def test_an_adapter_without_pefts_form_is_whole_without_a_config(tmp_path: Path) -> None:
    """Torchtune writes Phi's and the vision models' adapters as .pt alone."""
    epoch = write_epoch(tmp_path / "epoch_0")
    for name in ("adapter_model.safetensors", "adapter_config.json"):
        (epoch / name).unlink()
    assert only(epoch).findings == ()


def test_stashed_adapters_count(tmp_path: Path) -> None:
    """An adapter moved into adapter_weights/ beside merged weights is still the epoch's adapter."""
    epoch = write_epoch(tmp_path / "epoch_0")
    for name in ("adapter_model.pt", "adapter_model.safetensors", "adapter_config.json"):
        write(epoch / "adapter_weights" / name, (epoch / name).read_bytes())
        (epoch / name).unlink()
    assert only(epoch).findings == ()


def test_private_weights_among_private_files_are_meant_so(tmp_path: Path) -> None:
    """With a strict umask everything is private, and nobody is surprised."""
    epoch = write_epoch(tmp_path / "epoch_0")
    for file in epoch.iterdir():
        file.chmod(0o600)
    assert only(epoch).findings == ()
