"""Read the parameters that trainers and trackers keep beside a run: saved arguments, cards, commands."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterall.model import Scalar
from afterall.scan.parameters import decoding, read_parameters
from afterall.scan.parameters.experiment_summary import planned
from afterall.scan.parameters.model_card import parse_model_card
from afterall.scan.training_arguments import parse_training_arguments, read_training_arguments
from scan.run_making import experiment, fixture, lay_down

ARGUMENTS = fixture("huggingface/training_args.bin")
CARD = """\
---
base_model: meta-llama/Llama-3.2-1B
---
# out

## Training procedure

### Training hyperparameters

The following hyperparameters were used during training:
- learning_rate: 0.0002
- train_batch_size: 8
- eval_batch_size: 4
- seed: 42
- optimizer: Use adamw_torch with betas=(0.9,0.999) and epsilon=1e-08 and optimizer_args=No additional
- lr_scheduler_type: cosine
- lr_scheduler_warmup_ratio: 0.1
- num_epochs: 3

### Framework versions

- PEFT 0.21.2
- seed: 7
"""


def parameters_in(tmp_path: Path, files: dict[str, bytes]) -> dict[str, Scalar]:
    """Return the values of the parameters found in a run of these files."""
    matched = experiment("r", lay_down(tmp_path, files))
    saved = read_training_arguments(tmp_path, matched.layout)
    parameters, _ = read_parameters(tmp_path, matched, [], saved)
    return {name: fact.value for name, fact in parameters.items()}


def test_saved_arguments_tell_how_a_run_was_trained(tmp_path: Path) -> None:
    """A run of the Trainer without any configuration has its parameters, by their common names."""
    found = parameters_in(tmp_path, {"r/training_args.bin": ARGUMENTS})
    expected = {
        "learning_rate": 0.003,
        "batch_size": 16,
        "gradient_accumulation_steps": 1,
        "epochs": 2,
        "seed": 1,
        "weight_decay": 0.0,
        "warmup_steps": 0,
        "lr_scheduler": "linear",
        "optimizer": "adamw_torch_fused",
        "max_grad_norm": 1.0,
        "mixed_precision": "no",
    }
    assert {name: found.get(name) for name in expected} == expected
    assert "max_steps" not in found
    assert not [name for name in found if name.startswith(("save", "log", "eval", "_")) or "dir" in name]


def test_weights_that_are_not_those_of_the_last_step_are_told() -> None:
    """Whether the best checkpoint is loaded at the end is told where it is; the value's byte was changed."""
    key = b"load_best_model_at_end"
    assert key.decode() not in parse_training_arguments(ARGUMENTS, "f")
    at = ARGUMENTS.index(b"\x89", ARGUMENTS.index(key))
    loaded = parse_training_arguments(ARGUMENTS[:at] + b"\x88" + ARGUMENTS[at + 1 :], "f")
    assert loaded[key.decode()].value is True


def test_a_killed_runs_arguments_lie_in_its_last_checkpoint(tmp_path: Path) -> None:
    """The Trainer writes them with every checkpoint, and beside the model only at its end."""
    assert parameters_in(tmp_path, {"r/checkpoint-25/training_args.bin": ARGUMENTS})["learning_rate"] == 0.003


@given(st.integers(min_value=0, max_value=len(ARGUMENTS) - 1))
@settings(deadline=None)
def test_cut_arguments_say_nothing_else(length: int) -> None:
    """Wherever the file is cut, no value is told that the whole file does not tell."""
    whole = parse_training_arguments(ARGUMENTS, "f")
    for key, fact in parse_training_arguments(ARGUMENTS[:length], "f").items():
        assert fact == whole[key]


@given(st.binary(max_size=400), st.integers(min_value=0, max_value=len(ARGUMENTS)))
def test_any_bytes_in_the_place_of_arguments_are_survived(data: bytes, at: int) -> None:
    """Foreign bytes within the file, or alone, raise nothing."""
    parse_training_arguments(data, "f")
    parse_training_arguments(ARGUMENTS[:at] + data + ARGUMENTS[at + len(data) :], "f")


def test_a_model_cards_list_is_read(tmp_path: Path) -> None:
    """What the Trainer lists in its card, from its heading to the next one."""
    found = parameters_in(tmp_path, {"r/README.md": CARD.encode()})
    assert found == {
        "model": "Llama-3.2-1B",
        "learning_rate": 0.0002,
        "batch_size": 8,
        "eval_batch_size": 4,
        "seed": 42,
        "optimizer": "AdamW",
        "lr_scheduler": "cosine",
        "warmup_ratio": 0.1,
        "epochs": 3,
    }


def test_a_recorded_card_is_read(tmp_path: Path) -> None:
    """Transformers 4.46 wrote this one, with the enumeration's name for the optimizer."""
    found = parameters_in(tmp_path, {"r/README.md": fixture("huggingface/README-4.46.md")})
    expected = {
        "learning_rate": 0.001,
        "batch_size": 4,
        "seed": 7,
        "optimizer": "AdamW",
        "lr_scheduler": "linear",
        "epochs": 2,
    }
    assert {name: found.get(name) for name in expected} == expected


def test_an_old_cards_adam_names_no_optimizer() -> None:
    """Older cards say Adam of every one of its kind, so they say nothing."""
    old = CARD.replace("Use adamw_torch with", "Adam with").encode()
    assert parse_model_card(old, "README.md").values["optimizer"].value is None


def test_a_card_without_front_matter_still_has_its_list() -> None:
    """The list counts wherever the text begins; other lists never."""
    text = CARD.partition("---\n# out")[2].encode()
    assert parse_model_card(text, "README.md").values["seed"].value == 42
    assert parse_model_card(b"# Mine\n\n- seed: 42\n", "README.md").values == {}


@given(st.integers(min_value=0, max_value=len(CARD)))
def test_a_cut_card_tells_no_other_setting(length: int) -> None:
    """A card that ends early has fewer settings, and none that the whole card does not have."""
    whole = parse_model_card(CARD.encode(), "f").values
    for name, fact in parse_model_card(CARD[:length].encode(), "f").values.items():
        assert fact == whole[name]


@given(st.binary(max_size=600))
def test_any_bytes_are_a_card(data: bytes) -> None:
    """No bytes raise anything, under the heading or not."""
    parse_model_card(data, "README.md")
    parse_model_card(b"### Training hyperparameters\n" + data, "README.md")


def test_a_trackers_record_of_the_command_is_read(tmp_path: Path) -> None:
    """wandb-metadata.json keeps the program and its words as they were."""
    record = {"program": "/home/me/train.py", "args": ["--lr", "3e-4", "--rank=8", "--name", "x"]}
    name = "r/wandb/run-20261123_070000-abc/files/wandb-metadata.json"
    found = parameters_in(tmp_path, {name: json.dumps(record).encode()})
    assert found == {"learning_rate": 0.0003, "lora_rank": 8}


@pytest.mark.parametrize("name", ["configs/torchtune_config.yaml", "lightning/hparams.yaml"])
def test_a_cut_configuration_of_a_program_tells_no_other_value(name: str) -> None:
    """Cut within a line, the setting that it belongs to is left out, with the list that may have gone on."""
    data = fixture(name)
    whole = decoding.parse_saved_yaml(data, "f").values
    for end in range(len(data)):
        if not data[:end].endswith(b"\n"):
            found = decoding.parse_saved_yaml(data[:end], "f").values
            assert {key: fact.value for key, fact in found.items() if fact != whole.get(key)} == {}, end


def test_a_cut_override_is_left_out() -> None:
    """Hydra ends each line, so one without its end may be half a value."""
    assert list(decoding.parse_overrides(b"- lr=0.1\n- model.rank=6", "f").values) == ["lr"]


PLAN = b"""\
experiment: {name: sweep}
controls: {epochs: 2, batch_size: 4}
runs:
- {name: rank4, type: fine-tuned, model: Llama-3.2-1B, parameters: {lora_rank: 4, lr: 1e-4}}
- {name: rank64, type: fine-tuned, model: Llama-3.2-1B, parameters: {lora_rank: 64, epochs: 3}}
- {name: base, type: control, model: Llama-3.2-1B}
"""


def test_a_sets_plan_tells_of_each_run_by_its_name(tmp_path: Path) -> None:
    """A run that has not begun has its planned parameters; what is configured for it counts before them."""
    files = {
        "experiment_summary.yaml": PLAN,
        "rank64/finetune.yaml": b"lr: 3e-4\nepochs: 5\n",
        "other/x": b"",
    }
    entries = lay_down(tmp_path, files)
    told = {}
    for run in ("rank4", "rank64", "other"):
        parameters, findings = read_parameters(tmp_path, experiment(run, entries), [])
        told[run] = {name: fact.value for name, fact in parameters.items()}
        assert findings == ()
    assert told == {
        "rank4": {
            "lora_rank": 4, "learning_rate": 0.0001, "epochs": 2, "batch_size": 4, "model": "Llama-3.2-1B"
        },
        "rank64": {
            "lora_rank": 64, "learning_rate": 0.0003, "epochs": 5, "batch_size": 4, "model": "Llama-3.2-1B"
        },
        "other": {},
    }  # fmt: skip


def test_a_plan_of_many_runs_is_read(tmp_path: Path) -> None:
    """It may be as long as any other configuration."""
    runs = "".join(f"- {{name: r{number}, note: {'x' * 300}}}\n" for number in range(1000))
    plan = f"runs:\n{runs}- {{name: last, parameters: {{seed: 7}}}}\n".encode()
    entries = lay_down(tmp_path, {"experiment_summary.yaml": plan, "last/x": b""})
    parameters, _ = read_parameters(tmp_path, experiment("last", entries), [])
    assert parameters["seed"].value == 7


@given(st.binary(max_size=200), st.integers(min_value=0, max_value=len(PLAN)))
def test_any_plan_is_read(data: bytes, at: int) -> None:
    """Cut and damaged plans raise nothing, and give a run no value of another's."""
    planned(data, "p", "rank4")
    assert "rank64" not in str(planned(PLAN[:at] + data, "p", "other"))


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"[]",
        b"{",
        b'{"program": "t.py"}',
        b'{"program": 1, "args": []}',
        b'{"program": "t.py", "args": [1]}',
    ],
)
def test_other_records_tell_no_command(record: bytes) -> None:
    """What is not a program with its words says nothing."""
    assert decoding.parse_tracker_arguments(record, "f").values == {}
