"""Call one thing by one name and one value, whichever trainer's configuration spells it."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from afterall.model import Fact, Scalar, Source
from afterall.scan.parameters.canonical import canonical
from afterall.scan.parameters.gathering import Said, gather
from afterall.scan.parameters.scripts.command_lines import script_settings
from afterall.scan.parameters.scripts.given import Given
from afterall.scan.parameters.spellings import respelled
from afterall.scan.parameters.standing import Standing
from afterall.scan.parameters.values import LONGEST, MOST_ITEMS, bounded, listed
from afterall.scan.parameters.yaml_text import parse_yaml

SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30))
KEYS = st.from_regex(r"[a-z0-9_.]{0,30}", fullmatch=True)


def yaml(text: str, *names: str) -> dict[str, Scalar]:
    """Return the parameters that a configuration in YAML gives a run called by `names`."""
    said = Said(Standing.WRITTEN, parse_yaml(text, "c.yaml").values)
    return {name: fact.value for name, fact in gather([said], frozenset(names))[0].items()}


def told(**values: Scalar) -> dict[str, Scalar]:
    """Return the parameters that settings give a run; two underscores in a name stand for a dot."""
    facts = {key.replace("__", "."): Fact(value, Source("f")) for key, value in values.items()}
    return {
        name: fact.value for name, fact in gather([Said(Standing.WRITTEN, facts)], frozenset())[0].items()
    }


AXOLOTL = """\
base_model: NousResearch/Llama-3.2-1B
datasets: [{path: tatsu-lab/alpaca, type: alpaca}]
adapter: qlora
load_in_4bit: true
lora_r: 16
lora_target_modules: [v_proj, q_proj]
sequence_len: 2048
sample_packing: true
micro_batch_size: 2
gradient_accumulation_steps: 4
num_epochs: 3
optimizer: adamw_torch
lr_scheduler: cosine
learning_rate: 2e-4
warmup_ratio: 0.1
bf16: true
"""
LLAMA_FACTORY = """\
model_name_or_path: NousResearch/Llama-3.2-1B
dataset: tatsu-lab/alpaca
quantization_bit: 4
lora_rank: 16
lora_target: q_proj,v_proj
cutoff_len: 2048
packing: "true"
per_device_train_batch_size: 2
gradient_accumulation_steps: 4
num_train_epochs: 3.0
optim: adamw_torch
lr_scheduler_type: cosine
learning_rate: 2.0e-4
warmup_ratio: 0.1
bf16: true
"""
TORCHTUNE = """\
model:
  _component_: torchtune.models.llama3_2.qlora_llama3_2_1b
  lora_attn_modules: ['v_proj', 'q_proj']
  apply_lora_to_mlp: False
  apply_lora_to_output: False
  lora_rank: 16
tokenizer: {max_seq_len: 2048}
checkpointer: {checkpoint_dir: /models/Llama-3.2-1B}
dataset: {_component_: torchtune.datasets.alpaca_dataset, source: tatsu-lab/alpaca, packed: True}
batch_size: 2
gradient_accumulation_steps: 4
epochs: 3
optimizer: {_component_: torch.optim.AdamW, lr: 2e-4}
lr_scheduler:
  _component_: torchtune.training.lr_schedulers.get_cosine_schedule_with_warmup
  num_warmup_steps: 100
"""
SAME: dict[str, Scalar] = {
    "model": "Llama-3.2-1B",
    "dataset": "tatsu-lab/alpaca",
    "lora_rank": 16,
    "target_modules": "q_proj, v_proj",
    "max_seq_len": 2048,
    "packed": True,
    "batch_size": 2,
    "gradient_accumulation_steps": 4,
    "epochs": 3,
    "optimizer": "AdamW",
    "lr_scheduler": "cosine",
    "learning_rate": 0.0002,
}


@pytest.mark.parametrize("text", [AXOLOTL, LLAMA_FACTORY, TORCHTUNE])
def test_trainers_configurations_line_up(text: str) -> None:
    """The same run, written for axolotl, LLaMA-Factory and torchtune, has the same parameters."""
    found = yaml(text)
    assert {name: found.get(name) for name in SAME} == SAME


@pytest.mark.parametrize("text", [AXOLOTL, LLAMA_FACTORY])
def test_precision_and_quantization_line_up(text: str) -> None:
    """Flags and numbers of bits that mean one thing have one name; torchtune says it by its builder alone."""
    found = yaml(text)
    assert (found["mixed_precision"], found["load_in_4bit"], found["warmup_ratio"]) == ("bf16", True, 0.1)
    assert "bf16" not in found
    assert "load_in_4bit" not in yaml(TORCHTUNE)


def test_a_share_of_warm_up_is_not_a_number_of_steps() -> None:
    """Since transformers 5 a `warmup_steps` below one is a share of all steps."""
    assert told(warmup_steps=0.1) == {"warmup_ratio": 0.1}
    assert told(warmup_steps=10) == {"warmup_steps": 10}
    assert told(warmup_steps=0) == {"warmup_steps": 0}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"trainer__precision": "bf16-mixed"}, {"mixed_precision": "bf16"}),
        ({"precision": 16}, {"mixed_precision": "fp16"}),
        ({"precision": "bf16-true"}, {"dtype": "bf16"}),
        ({"torch_dtype": "torch.bfloat16"}, {"dtype": "bf16"}),
        ({"dtype": "float32"}, {"dtype": "fp32"}),
        ({"fp16": "True"}, {"mixed_precision": "fp16"}),
        ({"bf16": False}, {"bf16": False}),
        ({"bnb_4bit_compute_dtype": "bfloat16"}, {"bnb_4bit_compute_dtype": "bf16"}),
        ({"metrics__precision": 16}, {"metrics.precision": 16}),
        ({"lora_target_linear": True}, {"target_modules": "all-linear"}),
        ({"lora_target": "all"}, {"target_modules": "all-linear"}),
        ({"lora_target": "o_proj,k_proj"}, {"target_modules": "k_proj, o_proj"}),
        ({"trainer__gradient_clip_val": 1.0}, {"max_grad_norm": 1.0}),
        ({"per_device_train_batch_size": "8"}, {"batch_size": 8}),
        ({"optim": "OptimizerNames.ADAMW_TORCH"}, {"optimizer": "AdamW"}),
        ({"optim": "adamw_torch_fused"}, {"optimizer": "adamw_torch_fused"}),
        ({"optimizer___component_": "bitsandbytes.optim.PagedAdamW8bit"}, {"optimizer": "paged_adamw_8bit"}),
        ({"lr_scheduler_type": "SchedulerType.COSINE"}, {"lr_scheduler": "cosine"}),
        ({"lr_scheduler_type": "none"}, {}),
        ({"dataset___component_": "torchtune.datasets.alpaca_dataset"}, {"dataset": "alpaca_dataset"}),
        ({"use_dora": "true"}, {"use_dora": True}),
    ],
)
def test_one_thing_has_one_name_and_value(settings: dict[str, Scalar], expected: dict[str, Scalar]) -> None:
    """Only what is the very same is made the same; an implementation of its own keeps its name."""
    assert told(**settings) == expected


def test_torchtunes_adapter_is_on_what_peft_would_name() -> None:
    """What its recipe builds is what its adapter_config.json says: attention, feed-forward, output."""
    text = "model: {lora_attn_modules: [output_proj], apply_lora_to_mlp: true, apply_lora_to_output: true}"
    assert yaml(text) == {"target_modules": "down_proj, gate_proj, lm_head, o_proj, up_proj"}


def test_several_datasets_are_one_parameter() -> None:
    """A run on two data sets differs from a run on the first of them."""
    one = yaml("datasets: [{path: a/x, type: alpaca}]")
    two = yaml("datasets: [{path: a/x, type: alpaca}, {path: b/y, type: alpaca}]")
    assert (one["dataset"], two["dataset"]) == ("a/x", "a/x, b/y")


def test_a_value_that_a_run_is_called_by_is_its_setting() -> None:
    """People call runs after what they set; a key that means a name only repeats the run's."""
    assert yaml("init_lora_weights: pissa\nexp: pissa\ntrial_name: pissa", "pissa") == {
        "init_lora_weights": "pissa"
    }


NAMES = [f"model.layers.{layer}.self_attn.q_proj" for layer in range(40)]


def test_long_lists_that_differ_have_other_values() -> None:
    """One module less of forty is another value; only the first is told, with number and digest."""
    values = [
        yaml("target_modules:\n" + "".join(f"- {name}\n" for name in names))["target_modules"]
        for names in (NAMES, NAMES[::-1], NAMES[:-1], NAMES[1:])
    ]
    assert values[0] == values[1]
    assert len(set(values)) == 3
    assert str(values[0]).startswith("40 values, sha256 ")
    assert str(values[0]).endswith(": model.layers.0.self_attn.q_proj, …")


def test_a_long_list_is_the_same_on_a_command_line() -> None:
    """However the members are given, the same forty modules are one value."""
    command = script_settings(f"python t.py --target_modules {' '.join(NAMES[::-1])} --lr 1", "s", Given())
    by_command, _ = gather([Said(Standing.COMMAND, command)], frozenset())
    by_file = yaml("target_modules: [" + ", ".join(NAMES) + "]")
    assert by_command["target_modules"].value == by_file["target_modules"]


def test_lists_of_data_are_not_told_whole() -> None:
    """A thousand numbers are their digest, hundred thousand nothing."""
    value = str(yaml(f"weights: {list(range(1000))}")["weights"])
    assert value.startswith("1000 values, sha256 ")
    assert value.endswith(": 0, …")
    assert yaml(f"shards: {['/data/x'] * 100}") == {}
    assert yaml(f"weights: {list(range(10_000))}") == {}


def test_an_order_that_counts_makes_another_long_value() -> None:
    """Only sets are put in order."""
    assert yaml(f"betas: {list(range(40))}") != yaml(f"betas: {list(range(39, -1, -1))}")


@given(st.text(max_size=20), st.integers(min_value=LONGEST, max_value=LONGEST + 500))
def test_long_texts_that_differ_at_their_ends_differ(end: str, length: int) -> None:
    """A prompt is cut, and told apart from another one by its digest; cutting twice changes nothing."""
    one, other = bounded("x" * length + end), bounded("x" * length + end + "!")
    assert one != other
    assert len(one) <= LONGEST
    assert bounded(one) == one


@given(st.lists(SCALARS, max_size=MOST_ITEMS * 2))
def test_lists_are_bounded(items: list[Scalar]) -> None:
    """Any list of values becomes a text of a bounded length."""
    assert len(listed(items)) <= LONGEST


@given(st.dictionaries(KEYS, SCALARS, max_size=20))
def test_respelling_is_total_and_final(values: dict[str, Scalar]) -> None:
    """Any settings are respelled without an error; what was respelled stays; no value comes from nowhere."""
    facts = {key: Fact(value, Source("f", key)) for key, value in values.items()}
    once = respelled(facts)
    assert repr(respelled(once)) == repr(once)
    assert len(once) <= len(facts)
    gather([Said(Standing.SAVED, facts)], frozenset())


@given(
    st.sampled_from(["optimizer", "dtype", "lr_scheduler", "target_modules", "model"]), st.text(max_size=40)
)
@example("optimizer", ".\r0")
@example("dtype", "torch.none")
def test_canonical_values_are_final(name: str, value: str) -> None:
    """What was written in one way is not written in another the second time."""
    once = canonical(name, value)
    assert once is None or canonical(name, once) == once
