# ruff: noqa: E501 - cases read as tables
"""Hold adapters against the configurations that PEFT and torchtune write, each made to differ in one thing."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from afterall.model import Checkpoint, FindingCode, Scalar, Severity, Tier, Verdict
from afterall.scan.checkpoints.checks.adapter_names import magnitudes, missing_layers, pairs
from afterall.scan.checkpoints.checks.lora_config import is_lora, parse_lora_config
from afterall.scan.checkpoints.formats import Tensor
from afterall.scan.checkpoints.values.untrained import untrained_faults
from scan.checkpoint_making import (
    ADAPTER_CONFIG,
    HIDDEN,
    RANK,
    adapter_arrays,
    codes,
    numbers,
    only,
    safetensors_bytes,
    told,
    torch_bytes,
    torchtune_names,
    write,
    write_epoch,
    write_hf_checkpoint,
)
from scan.run_making import fixture

Arrays = dict[str, NDArray[Any]]
PREFIX = "base_model.model."


def pair(module: str, rank: int = RANK, inner: int = HIDDEN, outer: int = HIDDEN) -> Arrays:
    """Return a trained pair under PEFT's names."""
    return {
        f"{PREFIX}{module}.lora_A.weight": numbers(rank, inner),
        f"{PREFIX}{module}.lora_B.weight": numbers(outer, rank),
    }


def layers(*numbers_of_layers: int, kind: str = "self_attn.q_proj") -> Arrays:
    """Return pairs of one kind of module in these layers."""
    return {
        name: array
        for layer in numbers_of_layers
        for name, array in pair(f"model.layers.{layer}.{kind}").items()
    }


def of_rank(rank: int, *parts: str) -> Arrays:
    """Return the usual adapter, its modules that have any of `parts` in their names at another rank."""
    other = {n: a for n, a in adapter_arrays(rank=rank).items() if any(part in n for part in parts)}
    return adapter_arrays() | other


def saved(tmp_path: Path, arrays: Arrays, config: dict[str, Any], depth: Tier = Tier.QUICK) -> Checkpoint:
    """Return the verified checkpoint of an adapter whose configuration differs by `config`."""
    directory = write_hf_checkpoint(tmp_path / "checkpoint-5", 5)
    write(directory / "adapter_model.safetensors", safetensors_bytes(arrays))
    write(directory / "adapter_config.json", ADAPTER_CONFIG | config)
    return only(directory, depth)


V_PROJ_8 = of_rank(8, "v_proj")
FIRST_8 = of_rank(8, "layers.0.self_attn.q_proj")
FIRST = "model.layers.0.self_attn.q_proj"
EXPERTS = pair("model.layers.0.mlp.experts", 4 * RANK) | pair(
    "model.layers.0.mlp.experts.base_layer", 4 * RANK
)
BIASED = adapter_arrays() | {f"{PREFIX}{FIRST}.lora_B.bias": numbers(HIDDEN)}
MAGNITUDES = {
    f"{name.partition('.lora_A')[0]}.lora_magnitude_vector": numbers(HIDDEN)
    for name in adapter_arrays()
    if "lora_A" in name
}
EMBEDDING = {
    f"{PREFIX}model.embed_tokens.lora_embedding_A": numbers(RANK, 40),
    f"{PREFIX}model.embed_tokens.lora_embedding_B": numbers(HIDDEN, RANK),
}
TOKENS = {f"{PREFIX}model.embed_tokens.token_adapter.trainable_tokens_delta": numbers(3000, HIDDEN)}
HEAD = {f"{PREFIX}classifier.dense.weight": numbers(2, HIDDEN), f"{PREFIX}classifier.dense.bias": numbers(2)}

FITTING: dict[str, tuple[Arrays, dict[str, Any]]] = {
    "the usual": (adapter_arrays(), {}),
    "a key is the end of a name": (V_PROJ_8, {"rank_pattern": {"v_proj": 8}}),
    "a key of several components": (FIRST_8, {"rank_pattern": {"layers.0.self_attn.q_proj": 8}}),
    "a key is a whole name": (FIRST_8, {"rank_pattern": {FIRST: 8}}),
    "a key anchored at the start": (FIRST_8, {"rank_pattern": {f"^{FIRST}": 8}, "peft_version": "0.18.0"}),
    "an anchored key, of which old versions took no notice": (adapter_arrays(), {"rank_pattern": {f"^{FIRST}": 8}}),
    "the first key that matches": (V_PROJ_8, {"rank_pattern": {"v_proj": 8, "self_attn.v_proj": 16}}),
    "a regular expression that may mean the module": (V_PROJ_8, {"rank_pattern": {r".*\.v_proj": 8}}),
    "a regular expression that may not mean it": (adapter_arrays(), {"rank_pattern": {r".*\.up_proj": 8}}),
    "another alpha is no other rank": (adapter_arrays(), {"alpha_pattern": {"v_proj": 64}}),
    "rsLoRA only scales": (adapter_arrays(), {"use_rslora": True}),
    "QA-LoRA pools the input": (layers(0, 1), {"use_qalora": True, "qalora_group_size": 16, "target_modules": ["q_proj"]}),
    "targets as a regular expression": (adapter_arrays(), {"target_modules": r".*(q|v|up)_proj"}),
    "a regular expression that would never end": (adapter_arrays(), {"target_modules": "(a+)+$" * 8, "rank_pattern": {"(a+)+$" * 8: 8}}),
    "all linear modules": (adapter_arrays(), {"target_modules": "all-linear"}),
    "targets under their whole names": (layers(0), {"target_modules": [FIRST]}),
    "a target that is excluded": (layers(0, 1), {"exclude_modules": ["v_proj"]}),
    "targets excluded by a pattern": (layers(0, 1), {"exclude_modules": ".*v_proj"}),
    "a target within a module that is saved whole": (adapter_arrays() | HEAD, {"target_modules": ["q_proj", "v_proj", "classifier.dense"], "modules_to_save": ["classifier"]}),
    "a target outside of the chosen layers": (layers(1), {"target_modules": ["q_proj", "embed_tokens"], "layers_to_transform": [1]}),
    "only the chosen layers": (layers(0, 5, 6, 9), {"target_modules": ["q_proj"], "layers_to_transform": [0, 5, 6, 9]}),
    "one chosen layer": (layers(7), {"target_modules": ["q_proj"], "layers_to_transform": 7}),
    "more layers chosen than there are": (layers(0, 1, 2, 3), {"target_modules": ["q_proj"], "layers_to_transform": list(range(99))}),
    "a list of layers by its own name": (layers(0, 5, 6), {"target_modules": ["q_proj"], "layers_to_transform": [0, 5, 6], "layers_pattern": "layers"}),
    "layers that were replicated": (layers(*range(7)), {"target_modules": ["q_proj"], "layer_replication": [[0, 4], [1, 4]]}),
    "layers to which EVA gave rank 0": (layers(0, 1, 3, 4), {"target_modules": ["q_proj"], "init_lora_weights": "eva"}),
    "a module saved whole": (adapter_arrays() | HEAD, {"modules_to_save": ["classifier"]}),
    "a module saved whole by the end of its name": (adapter_arrays() | {f"{PREFIX}lm_head.weight": numbers(8, HIDDEN)}, {"modules_to_save": ["head"]}),
    "trained tokens, larger than the pairs": (adapter_arrays() | TOKENS, {"trainable_token_indices": [1, 2, 3]}),
    "trained tokens by module": (adapter_arrays() | TOKENS, {"trainable_token_indices": {"embed_tokens": [1]}}),
    "experts in one tensor, a further parameter nested": (EXPERTS, {"target_modules": [], "target_parameters": ["mlp.experts.gate_up_proj", "mlp.experts.down_proj"]}),
    "experts with a rank of their own": (EXPERTS, {"target_modules": [], "target_parameters": ["mlp.experts.down_proj"], "rank_pattern": {"experts.down_proj": 16}}),
    "DoRA with its magnitudes": (adapter_arrays() | MAGNITUDES, {"use_dora": True}),
    "DoRA's magnitudes under their module's name": (adapter_arrays() | {f"{n}.weight": a for n, a in MAGNITUDES.items()}, {"use_dora": True}),
    "a bias of B": (BIASED, {"lora_bias": True}),
    "biases of the model": (adapter_arrays() | {f"{PREFIX}{FIRST}.base_layer.bias": numbers(HIDDEN)}, {"bias": "all"}),
    "the adapter's own name left in": ({n.replace(".weight", ".default.weight"): a for n, a in adapter_arrays().items()}, {}),
    "embeddings": (adapter_arrays() | EMBEDDING, {"target_modules": ["q_proj", "v_proj", "embed_tokens"]}),
    "a convolution": ({f"{PREFIX}conv.lora_A.weight": numbers(RANK, 3, 3, 3), f"{PREFIX}conv.lora_B.weight": numbers(8, RANK, 1, 1)}, {"target_modules": ["conv"]}),
    "block-diagonal LoRA": ({f"{PREFIX}a.lora_A.weight": numbers(RANK, 8), f"{PREFIX}a.lora_B.weight": numbers(HIDDEN, 2)}, {"use_bdlora": {"nblocks": 2}, "target_modules": ["a"]}),
    "AdaLoRA": ({f"{PREFIX}a.lora_A": numbers(3, 8), f"{PREFIX}a.lora_B": numbers(8, 3), f"{PREFIX}a.lora_E": numbers(3, 1)}, {"peft_type": "ADALORA"}),
    "LoHa": ({f"{PREFIX}a.hada_w1_a": numbers(8, 2)}, {"peft_type": "LOHA"}),
    "VeRA": ({f"{PREFIX}a.vera_lambda_b": numbers(8)}, {"peft_type": "VERA"}),
    "OFT": ({f"{PREFIX}a.oft_R.weight": numbers(8, 2)}, {"peft_type": "OFT"}),
    "a prefix": ({"prompt_embeddings": numbers(20, 8)}, {"peft_type": "PREFIX_TUNING"}),
}  # fmt: skip


@pytest.mark.parametrize("name", FITTING)
def test_what_fits_is_not_told(tmp_path: Path, name: str) -> None:
    """Nothing that PEFT saves of itself is called wrong."""
    checkpoint = saved(tmp_path, *FITTING[name])
    assert (checkpoint.findings, checkpoint.verdict) == ((), Verdict.OK)


RANKS, HALF, TARGET, LAYERS = (
    FindingCode.ADAPTER_RANK_DIFFERS,
    FindingCode.ADAPTER_HALF_MISSING,
    FindingCode.ADAPTER_TARGET_UNMATCHED,
    FindingCode.ADAPTER_LAYERS_MISSING,
)
MISFITS: dict[str, tuple[Arrays, dict[str, Any], FindingCode, dict[str, Scalar]]] = {
    "another rank": (of_rank(8, "v_proj"), {}, RANKS, {"config_rank": 4, "tensor_rank": 8, "modules": 2, "of": 4}),
    "the pattern means another module": (V_PROJ_8, {"rank_pattern": {"proj": 8}}, RANKS, {"tensor_rank": 8}),
    "the pattern gives another rank": (adapter_arrays(), {"rank_pattern": {"v_proj": 8}}, RANKS, {"config_rank": 8, "tensor_rank": 4}),
    "the second key that matches": (V_PROJ_8, {"rank_pattern": {"self_attn.v_proj": 16, "v_proj": 8}}, RANKS, {"config_rank": 16}),
    "a regular expression behind the key that matches": (V_PROJ_8, {"rank_pattern": {"v_proj": 16, ".*v_proj": 8}}, RANKS, {"config_rank": 16}),
    "a regular expression with a third rank": (V_PROJ_8, {"rank_pattern": {".*v_proj": 16}}, RANKS, {"tensor_rank": 8}),
    "the anchored key means the whole name": (FIRST_8, {"rank_pattern": {"^q_proj": 8}, "peft_version": "0.18.0"}, RANKS, {"tensor_rank": 8}),
    "a rank that alpha's pattern gives": (V_PROJ_8, {"alpha_pattern": {"v_proj": 8}}, RANKS, {"tensor_rank": 8}),
    "A and B of two ranks": (adapter_arrays() | {f"{PREFIX}{FIRST}.lora_A.weight": numbers(8, HIDDEN)}, {}, RANKS, {"a_rank": 8, "b_rank": 4, "modules": 1, "first": FIRST}),
    "experts' rank is no multiple": (pair("mlp.experts", 6), {"target_modules": [], "target_parameters": ["mlp.experts.down_proj"]}, RANKS, {"tensor_rank": 6}),
    "stacked, and no expert": (layers(0, 1) | pair(f"{FIRST}", 16), {"target_modules": ["q_proj"], "target_parameters": ["mlp.experts.down_proj"]}, RANKS, {"tensor_rank": 16}),
    "an embedding of another rank": (adapter_arrays() | EMBEDDING, {"target_modules": ["q_proj", "v_proj", "embed_tokens"], "rank_pattern": {"embed_tokens": 8}}, RANKS, {"tensor_rank": 4}),
    "A without B": ({n: a for n, a in adapter_arrays().items() if n != f"{PREFIX}{FIRST}.lora_B.weight"}, {}, HALF, {"modules": 1, "of": 4, "first": FIRST, "missing": "lora_B"}),
    "B without A": ({n: a for n, a in adapter_arrays().items() if n != f"{PREFIX}{FIRST}.lora_A.weight"}, {}, HALF, {"missing": "lora_A"}),
    "a bias of B is no B": ({n: a for n, a in BIASED.items() if n != f"{PREFIX}{FIRST}.lora_B.weight"}, {"lora_bias": True}, HALF, {"missing": "lora_B"}),
    "DoRA without any magnitude": (adapter_arrays(), {"use_dora": True}, HALF, {"modules": 4, "missing": "lora_magnitude_vector"}),
    "DoRA without one magnitude": (adapter_arrays() | dict(list(MAGNITUDES.items())[1:]), {"use_dora": True}, HALF, {"modules": 1, "of": 4}),
    "a target without weights": (adapter_arrays(), {"target_modules": ["q_proj", "v_proj", "up_proj"]}, TARGET, {"key": "target_modules", "targets": 1, "of": 3, "first": "up_proj"}),
    "the end of a component is no target": (adapter_arrays(), {"target_modules": ["proj", "q_proj", "v_proj"]}, TARGET, {"first": "proj"}),
    "one layer's target is excluded, not all": (layers(0, 1), {"exclude_modules": ["model.layers.0.self_attn.v_proj"]}, TARGET, {"first": "v_proj"}),
    "no module of those to save": (adapter_arrays(), {"modules_to_save": ["classifier", "score"]}, TARGET, {"key": "modules_to_save", "targets": 2}),
    "trained tokens that are not there": (adapter_arrays(), {"trainable_token_indices": [1, 2]}, TARGET, {"key": "trainable_token_indices"}),
    "a layer missing between others": (layers(0, 1, 3, 4), {"target_modules": ["q_proj"]}, LAYERS, {"layers": "2", "first": "model.*.self_attn.q_proj"}),
    "a chosen layer missing": (layers(0, 4, 24), {"target_modules": ["q_proj"], "layers_to_transform": [0, 4, 16, 24]}, LAYERS, {"layers": "16"}),
    "a chosen layer missing of one kind": (layers(0, 5, 6, 9, 11) | layers(0, 5, 9, 11, kind="mlp.up_proj"), {"target_modules": ["q_proj", "up_proj"], "layers_to_transform": [0, 5, 6, 9, 11]}, LAYERS, {"layers": "6", "first": "model.*.mlp.up_proj"}),
    "a layer missing of a stack beside a longer one": (layers(*range(12)) | {n.replace("model.layers", "vision.layers"): a for n, a in layers(0, 1, 3, 4).items()}, {"target_modules": ["q_proj"]}, LAYERS, {"first": "vision.*.self_attn.q_proj", "layers": "2"}),
}  # fmt: skip


@pytest.mark.parametrize("name", MISFITS)
def test_what_does_not_fit_is_told(tmp_path: Path, name: str) -> None:
    """One finding says what, with its numbers, and nothing else is told."""
    arrays, config, code, evidence = MISFITS[name]
    checkpoint = saved(tmp_path, arrays, config)
    assert codes(checkpoint.findings) == {code}
    assert told(checkpoint, code).evidence | evidence == told(checkpoint, code).evidence


def test_each_directory_has_its_own_configuration(tmp_path: Path) -> None:
    """PEFT saves further adapters below the first, each with its configuration."""
    directory = write_hf_checkpoint(tmp_path / "checkpoint-5", 5)
    write(directory / "second" / "adapter_model.safetensors", safetensors_bytes(adapter_arrays(rank=8)))
    write(directory / "second" / "adapter_config.json", ADAPTER_CONFIG | {"r": 8})
    assert only(directory).findings == ()
    write(directory / "second" / "adapter_config.json", ADAPTER_CONFIG)
    assert told(only(directory), RANKS).subject.endswith("second/adapter_model.safetensors")


def test_halves_are_compared_without_a_configuration(tmp_path: Path) -> None:
    """An adapter in torchtune's own form has none, and its A and B must fit all the same."""
    epoch = write_epoch(tmp_path / "epoch_0")
    for name in ("adapter_model.safetensors", "adapter_config.json"):
        (epoch / name).unlink()
    arrays = adapter_arrays() | {f"{PREFIX}{FIRST}.lora_A.weight": numbers(8, HIDDEN)}
    write(epoch / "adapter_model.pt", torch_bytes(torchtune_names(arrays), "adapter_model"))
    assert told(only(epoch), RANKS).evidence["first"] == "layers.0.attn.q_proj"


def test_queries_keys_and_values_in_one_module_have_one_b(tmp_path: Path) -> None:
    """LitGPT adapts queries and values of rank 4 in one module: its A has 8 rows, its B 4 columns."""
    data = fixture("saved/trainers/litgpt-0.5/final/lit_model.pth.lora")
    write(tmp_path / "final" / "lit_model.pth.lora", data)
    assert RANKS not in {finding.code for finding in only(tmp_path / "final").findings}


def zeroed(arrays: Arrays, *parts: str) -> Arrays:
    """Return an adapter whose tensors with any of `parts` in their names are zero."""
    return {n: np.zeros_like(a) if any(p in n for p in parts) else a for n, a in arrays.items()}


UNTRAINED = FindingCode.ADAPTER_UNTRAINED
BY_START: list[tuple[dict[str, Any], str, bool]] = [
    ({"init_lora_weights": True}, "lora_B", True),
    ({"init_lora_weights": "gaussian"}, "lora_B", True),
    ({"init_lora_weights": "Gaussian"}, "lora_B", True),
    ({"init_lora_weights": "eva"}, "lora_B", True),
    ({"init_lora_weights": "mica"}, "lora_A", True),
    ({"init_lora_weights": "mica"}, "lora_B", False),
    ({"init_lora_weights": True}, "lora_A", False),
    *(({"init_lora_weights": name}, "lora_B", False) for name in (False, None, "olora", "pissa", "pissa_niter_4", "corda", "orthogonal", "lora_ga", "loftq", "")),
    ({"peft_type": "ADALORA"}, "lora_B", False),
    ({"init_lora_weights": [True]}, "lora_B", False),
]  # fmt: skip


@pytest.mark.parametrize(("config", "half", "is_told"), BY_START)
def test_a_half_is_untrained_where_it_starts_at_zero(
    tmp_path: Path, config: dict[str, Any], half: str, is_told: bool
) -> None:
    """All zeros are an error only where the named initialisation makes them."""
    checkpoint = saved(tmp_path, zeroed(adapter_arrays(), half), config, Tier.VALUES)
    assert (UNTRAINED in codes(checkpoint.findings)) is is_told
    if is_told:
        assert told(checkpoint, UNTRAINED).evidence == {
            "modules": 4,
            "of": 4,
            "first": f"{PREFIX}{FIRST}.{half}.weight",
            "half": half[-1],
        }
        assert checkpoint.verdict is Verdict.CORRUPT


def test_the_default_start_is_at_zero(tmp_path: Path) -> None:
    """Torchtune's configuration does not name a start, and its B starts at zero."""
    directory = write_hf_checkpoint(tmp_path / "checkpoint-5", 5)
    write(directory / "adapter_model.safetensors", safetensors_bytes(zeroed(adapter_arrays(), "lora_B")))
    config = {"r": RANK, "lora_alpha": 8, "target_modules": ["q_proj", "v_proj"], "peft_type": "LORA"}
    write(directory / "adapter_config.json", config)
    assert UNTRAINED in codes(only(directory, Tier.VALUES).findings)


@pytest.mark.parametrize("start", [True, "mica"])
def test_an_embeddings_a_starts_at_zero(tmp_path: Path, start: object) -> None:
    """Its B is random from the start, whatever the initialisation is called."""
    config = {"target_modules": ["embed_tokens"], "init_lora_weights": start}
    untouched = saved(tmp_path, zeroed(EMBEDDING, "embedding_A"), config, Tier.VALUES)
    assert told(untouched, UNTRAINED).evidence["half"] == "A"
    assert UNTRAINED not in codes(saved(tmp_path, zeroed(EMBEDDING, "_B"), config, Tier.VALUES).findings)


def test_some_zero_halves_are_a_warning(tmp_path: Path) -> None:
    """A part of the model may have got no gradient."""
    checkpoint = saved(
        tmp_path, zeroed(adapter_arrays(), "layers.0.self_attn.q_proj.lora_B"), {}, Tier.VALUES
    )
    finding = told(checkpoint, UNTRAINED)
    assert (finding.gravity, finding.evidence["modules"], finding.evidence["of"]) == (Severity.WARNING, 1, 4)


def test_a_zero_bias_of_b_says_nothing(tmp_path: Path) -> None:
    """`lora_B.bias` starts at zero too, and B is what counts."""
    checkpoint = saved(tmp_path, zeroed(BIASED, "bias"), {"lora_bias": True}, Tier.VALUES)
    assert UNTRAINED not in codes(checkpoint.findings)


COPIES: dict[str, tuple[Arrays, dict[str, Scalar]]] = {
    "another rank": (adapter_arrays(rank=8), {"shape": "4×64", "part": "lora_a", "layer": 0}),
    "a tensor less": (dict(list(adapter_arrays().items())[:-1]), {"tensors": 8, "other_tensors": 7, "layer": 1}),
    "the same shapes in another layer": ({n.replace("layers.1", "layers.3"): a for n, a in adapter_arrays().items()}, {"layer": 1}),
    "the same shapes of the other half": ({n.replace("lora_A", "lora_C").replace("lora_B", "lora_A").replace("lora_C", "lora_B"): a.T.copy().reshape(a.shape) for n, a in adapter_arrays(rank=HIDDEN).items()}, {"shape": "4×64"}),
}  # fmt: skip


@pytest.mark.parametrize("name", COPIES)
def test_torchtunes_two_forms_hold_the_same_tensors(tmp_path: Path, name: str) -> None:
    """Its own file and PEFT's are of one adapter: layers, halves and shapes are the same."""
    arrays, evidence = COPIES[name]
    epoch = write_epoch(tmp_path / "epoch_0")
    assert only(epoch).findings == ()
    write(epoch / "adapter_model.safetensors", safetensors_bytes(arrays))
    found = told(only(epoch), FindingCode.ADAPTER_COPIES_DIFFER)
    assert found.evidence | evidence == found.evidence


def test_the_flat_layouts_two_forms_are_compared(tmp_path: Path) -> None:
    """Torchtune 0.2 to 0.4 wrote adapter_N.pt beside adapter_model.bin."""
    write(tmp_path / "adapter_0.pt", torch_bytes(torchtune_names(adapter_arrays()), "adapter_0"))
    write(tmp_path / "hf_model_0001_0.pt", torch_bytes(adapter_arrays(), "hf_model_0001_0"))
    write(tmp_path / "adapter_config.json", ADAPTER_CONFIG)
    write(tmp_path / "adapter_model.bin", torch_bytes(adapter_arrays(), "adapter_model"))
    assert FindingCode.ADAPTER_COPIES_DIFFER not in codes(only(tmp_path).findings)
    write(tmp_path / "adapter_model.bin", torch_bytes(adapter_arrays(rank=8), "adapter_model"))
    assert FindingCode.ADAPTER_COPIES_DIFFER in codes(only(tmp_path).findings)


@pytest.mark.parametrize(
    ("modules", "due", "gaps"),
    [
        ([f"model.layers.{n}.mlp.experts.2.w1" for n in (0, 1, 3, 4)], range(5), {}),
        (["h.0.attn", "h.1.attn", "h.3.attn"], None, {"*.attn": [2]}),
        ([f"layers.{n}.a" for n in (0, 1, 3, 999_999)], None, {}),
    ],
    ids=["experts count as layers for PEFT", "gpt2", "too many to be a gap"],
)
def test_layers_that_cannot_be_told_are_not(
    modules: list[str], due: Collection[int] | None, gaps: dict[str, list[int]]
) -> None:
    """Numbers of experts are no layers, and a far number is no long gap."""
    assert {kind.lstrip("."): found for kind, found in missing_layers(modules, due).items()} == gaps


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.sampled_from(["q", "^q", "a.b", ".*", "eva", "LORA"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
KEYS = ("r", "rank_pattern", "target_modules", "exclude_modules", "modules_to_save", "target_parameters", "layers_to_transform", "trainable_token_indices", "init_lora_weights", "peft_type", "use_dora", "use_bdlora")  # fmt: skip


@given(st.dictionaries(st.sampled_from(KEYS), JSON), st.text(max_size=20))
def test_any_configuration_is_read(document: dict[str, Any], module: str) -> None:
    """Whatever JSON stands in a configuration, it is a record and gives every module a rank or none."""
    config = parse_lora_config("c", document)
    due = config.ranks.due(module)[1]
    assert due is None or config.ranks.allows(module, due)
    assert isinstance(is_lora(document), bool)
    assert isinstance(untrained_faults({}, {}, document), tuple)


@given(st.lists(st.text(alphabet="ab.lora_ABembeding_magtuvcw0123:", max_size=40), max_size=6))
def test_any_name_is_taken_apart(names: list[str]) -> None:
    """Names that no trainer writes are no pairs, and none is taken for two."""
    found = pairs({name: Tensor("F32", (1, 1), (0, 4)) for name in names})
    assert sum((p.a is not None) + (p.b is not None) for p in found.values()) <= len(set(names))
    assert isinstance(magnitudes(names), set)
    assert all(missing_layers(found).values())
