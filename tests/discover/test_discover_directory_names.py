import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.discover.names import directories

CHECKPOINTS = (
    "epoch_0", "epoch-3", "epoch_12", "step_15", "step-000200", "checkpoint-50", "checkpoint_3",
    "checkpoint-best",
    "tmp-checkpoint-50", "global_step500", "iter_0000500", "epoch=2-step=39", "final", "best_model",
    "adapter_final",
    "llama--val_loss=1.25-step=99-consumed_samples=800.0", "mp_rank_00", "recipe_state", "model.ckpt",
)  # fmt: skip
CONTAINERS = (
    "runs", "out", "output", "outputs", "results", "artifacts", "checkpoints", "ckpts", "logs", "log",
    "slurm_logs",
    "job-logs", "multirun", "lightning_logs", "version_3", "nemo_experiments", "scripts", "configs",
    "experiments",
)  # fmt: skip
NO_EXPERIMENTS = (
    "eval", "evaluation", "eval_results", "inspect_logs", "exploration", "analysis", "data", "datasets",
    "wandb",
    "mlruns", ".git", ".hydra", "src", "plots", "base_model", "lost+found",
)  # fmt: skip
RUNS = (
    "rank4", "1B_rank64", "run_0", "lr1e-3", "rank16_seed0", "Llama-3.2-1B-Instruct_5L_rank4", "baseline",
    "evaluator",
    "finalist", "steps100", "out_adapter", "0", "2026-11-23", "brave-otter", "epochs3", "dataset_a",
    "rank 4", "é",
)  # fmt: skip


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_a_saved_states_directory_is_told_by_its_name(name: str) -> None:
    """Every layout of a trainer's saved states is a checkpoint."""
    assert directories.is_checkpoint(name)


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_container_is_told_by_its_name(name: str) -> None:
    """A directory that only holds runs, or parts of one, is a container and no checkpoint."""
    assert directories.is_container(name)
    assert not directories.is_checkpoint(name)


@pytest.mark.parametrize("name", NO_EXPERIMENTS)
def test_a_directory_without_runs_is_told_by_its_name(name: str) -> None:
    """Evaluations, data, trackers and hidden directories hold no experiment."""
    assert directories.is_no_experiment(name)


@pytest.mark.parametrize("name", RUNS)
def test_a_runs_own_name_means_nothing_else(name: str) -> None:
    """A name that a user gives a run is neither container nor checkpoint nor excluded."""
    kinds = (directories.is_container, directories.is_checkpoint, directories.is_no_experiment)
    assert [kind.__name__ for kind in kinds if kind(name)] == []


def test_numbers_in_names_are_ordered_as_numbers() -> None:
    """rank4 comes before rank16 and rank64, at every level of a path."""
    paths = ["g10/rank4", "g2/rank64", "g2/rank4", "g2/rank16", "g2"]
    assert sorted(paths, key=directories.natural_key) == [
        "g2",
        "g2/rank4",
        "g2/rank16",
        "g2/rank64",
        "g10/rank4",
    ]


def test_names_that_differ_in_case_or_zeros_alone_keep_one_order() -> None:
    """Names of equal rank are told apart by their text, so that sorting never depends on the input."""
    names = ["run_1", "run_01", "Run_1", "RUN_1"]
    backwards = names[::-1]
    assert sorted(names, key=directories.natural_key) == sorted(backwards, key=directories.natural_key)


@given(st.lists(st.text()))
def test_any_names_can_be_ordered(names: list[str]) -> None:
    """Sorting is total over all text and does not depend on the order given."""
    once = sorted(names, key=directories.natural_key)
    backwards = names[::-1]
    assert once == sorted(backwards, key=directories.natural_key)


def test_a_number_of_thousands_of_digits_can_be_ordered() -> None:
    """Digits are compared without being made a number, which Python refuses beyond 4300."""
    assert sorted(["9" * 5000, "1" * 5001], key=directories.natural_key) == ["9" * 5000, "1" * 5001]


@pytest.mark.parametrize(
    ("name", "number"),
    [("run_3", 3), ("run_03", 3), ("0", 0), ("rank4_a", None), ("", None), ("x" + "9" * 30, None)],
)
def test_a_runs_trailing_number_is_read(name: str, number: int | None) -> None:
    """The number a name ends with is an int, and nothing that cannot be an array's index."""
    assert directories.trailing_number(name) == number


def test_an_output_directory_bears_its_runs_name() -> None:
    """cruijff_kit's ck-out-NAME is NAME's; the bare prefix is a name of its own."""
    assert directories.without_output_prefix("ck-out-rank4") == "rank4"
    assert directories.without_output_prefix("ck-out-") == "ck-out-"
