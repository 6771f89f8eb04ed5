"""Hold the files of a checkpoint's ranks against the number of ranks that they themselves give."""

from pathlib import Path
from typing import Any

import pytest

from afterall.model import Finding, FindingCode, Verdict
from scan.checkpoint_making import Object, numbers, only, torch_bytes, write

WEIGHTS = {"module.w": numbers(4, 4)}
SHARD_MISSING = FindingCode.SHARD_MISSING


def model(path: Path, **given: Any) -> None:
    """Write a model's part as DeepSpeed does, with these values at its top."""
    write(path, torch_bytes(WEIGHTS, extra={"dp_world_size": 4, "mp_world_size": 1, **given}))


def optimizer(path: Path, partitions: Any = 4) -> None:
    """Write an optimizer's part as ZeRO does."""
    states = {"optimizer_state_dict": {"partition_count": partitions, "zero_stage": 3}}
    write(path, torch_bytes({}, extra=states))


def zero(directory: Path, ranks: range | list[int], partitions: Any = 4, **given: Any) -> Path:
    """Write a checkpoint of ZeRO-3 by these data-parallel ranks."""
    for rank in ranks:
        model(directory / f"zero_pp_rank_{rank}_mp_rank_00_model_states.pt", **given)
        optimizer(directory / f"bf16_zero_pp_rank_{rank}_mp_rank_00_optim_states.pt", partitions)
    return directory


def missing(path: Path) -> list[tuple[str, dict[str, Any]]]:
    """Return the names of the files that a checkpoint lacks, and the evidence."""
    found: list[Finding] = [each for each in only(path).findings if each.code is SHARD_MISSING]
    return [(each.subject.removeprefix(f"{path}/"), dict(each.evidence)) for each in found]


def test_all_ranks_are_there(tmp_path: Path) -> None:
    """Four ranks of four: nothing is missing."""
    assert only(zero(tmp_path / "global_step5", range(4))).verdict is Verdict.OK


def test_the_highest_ranks_are_missed(tmp_path: Path) -> None:
    """The files themselves say that four ranks saved, in both halves alike."""
    step = zero(tmp_path / "global_step5", range(2))
    lost = {"missing": 2, "of": 4}
    assert missing(step) == [
        ("bf16_zero_pp_rank_2_mp_rank_00_optim_states.pt", lost),
        ("bf16_zero_pp_rank_3_mp_rank_00_optim_states.pt", lost),
        ("zero_pp_rank_2_mp_rank_00_model_states.pt", lost),
        ("zero_pp_rank_3_mp_rank_00_model_states.pt", lost),
    ]
    assert only(step).verdict is Verdict.INCOMPLETE


def test_zero_2_has_one_model_file_and_parts_of_the_optimizer(tmp_path: Path) -> None:
    """Partitions are counted once for each group of parameters; the highest counts."""
    step = tmp_path / "global_step5"
    model(step / "mp_rank_00_model_states.pt")
    for rank in (0, 2):
        optimizer(step / f"zero_pp_rank_{rank}_mp_rank_00_optim_states.pt", [4, 2])
    assert [name for name, _ in missing(step)] == [
        "zero_pp_rank_1_mp_rank_00_optim_states.pt",
        "zero_pp_rank_3_mp_rank_00_optim_states.pt",
    ]


def test_model_parallel_ranks_are_counted_too(tmp_path: Path) -> None:
    """Two slices of the model, each with its own parts of the optimizer."""
    step = tmp_path / "global_step5"
    model(step / "mp_rank_00_model_states.pt", mp_world_size=2, dp_world_size=1)
    optimizer(step / "zero_pp_rank_0_mp_rank_00_optim_states.pt", 1)
    assert [name for name, _ in missing(step)] == [
        "mp_rank_01_model_states.pt",
        "zero_pp_rank_0_mp_rank_01_optim_states.pt",
    ]


def test_zero_3_without_any_part_of_the_optimizer_has_no_weights(tmp_path: Path) -> None:
    """They are nowhere else; in the lower stages the optimizer may have been deleted on purpose."""
    config = {"zero_optimization": {"stage": 3}, "bf16": {"enabled": True}}
    step = tmp_path / "global_step5"
    model(step / "zero_pp_rank_0_mp_rank_00_model_states.pt", dp_world_size=1, ds_config=config)
    assert missing(step) == [
        ("bf16_zero_pp_rank_0_mp_rank_00_optim_states.pt", {"missing": 1, "of": 1}),
    ]
    lower = tmp_path / "global_step6"
    model(lower / "mp_rank_00_model_states.pt", ds_config={"zero_optimization": {"stage": 2}})
    assert missing(lower) == []


@pytest.mark.parametrize(
    "config",
    [{"zero_optimization": {"mics_shard_size": 2}}, {"checkpoint": {"use_node_local_storage": True}}],
    ids=["MiCS", "node-local storage"],
)
def test_fewer_ranks_than_took_part_may_save(tmp_path: Path, config: dict[str, Any]) -> None:
    """With MiCS the first group of ranks saves for all; with node-local storage each node keeps its own."""
    assert missing(zero(tmp_path / "global_step5", range(2), 2, ds_config=config)) == []


def test_files_of_ranks_that_did_not_take_part_are_told(tmp_path: Path) -> None:
    """An earlier save of the same name by more ranks leaves its files behind."""
    step = zero(tmp_path / "global_step5", range(3), 2, dp_world_size=2)
    told = [each for each in only(step).findings if each.code is FindingCode.SHARD_EXTRA]
    assert [(each.evidence["rank"], each.evidence["ranks"]) for each in told] == [(2, 2), (2, 2)]
    assert only(step).verdict is Verdict.OK


def test_inside_the_hf_trainers_checkpoint_ranks_are_counted_alike(tmp_path: Path) -> None:
    """DeepSpeed's directory lies in checkpoint-N there."""
    checkpoint = tmp_path / "checkpoint-5"
    zero(checkpoint / "global_step5", range(3))
    write(checkpoint / "trainer_state.json", {"global_step": 5})
    assert len(missing(checkpoint)) == 2


def megatron(directory: Path, names: list[str], **args: int) -> Path:
    """Write Megatron's files for these ranks, with their arguments."""
    given = {"args": Object("argparse", "Namespace", (), args), "iteration": 500}
    for name in names:
        write(directory / name / "model_optim_rng.pt", torch_bytes(WEIGHTS, extra=given))
    return directory


def test_megatrons_ranks_are_tensor_times_pipeline(tmp_path: Path) -> None:
    """Each rank has a directory, named by both where there is a pipeline."""
    args = {"tensor_model_parallel_size": 2, "pipeline_model_parallel_size": 2}
    step = megatron(tmp_path / "iter_0000500", ["mp_rank_00_000", "mp_rank_00_001", "mp_rank_01_001"], **args)
    assert missing(step) == [("mp_rank_01_000/model_optim_rng.pt", {"missing": 1, "of": 4})]


def test_without_a_pipeline_the_names_are_shorter(tmp_path: Path) -> None:
    """One number, and nothing missing."""
    args = {"tensor_model_parallel_size": 2, "pipeline_model_parallel_size": 1}
    assert missing(megatron(tmp_path / "iter_0000500", ["mp_rank_00", "mp_rank_01"], **args)) == []
    assert len(missing(megatron(tmp_path / "iter_0000600", ["mp_rank_01"], **args))) == 1


def test_ranks_of_experts_are_not_counted(tmp_path: Path) -> None:
    """Their names say too little of which ranks there are."""
    args = {"tensor_model_parallel_size": 2, "expert_model_parallel_size": 2}
    assert missing(megatron(tmp_path / "iter_0000500", ["mp_rank_00_000", "mp_rank_00_001"], **args)) == []


def test_verls_ranks_are_in_the_names_of_their_files(tmp_path: Path) -> None:
    """Of each kind that is there every rank is due; the optimizer is saved only where it is asked for."""
    actor = tmp_path / "global_step_20" / "actor"
    for rank in (0, 1, 3):
        write(actor / f"model_world_size_4_rank_{rank}.pt", torch_bytes(WEIGHTS))
    for rank in range(4):
        write(actor / f"extra_state_world_size_4_rank_{rank}.pt", torch_bytes(WEIGHTS))
    lost = ("actor/model_world_size_4_rank_2.pt", {"missing": 1, "of": 4})
    assert missing(tmp_path / "global_step_20") == [lost]


def test_of_very_many_ranks_the_first_missing_are_named(tmp_path: Path) -> None:
    """Their number is told with each; a rank beyond what its own name says is none of them."""
    actor = tmp_path / "global_step_20" / "actor"
    for rank in (0, 99_999, 100_000):
        write(actor / f"model_world_size_100000_rank_{rank}.pt", torch_bytes(WEIGHTS))
    told = missing(tmp_path / "global_step_20")
    assert [name for name, _ in told] == [
        f"actor/model_world_size_100000_rank_{rank}.pt" for rank in sorted(range(1, 21), key=str)
    ]
    assert all(evidence == {"missing": 99_998, "of": 100_000} for _, evidence in told)
