"""Tell lists that are sets by their setting's meaning from lists whose order counts."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.model import Fact, Scalar, Source
from afterall.scan.parameters import decoding, read_parameters
from afterall.scan.parameters.gathering import Said, gather
from afterall.scan.parameters.standing import Standing
from afterall.scan.parameters.unordered import SETS, in_one_order, means_a_set
from afterall.scan.parameters.yaml_text import parse_yaml
from scan.run_making import experiment, fixture, lay_down

MEMBERS = st.lists(st.from_regex(r"[A-Za-z0-9_.*]{1,8}", fullmatch=True), min_size=1, max_size=8)


def adapter(**changed: Any) -> bytes:
    """Return PEFT's recorded adapter_config.json with some of its fields set otherwise."""
    return json.dumps(json.loads(fixture("huggingface/adapter_config.json")) | changed).encode()


def told(data: bytes) -> dict[str, Scalar]:
    """Return the parameters that an adapter_config.json gives a run."""
    values = decoding.parse_adapter(data, "adapter_config.json").values
    found, _ = gather([Said(Standing.ADAPTER, values)], frozenset())
    return {name: fact.value for name, fact in found.items()}


def gathered(key: str, value: Scalar, *names: str) -> dict[str, Scalar]:
    """Return the parameters of a run, called by `names`, whose configuration holds one setting."""
    said = Said(Standing.WRITTEN, {key: Fact(value, Source("c.yaml"))})
    return {name: fact.value for name, fact in gather([said], frozenset(names))[0].items()}


@pytest.mark.parametrize("field", ["target_modules", "modules_to_save", "exclude_modules"])
def test_an_adapters_modules_are_the_same_in_any_order(field: str) -> None:
    """PEFT saves a set as it falls out: two adapters of the same modules say the same."""
    assert told(adapter(**{field: ["v_proj", "q_proj"]})) == told(adapter(**{field: ["q_proj", "v_proj"]}))
    assert told(adapter(**{field: ["v_proj", "q_proj"]}))[field] == "q_proj, v_proj"


@pytest.mark.parametrize(
    "field", ["target_modules", "modules_to_save", "exclude_modules", "target_parameters"]
)
def test_adapters_of_other_modules_say_otherwise(field: str) -> None:
    """One module more or less is another value."""
    assert told(adapter(**{field: ["q_proj", "v_proj"]})) != told(adapter(**{field: ["q_proj", "k_proj"]}))
    assert told(adapter(**{field: ["q_proj", "v_proj"]})) != told(adapter(**{field: ["q_proj"]}))


def test_layers_are_in_the_order_of_their_numbers() -> None:
    """Layer 9 stands before layer 10, and a list of numbers is a set where it names layers."""
    assert told(adapter(layers_to_transform=[10, 9, 0, 11]))["layers_to_transform"] == "0, 9, 10, 11"
    assert told(adapter(layers_to_transform=[10])) == told(adapter(layers_to_transform=10))
    assert in_one_order("target_modules", "h.10.mlp, h.9.mlp, h.9.attn") == "h.9.attn, h.9.mlp, h.10.mlp"


@given(MEMBERS, st.data())
def test_no_order_of_the_members_makes_another_value(members: list[str], data: st.DataObject) -> None:
    """Shuffled and repeated members give one text, which putting in order again does not change."""
    shuffled = data.draw(st.permutations(members + members[:1]))
    value = in_one_order("target_modules", ", ".join(shuffled))
    assert value == in_one_order("target_modules", ", ".join(members))
    assert value == in_one_order("target_modules", value)
    assert set(str(value).split(", ")) == set(members)


@pytest.mark.parametrize(
    "text",
    [
        "v_proj, q_proj",
        "v_proj,q_proj",
        "v_proj q_proj",
        "[v_proj,q_proj]",
        "[v_proj, q_proj,]",
        "['v_proj', 'q_proj']",
        '["v_proj", "q_proj"]',
        "('v_proj', 'q_proj')",
        "{'v_proj', 'q_proj'}",
        "q_proj, v_proj, q_proj",
    ],
)
def test_every_way_to_write_a_list_is_read(text: str) -> None:
    """Options, overrides and trackers write the same set with other brackets, quotes and blanks."""
    assert in_one_order("lora_target_modules", text) == "q_proj, v_proj"


@pytest.mark.parametrize(
    "value",
    [
        r".*\.(v_proj|q_proj)$",
        r"^model\.layers\.\d{1, 2}\.(?:v|q)_proj",
        "[vq]_proj, [ko]_proj",
        "all-linear",
        "v_proj",
        "",
        "[]",
        ",",
        None,
        7,
        True,
        0.5,
    ],
)
def test_what_is_no_list_of_names_stays_as_it_is(value: Scalar) -> None:
    """A pattern is not taken apart at its commas, and one name or number is itself."""
    found = in_one_order("target_modules", value)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("betas", "0.95, 0.9"),
        ("optimizer.betas", "0.999, 0.9"),
        ("adam_betas", "(0.95, 0.9)"),
        ("lr_scheduler.milestones", "80, 40"),
        ("hidden_sizes", "512, 64, 256"),
        ("layer_replication", "4, 0"),
        ("device_map", "1, 0"),
        ("datasets", "tulu, alpaca"),
        ("dataset_mixer", "[b, a]"),
        ("target_modules_order", "v_proj, q_proj"),
        ("nontarget_modules", "v_proj, q_proj"),
        ("target_modules.default", "v_proj, q_proj"),
    ],
)
def test_lists_whose_order_counts_are_left_alone(key: str, value: str) -> None:
    """Whatever is not known as a set keeps its order: the first beta is not the second."""
    assert in_one_order(key, value) == value


@pytest.mark.parametrize("name", SETS)
def test_every_set_is_known_under_branches_and_prefixes(name: str) -> None:
    """`peft.x`, `lora_x` and the option `--x-y` name the same setting as `x_y`."""
    for key in (
        name,
        f"model.peft.{name}",
        f"lora_{name}",
        f"quantization.llm_{name}",
        name.replace("_", "-"),
    ):
        assert means_a_set(key)
        assert in_one_order(key, "b, a") == "a, b"


def test_torchtunes_modules_are_a_set() -> None:
    """The recorded configuration names three attention modules and the feed-forward ones, by PEFT's names."""
    config = parse_yaml(fixture("configs/finetune.yaml").decode(), "finetune.yaml")
    found, _ = gather([Said(Standing.WRITTEN, config.values)], frozenset())
    assert found["target_modules"].value == "down_proj, gate_proj, o_proj, q_proj, up_proj, v_proj"
    assert found["target_modules"].source == Source("finetune.yaml", "key model.lora_attn_modules")


@pytest.mark.parametrize("pattern", [r".*\.(q|v)_proj", r"^lm_head.weight$"])
def test_a_pattern_of_modules_is_no_path(pattern: str) -> None:
    """A leading dot or a dollar at the end does not hide which modules were trained."""
    assert gathered("target_modules", pattern) == {"target_modules": pattern}
    assert gathered("other", pattern) == {}


def test_a_run_may_be_called_as_its_modules() -> None:
    """A sweep over modules names its runs by them; its setting is one all the same."""
    assert gathered("target_modules", "all-linear", "all-linear") == {"target_modules": "all-linear"}
    assert gathered("trial", "all-linear", "all-linear") == {}


def test_a_command_and_an_adapter_name_the_same_set(tmp_path: Path) -> None:
    """A run known by its script alone agrees with one that left its adapter."""
    script = b"python train.py --target_modules v_proj q_proj --betas 0.9 0.8\n"
    by_script, _ = read_parameters(tmp_path, experiment("r", lay_down(tmp_path, {"r/job.sh": script})), [])
    files = {"s/adapter_config.json": adapter(target_modules=["q_proj", "v_proj"])}
    by_adapter, _ = read_parameters(tmp_path, experiment("s", lay_down(tmp_path, files)), [])
    assert by_script["target_modules"].value == by_adapter["target_modules"].value == "q_proj, v_proj"
    assert by_script["betas"].value == "0.9, 0.8"
