"""Put under one key what several keys or flags of one configuration spell together.

Invariant: a new setting says nothing that the old ones did not; what is respelled stands under its old keys
no more, and what is not understood stays as it is.

Sources: torchtune modules/peft/_utils.py (get_lora_module_names) and models/convert_weights.py
(tune_to_peft_adapter_config) for adapters; transformers training_args.py (bf16, fp16, warmup_steps below 1
since 5.0); lightning plugins/precision; axolotl `lora_target_linear`; LLaMA-Factory `quantization_bit`.
"""

import re
from collections.abc import Callable, Mapping

from afterall.model import Fact, Scalar
from afterall.scan.parameters.unordered import in_one_order

_ATTENTION = "lora_attn_modules"
_FEED_FORWARD = ("down_proj", "gate_proj", "up_proj")
_DATASET = re.compile(
    r"(?:^|\.)(?:datasets?|train_datasets?|data)\.(\d{1,3})\.(path|name|source|data_files|dataset_name)$"
)
_PRECISIONS: Mapping[str, tuple[str, str]] = {
    "bf16-mixed": ("mixed_precision", "bf16"),
    "16-mixed": ("mixed_precision", "fp16"),
    "16": ("mixed_precision", "fp16"),
    "bf16-true": ("dtype", "bf16"),
    "16-true": ("dtype", "fp16"),
    "32-true": ("dtype", "fp32"),
    "32": ("dtype", "fp32"),
    "64-true": ("dtype", "fp64"),
    "64": ("dtype", "fp64"),
}
_OF_TRAINING = re.compile(r"(?:^|\.)(?:train|training|trainer|args|config|cfg|hparams|fabric|model)$")
Values = dict[str, Fact]


def respelled(values: Mapping[str, Fact]) -> Values:
    """Return one source's settings under the keys by which they compare with other sources'."""
    found: Values = {}
    for key, fact in values.items():
        branch, dot, word = key.replace("-", "_").rpartition(".")
        respell = _RESPELLED.get(word) if not branch or _OF_TRAINING.search(branch) else None
        told = respell(fact.value) if respell is not None else None
        if told is None:
            found[key] = fact
        else:
            found.setdefault(f"{branch}{dot}{told[0]}", _with(fact, told[1]))
    return _datasets_as_one(_adapter_as_pefts(found))


def _adapter_as_pefts(values: Values) -> Values:
    """Return torchtune's three settings of what an adapter is put on as PEFT's one, by PEFT's names."""
    key = next((key for key in values if key.rpartition(".")[2] == _ATTENTION), None)
    if key is None or not isinstance(values[key].value, str):
        return values
    branch = key.removesuffix(_ATTENTION)
    feed_forward, output = (values.get(f"{branch}apply_lora_to_{part}") for part in ("mlp", "output"))
    modules = [word.strip() for word in str(values[key].value).split(",")]
    modules = ["o_proj" if word == "output_proj" else word for word in modules]
    modules += _FEED_FORWARD if feed_forward is not None and feed_forward.value is True else ()
    modules += ["lm_head"] if output is not None and output.value is True else ()
    told = {_ATTENTION, "apply_lora_to_mlp", "apply_lora_to_output"}
    kept = {name: fact for name, fact in values.items() if name.removeprefix(branch) not in told}
    return {**kept, f"{branch}target_modules": _with(values[key], in_one_order("target_modules", modules))}


def _datasets_as_one(values: Values) -> Values:
    """Return the first names of several datasets in a list as one setting; of one dataset too."""
    names: dict[int, Fact] = {}
    used: list[str] = []
    for key, fact in values.items():
        found = _DATASET.search(key)
        if found is not None and isinstance(fact.value, str) and int(found[1]) not in names:
            names[int(found[1])] = fact
            used.append(key)
    if len(names) < 2:
        return values
    together = ", ".join(str(names[place].value) for place in sorted(names))
    kept = {key: fact for key, fact in values.items() if key not in used}
    return {**kept, "datasets.0.path": _with(names[min(names)], together)}


def _flag_of(name: str, told: Scalar) -> Callable[[Scalar], tuple[str, Scalar] | None]:
    """Return how a flag is respelled that, where it is on, gives `name` the value `told`."""
    return lambda value: (name, told) if value is True or str(value).lower() == "true" else None


def _precision(value: Scalar) -> tuple[str, Scalar] | None:
    return _PRECISIONS.get(str(value).lower())


def _warmup(value: Scalar) -> tuple[str, Scalar] | None:
    is_share = isinstance(value, float) and 0 < value < 1
    return ("warmup_ratio", value) if is_share else None


def _quantization(value: Scalar) -> tuple[str, Scalar] | None:
    return (f"load_in_{value}bit", True) if str(value) in ("4", "8") else None


_RESPELLED: Mapping[str, Callable[[Scalar], tuple[str, Scalar] | None]] = {
    "bf16": _flag_of("mixed_precision", "bf16"),
    "fp16": _flag_of("mixed_precision", "fp16"),
    "lora_target_linear": _flag_of("target_modules", "all-linear"),
    "precision": _precision,
    "warmup_steps": _warmup,
    "quantization_bit": _quantization,
}
"""By the last word of a key, what its value is under another key; None where it stays as it is."""


def _with(fact: Fact, value: Scalar) -> Fact:
    return Fact(value, fact.source, fact.unit)
