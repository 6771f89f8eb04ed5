"""A full fine-tune beside LoRA ranks is a variant of its own; what the loss is made of decides who judges."""

from msgspec.structs import replace

from afterall.analyse import analyse
from afterall.analyse.ordering import in_order
from afterall.analyse.parameters import find_varying
from afterall.model import CheckpointKind, Direction, Experiment, NextStepKind, Scalar, VaryingParameter
from afterall.settings import SetSettings
from analyse.analyse_made import checkpoint, experiment, material, trained


def whole(name: str, loss: float, **parameters: Scalar) -> Experiment:
    """Return a finished run that saved whole weights and no adapter."""
    saved = checkpoint(f"{name}/final", kind=CheckpointKind.FULL)
    return replace(trained(name, loss, **parameters), checkpoints=(saved,))


def ranks(*experiments: Experiment) -> VaryingParameter:
    """Return how the rank varies."""
    varying = find_varying(in_order(experiments), SetSettings())
    (found,) = [dimension for dimension in varying.dimensions if dimension.name == "lora_rank"]
    return found


LOW, HIGH = trained("low", 2.0, lora_rank=8), trained("high", 1.5, lora_rank=64)


def test_a_full_fine_tune_is_known_to_have_no_rank() -> None:
    """It is no value of the rank, least of all 0, and no run of which nothing is known."""
    found = ranks(LOW, HIGH, whole("full", 1.0), trained("silent", 3.0))
    assert (found.values, found.unset) == ((8, 64), ("full",))


def test_a_run_whose_settings_speak_of_an_adapter_saved_it_merged() -> None:
    """Whole weights show no full fine-tune where the run was told an adapter's dropout."""
    assert ranks(LOW, HIGH, whole("merged", 1.0, lora_dropout=0.1)).unset == ()


def test_what_only_adapters_have_sets_no_full_fine_tune_apart() -> None:
    """Its silence on their alpha, dropout and modules is no other choice: the rank alone tells them apart."""
    adapted: dict[str, Scalar] = {"lora_dropout": 0.1, "target_modules": "all-linear", "weight_decay": 0.0}
    low, high = (trained(name, 2.0, lora_rank=r, **adapted) for name, r in (("low", 8), ("high", 64)))
    found = find_varying(in_order((low, high, whole("full", 1.0, weight_decay=0.0))), SetSettings())
    assert [dimension.name for dimension in found.dimensions] == ["lora_rank"]


def test_a_full_fine_tune_is_compared_with_every_neighbour() -> None:
    """With the highest rank and the lowest, without a confounder."""
    compared = analyse(material(LOW, HIGH, whole("full", 1.0))).comparisons
    pairs = [(c.a.setting, c.b.setting, c.confounders) for c in compared if c.metric == "final_val_loss"]
    assert {frozenset((a, b)) for a, b, _ in pairs} == {
        frozenset(p) for p in ((8, 64), (64, None), (8, None))
    }
    assert all(not confounders for *_, confounders in pairs)


def test_no_rank_between_others_is_suggested_where_none_is_best() -> None:
    """Values between two ranks lie near neither end of what won."""
    kinds = [step.kind for step in analyse(material(LOW, HIGH, whole("full", 1.0))).next_steps]
    assert NextStepKind.INTERMEDIATE_VALUES not in kinds
    kinds = [step.kind for step in analyse(material(LOW, HIGH, whole("full", 3.0))).next_steps]
    assert NextStepKind.INTERMEDIATE_VALUES in kinds


def preferring(name: str, loss: float, accuracy: float, **parameters: Scalar) -> Experiment:
    """Return a run that was trained on preferences."""
    metrics: dict[str, Scalar] = {"final_val_loss": loss, "final_val_reward_accuracy": accuracy}
    return experiment(name, parameters=parameters, metrics={**metrics, "global_step": 50})


def test_preferences_decide_where_losses_measure_different_things() -> None:
    """DPO's beta scales what its loss counts: the run with the lowest loss need not be the best."""
    runs = [preferring("soft", 0.5, 0.7, beta=0.01), preferring("hard", 0.6, 0.8, beta=0.5)]
    report = analyse(material(*runs))
    assert (report.rankings[0].metric, report.rankings[0].direction) == (
        "final_val_reward_accuracy",
        Direction.UP,
    )
    assert [parameter.name for parameter in report.varying if parameter.shapes_loss] == ["beta"]


def test_the_loss_decides_where_all_train_for_the_same() -> None:
    """A learning rate leaves the loss what it is."""
    runs = [preferring("a", 0.5, 0.7, learning_rate=0.1), preferring("b", 0.6, 0.8, learning_rate=0.2)]
    assert analyse(material(*runs)).rankings[0].metric == "final_val_loss"
