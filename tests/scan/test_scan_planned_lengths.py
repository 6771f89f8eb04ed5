"""Tell which of two lengths a training was to have: its epochs, or the steps that override them."""

import pytest

from afterall.model import DIRECTORY_NAME, Fact, Scalar, Source
from afterall.scan.parameters.gathering import Said, gather
from afterall.scan.parameters.standing import Standing
from afterall.scan.progress import find_progress
from afterall.scan.traces import Origin, Trace

NO_NAMES: frozenset[str] = frozenset()


def said(values: dict[str, Scalar], standing: Standing = Standing.RESOLVED) -> Said:
    """Return what one source says."""
    return Said(standing, {key: Fact(value, Source("f")) for key, value in values.items()})


def lengths(*sources: Said) -> dict[str, Scalar]:
    """Return the epochs and steps that are decided on among these sources."""
    found, _ = gather(sources, NO_NAMES)
    return {name: found[name].value for name in ("epochs", "max_steps") if name in found}


@pytest.mark.parametrize(
    "settings",
    [
        {"num_train_epochs": 3.0, "max_steps": 500},
        {"args.num_train_epochs": 3.0, "args.max_steps": 500},
        {"num_epochs": 4, "max_steps": 500, "base_model": "lab/tiny"},
    ],
)
def test_steps_override_the_epochs_of_transformers(settings: dict[str, Scalar]) -> None:
    """Where `max_steps` is positive the epochs are a default, or what came of the steps: no plan."""
    assert lengths(said(settings)) == {"max_steps": 500}


def test_steps_override_the_epochs_of_verl() -> None:
    """Its total of steps stands in place of epochs times their length."""
    settings: dict[str, Scalar] = {"trainer.total_epochs": 15, "trainer.total_training_steps": 100}
    assert lengths(said(settings)) == {"max_steps": 100}
    assert lengths(said({"trainer.total_epochs": 15})) == {"epochs": 15}


def test_the_epochs_that_a_trainer_computed_from_steps_are_no_setting() -> None:
    """trainer_state.json rounds the epochs of so many steps up."""
    state = said({"num_train_epochs": 1}, Standing.TRAINER_STATE)
    assert lengths(said({"max_steps": 500}, Standing.COMMAND), state) == {"max_steps": 500}


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({"num_train_epochs": 3.0, "max_steps": -1}, {"epochs": 3.0}),
        ({"num_train_epochs": 3, "max_train_steps": 500}, {"epochs": 3, "max_steps": 500}),
        ({"max_epochs": 3, "max_steps": 500}, {"epochs": 3, "max_steps": 500}),
        ({"num_epochs": 3, "max_steps": 500}, {"epochs": 3, "max_steps": 500}),
    ],
)
def test_epochs_stay_where_steps_do_not_override_them(
    settings: dict[str, Scalar], kept: dict[str, Scalar]
) -> None:
    """-1 asks for no steps; scripts compute `max_train_steps`; Lightning ends at whichever comes first."""
    assert lengths(said(settings)) == kept


def test_steps_that_a_directory_is_called_after_override_nothing() -> None:
    """A name says what somebody meant, not what the trainer was told."""
    named = said({"max_steps": 500}, Standing.DIRECTORY)
    assert lengths(said({"num_train_epochs": 3}), named) == {"epochs": 3, "max_steps": 500}


def test_what_is_printed_of_epochs_is_no_plan_where_steps_were_asked_for() -> None:
    """The steps stay planned; no epochs are, and no epoch's length is made of the two."""
    trace = Trace(trainer="huggingface", origin=Origin.LOG, file="a.out")
    trace.facts = {name: Fact(value, trace.source()) for name, value in PRINTED.items()}
    found = find_progress([trace], {"max_steps": Fact(100, Source("train.sbatch", "option --max_steps"))})
    assert (found.facts.keys() & {"planned_epochs", "planned_steps"}, found.steps_per_epoch) == (
        {"planned_steps"},
        None,
    )


def test_steps_in_a_directorys_name_leave_the_printed_epochs_planned() -> None:
    """What the trainer prints says more than a name."""
    trace = Trace(trainer="huggingface", origin=Origin.LOG, file="a.out")
    trace.facts = {name: Fact(value, trace.source()) for name, value in PRINTED.items()}
    named = {"max_steps": Fact(100, Source("a", DIRECTORY_NAME))}
    assert find_progress([trace], named).facts["planned_epochs"].value == 2


PRINTED = {"planned_epochs": 2, "planned_steps": 100, "global_step": 100}
