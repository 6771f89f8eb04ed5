"""What varies across a set, what follows what, and what only names a run."""

import pytest

from afterall.analyse.ordering import in_order
from afterall.analyse.parameters import Varying, find_varying
from afterall.model import CheckpointKind, Experiment, Scalar, VaryingParameter
from afterall.settings import SetSettings
from analyse.analyse_made import checkpoint, experiment, trained, unsubmitted


def varying(*experiments: Experiment, **settings: tuple[str, ...]) -> Varying:
    """Return what varies across experiments given in any order."""
    return find_varying(in_order(experiments), SetSettings(**settings))  # type: ignore[arg-type]


def shown(*experiments: Experiment, **settings: tuple[str, ...]) -> dict[str, VaryingParameter]:
    """Return what is shown, by name."""
    return {parameter.name: parameter for parameter in varying(*experiments, **settings).shown}


def runs(**columns: list[Scalar]) -> list[Experiment]:
    """Return one run for each row of columns; None is not said."""
    rows = zip(*columns.values(), strict=True)
    said = [
        {k.replace("__", "."): v for k, v in zip(columns, row, strict=True) if v is not None} for row in rows
    ]
    return [trained(f"run{n}", 1.0, **row) for n, row in enumerate(said)]


def test_only_what_differs_varies_and_numbers_ascend() -> None:
    """Constants are left out; 4 stands before 16 before 64."""
    found = shown(*runs(lora_rank=[64, 4, 16], epochs=[3, 3, 3]))
    assert list(found) == ["lora_rank"]
    assert found["lora_rank"].values == (4, 16, 64)
    assert found["lora_rank"].by_experiment == {"run0": 64, "run1": 4, "run2": 16}


def test_numbers_written_differently_are_one_value() -> None:
    """3e-3 as YAML's text, 0.003 and 3.0e-3 do not vary."""
    assert not shown(*runs(learning_rate=["3e-3", 0.003, 3.0e-3]))


def test_the_best_known_parameter_stands_first() -> None:
    """Model, rank and learning rate stand before what only one configuration knows; the seed last."""
    found = shown(
        *runs(zeta=[1, 1, 2, 2], seed=[0, 1, 1, 0], learning_rate=[1, 2, 2, 1], model=["a", "b", "c", "d"])
    )
    assert list(found) == ["model", "learning_rate", "zeta", "seed"]


def test_alpha_follows_rank_and_architecture_follows_model() -> None:
    """Parameters that another one fixes are folded into it."""
    found = shown(
        *runs(
            model=["1B", "1B", "3B", "3B"],
            lora_rank=[4, 64, 4, 64],
            lora_alpha=[8, 128, 8, 128],
            model__num_layers=[2, 2, 4, 4],
            tokenizer__path=["/m/1B/t", "/m/1B/t", "/m/3B/t", "/m/3B/t"],
        )
    )
    assert {name: parameter.moves_with for name, parameter in found.items()} == {
        "model": ("model.num_layers", "tokenizer.path"),
        "lora_rank": ("lora_alpha",),
    }


def test_a_parameter_that_two_files_write_under_two_keys_changes_alone() -> None:
    """LightningCLI's `model.hidden` is `hidden` of its hparams.yaml again: nothing changed with it."""
    found = shown(*runs(hidden=[64, 128], model__hidden=[64, 128]))
    assert [(name, p.moves_with) for name, p in found.items()] == [("hidden", ())]
    others = shown(*runs(hidden=[64, 128], model__hidden=[32, 256]))
    assert others["hidden"].moves_with == ("model.hidden",)


def test_two_models_of_equal_depth_still_lead_their_layers() -> None:
    """A key of the model's own follows it also where two models share its value."""
    found = shown(*runs(model=["a", "b", "c"], model__num_layers=[2, 2, 4]))
    assert found["model"].moves_with == ("model.num_layers",)


def test_alpha_on_its_own_is_a_parameter_of_its_own() -> None:
    """An alpha that varies while the rank does not, or otherwise than it, follows nobody."""
    assert list(shown(*runs(lora_rank=[4, 4], lora_alpha=[8, 16]))) == ["lora_alpha"]
    assert list(shown(*runs(lora_rank=[4, 4, 8], lora_alpha=[8, 16, 16]))) == ["lora_rank", "lora_alpha"]


def test_parameters_people_choose_never_hide_behind_each_other() -> None:
    """Rank and learning rate that always change together both stay visible."""
    found = shown(*runs(lora_rank=[4, 64], learning_rate=[0.1, 0.01]))
    assert [(n, p.moves_with) for n, p in found.items()] == [("lora_rank", ()), ("learning_rate", ())]


def test_a_follower_of_several_goes_to_its_own_leader() -> None:
    """Where model and rank change together, alpha still belongs to the rank."""
    found = shown(*runs(model=["a", "b"], lora_rank=[4, 64], lora_alpha=[8, 128]))
    assert found["lora_rank"].moves_with == ("lora_alpha",)


def test_what_one_run_does_not_say_can_still_follow() -> None:
    """A run that died before it wrote its alpha does not separate alpha from rank."""
    found = shown(*runs(lora_rank=[4, 16, 64], lora_alpha=[8, 32, None]))
    assert found["lora_rank"].moves_with == ("lora_alpha",)
    assert found["lora_rank"].values == (4, 16, 64)


def test_obscure_keys_that_change_together_are_one() -> None:
    """Of unknown keys that go one to one, the least nested leads."""
    found = shown(*runs(a__b__c=[1, 2], zeta=["x", "y"]))
    assert [(n, p.moves_with) for n, p in found.items()] == [("zeta", ("a.b.c",))]


def test_seeds_stand_apart_with_what_follows_them() -> None:
    """A seed is a seed under any of the settings' names, dotted or not, and leads its own followers."""
    found = shown(*runs(trainer__seed=[0, 1, 0], data_seed=[10, 11, 10], shuffle__salt=[5, 6, 5]))
    assert [(n, p.is_seed, p.moves_with) for n, p in found.items()] == [
        ("data_seed", True, ("trainer.seed", "shuffle.salt"))
    ]


@pytest.mark.parametrize(
    "key",
    ["run_name", "wandb.name", "output_dir", "metric_logger.log_dir", "training.logging_dir", "hostname"],
)
def test_marks_of_a_run_never_vary(key: str) -> None:
    """Names, output directories and hosts say which run it is, not what it tried."""
    named = [experiment(n, parameters={key: f"value-{m}"}) for n, m in (("a1", "x"), ("b1", "y"))]
    assert not shown(*named)


def test_a_value_that_holds_each_runs_own_name_marks_the_run() -> None:
    """A path through each run's own directory does not vary, whatever its key is called."""
    named = [experiment(n, parameters={"sink": f"/out/{n}/metrics"}) for n in ("rank4", "rank64")]
    assert not shown(*named)


def test_a_model_named_like_its_run_still_varies() -> None:
    """A known parameter is one even where runs are named after it."""
    named = [experiment(n, parameters={"model": n}) for n in ("llama-1B", "llama-3B")]
    assert list(shown(*named)) == ["model"]


@pytest.mark.parametrize("key", ["target_modules", "peft.lora_target_modules", "model.lora_attn_modules"])
def test_modules_that_runs_are_called_after_still_vary(key: str) -> None:
    """A sweep over modules calls its runs by them, which does not make the modules a run's name."""
    named = [experiment(n, parameters={key: n}) for n in ("q_proj", "all-linear")]
    assert list(shown(*named)) == [key]


def test_a_data_file_that_differs_varies() -> None:
    """An input path that names no run is a difference between runs."""
    assert list(shown(*runs(data__files=["/d/small.json", "/d/large.json"]))) == ["data.files"]


def test_secrets_and_missing_values_do_not_vary() -> None:
    """A masked secret tells nothing, nor does null."""
    assert not shown(*runs(hf__extra=["***", "x"], other=[None, "y"]))


def test_an_experiment_without_a_config_erases_nothing() -> None:
    """A never-submitted experiment that says nothing leaves every parameter in its place."""
    found = shown(*runs(lora_rank=[4, 64]), unsubmitted("never"))
    assert found["lora_rank"].by_experiment == {"run0": 4, "run1": 64}


def test_a_never_run_experiment_counts_for_known_parameters_only() -> None:
    """A rank that is only planned varies; an obscure key that only a plan changes does not."""
    found = shown(*runs(lora_rank=[4], obscure=[1]), unsubmitted("never", lora_rank=64, obscure=2))
    assert list(found) == ["lora_rank"]


def test_a_set_that_has_not_run_at_all_shows_its_plan() -> None:
    """Where nothing ran, every configuration decides."""
    assert list(shown(unsubmitted("a", obscure=1), unsubmitted("b", obscure=2))) == ["obscure"]


def test_full_fine_tuning_beside_lora_makes_the_rank_vary() -> None:
    """A run whose checkpoints hold no adapter has no rank, which differs from rank 4."""
    full = experiment("full", checkpoints=(checkpoint("full/epoch_0", kind=CheckpointKind.FULL, files=()),))
    found = shown(trained("lora", 1, lora_rank=4), full)
    assert (found["lora_rank"].values, found["lora_rank"].by_experiment) == ((4,), {"lora": 4})
    assert not shown(trained("lora", 1, lora_rank=4), experiment("silent"))


def test_settings_choose_and_ignore_parameters() -> None:
    """Chosen parameters are shown alone, in their order, unfolded; ignored ones do not exist."""
    made = runs(lora_rank=[4, 64, 64], lora_alpha=[8, 128, 128], epochs=[1, 1, 2])
    assert list(shown(*made, parameters=("lora_alpha", "absent", "lora_rank"))) == ["lora_alpha", "lora_rank"]
    assert list(shown(*made, ignore_parameters=("lora_rank", "lora_alpha"))) == ["epochs"]
    everything = varying(*made, parameters=("lora_rank",))
    assert [d.name for d in everything.dimensions] == ["lora_rank", "epochs"]


def test_what_differs_even_between_repetitions_is_no_parameter() -> None:
    """A measured value or a time stamp, new in every run, tells nothing that was chosen."""
    columns: dict[str, list[Scalar]] = {"lora_rank": [4, 4, 8, 8], "seed": [0, 1, 0, 1]}
    assert list(shown(*runs(**columns, train_loss=[5.1, 5.2, 5.3, 5.4]))) == ["lora_rank", "seed"]
    halves = runs(lora_rank=[4, 4, 8, 8, 9, 9], seed=[0, 1] * 3, half=[1, None, 2, None, 3, None])
    assert shown(*halves)["lora_rank"].moves_with == ("half",)
    assert "flag" in shown(*runs(**columns, flag=[True, False, False, True]))
    assert (
        "odd" in shown(*runs(lora_rank=[4, 8, 16], odd=[1, 2, 2.5], seed=[0, 0, 0]))["lora_rank"].moves_with
    )


def test_a_number_that_counts_the_runs_is_no_parameter() -> None:
    """An array's task is another in every run of a grid; a sweep of a setting by ones is a sweep."""
    grid: dict[str, list[Scalar]] = {"learning_rate": [1, 1, 2, 2], "lora_rank": [4, 8, 4, 8]}
    assert list(shown(*runs(**grid, task_id=[3, 0, 1, 2]))) == ["lora_rank", "learning_rate"]
    assert "layers" in shown(*runs(**grid, layers=[1, 2, 3, 5]))
    assert "layers" in shown(*runs(**grid, layers=[1, 2, 2, 3]))
    assert "suffix" not in shown(*runs(**grid, suffix=["a", "b", "c", "d"]))
    assert "template" in shown(*runs(**grid, template=["a", "b", "c", "d"]))
    assert list(shown(*runs(layers=[1, 2, 3, 4]))) == ["layers"]
    same: dict[str, list[Scalar]] = {"learning_rate": [1, 1, 2, 2], "lora_rank": [4, 4, 8, 8]}
    assert "layers" in shown(*runs(**same, layers=[1, 2, 3, 4]))


def test_results_among_the_arguments_do_not_vary() -> None:
    """A script that writes its arguments when it has trained puts the best score beside them."""
    assert list(shown(*runs(learning_rate=[1, 2, 2], best_acc=[0.5, 0.7, 0.7], best_epoch=[1, 2, 3]))) == [
        "learning_rate"
    ]


def test_seeds_of_their_own_for_every_run_stay_seeds() -> None:
    """Seeds that never repeat are still what tells repetitions apart."""
    assert shown(*runs(lora_rank=[4, 4, 8, 8], seed=[1, 2, 3, 4]))["seed"].is_seed
