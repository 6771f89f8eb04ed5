"""Turn the bytes of a configuration file into its flat values, whichever format it has.

Invariant: total; a file that is not what its name says gives a problem and no values.
"""

import json
import re
import tomllib
from collections.abc import Mapping

from afterall.model import Fact, Source
from afterall.scan.parameters.flat import Config, flatten
from afterall.scan.parameters.scripts import arguments
from afterall.scan.parameters.values import typed
from afterall.scan.parameters.yaml_text import decode_yaml, parse_yaml

_ADAPTER_KEYS = frozenset(
    {
        "r",
        "lora_alpha",
        "lora_dropout",
        "target_modules",
        "modules_to_save",
        "exclude_modules",
        "layers_to_transform",
        "target_parameters",
        "use_dora",
        "use_rslora",
        "peft_type",
        "base_model_name_or_path",
        "init_lora_weights",
    }
)
"""What tells one adapter from another; PEFT writes forty more, nearly all at their defaults."""


_AT_TOP = re.compile(rb"\n(?=[^\s#-])")
"""Where a setting of its own begins."""
_CUT = "ends without a line end: its last setting, which may be cut, was left out"
_SHARDING = frozenset(
    {
        "zero_optimization.stage",
        "zero_optimization.offload_optimizer.device",
        "zero_optimization.offload_param.device",
    }
)
_OF_ENGINE = {
    "optimizer.params.lr": "learning_rate",
    "optimizer.params.weight_decay": "weight_decay",
    "optimizer.type": "optimizer",
    "train_micro_batch_size_per_gpu": "batch_size",
    "gradient_accumulation_steps": "gradient_accumulation_steps",
    "gradient_clipping": "max_grad_norm",
    "bf16.enabled": "bf16",
    "fp16.enabled": "fp16",
}
"""What DeepSpeed's engine takes from its configuration alone; for "auto" a trainer above it fills in."""


def parse_yaml_file(data: bytes, file: str) -> Config:
    """Return the values of a YAML file."""
    return parse_yaml(data.decode("utf-8", "replace"), file)


def parse_saved_yaml(data: bytes, file: str) -> Config:
    """Return the values of a YAML file that a program wrote: of one that was cut, without its last setting.

    Programs end their last line; people's editors need not.
    """
    if data.endswith(b"\n"):
        return parse_yaml_file(data, file)
    kept = data[: max((found.end() for found in _AT_TOP.finditer(data)), default=0)]
    return Config(parse_yaml_file(kept, file).values, _CUT if data else "is empty")


def parse_overrides(data: bytes, file: str) -> Config:
    """Return the settings in Hydra's overrides.yaml, a list of `key=value`, some with `+` before the key."""
    whole = data[: data.rfind(b"\n") + 1]
    items, problem = decode_yaml(whole.decode("utf-8", "replace"))
    texts = [item for item in items if isinstance(item, str)] if isinstance(items, list) else []
    pairs = [text.lstrip("+").partition("=") for text in texts]
    values = {
        key: Fact(typed(value), Source(file, f"key {key}")) for key, equals, value in pairs if equals and key
    }
    return Config(values, problem)


def parse_tracker_yaml(data: bytes, file: str) -> Config:
    """Return the values of wandb's config.yaml, where each key holds a `desc` and a `value`."""
    config = parse_saved_yaml(data, file)
    values = {}
    for key, fact in config.values.items():
        top, _, rest = key.partition(".")
        if rest == "value" or rest.startswith("value."):
            values[top + rest.removeprefix("value")] = fact
    return Config(values, config.problem)


def parse_json_file(data: bytes, file: str) -> Config:
    """Return the values of a JSON file, nothing of a model's own configuration: it describes no run."""
    tree, problem = _decode_json(data)
    if isinstance(tree, dict) and "architectures" in tree:
        return Config()
    return Config(flatten(tree, file).values, problem)


def parse_adapter(data: bytes, file: str) -> Config:
    """Return what an adapter_config.json says of the adapter, by PEFT or torchtune."""
    config = parse_json_file(data, file)
    return Config({key: fact for key, fact in config.values.items() if key in _ADAPTER_KEYS}, config.problem)


def parse_deepspeed(data: bytes, file: str) -> Config:
    """Return what a DeepSpeed configuration says of the training; the rest of it is the machine's."""
    config = parse_json_file(data, file)
    sharding = {key: fact for key, fact in config.values.items() if key in _SHARDING}
    told = {_OF_ENGINE[key]: fact for key, fact in config.values.items() if key in _OF_ENGINE}
    engine = {name: fact for name, fact in told.items() if fact.value != "auto"}
    return Config({**sharding, **engine}, config.problem)


def parse_toml_file(data: bytes, file: str) -> Config:
    """Return the values of a TOML file."""
    try:
        tree: Mapping[str, object] = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        return Config(problem=_first_line(error))
    return flatten(tree, file)


def parse_tracker_arguments(data: bytes, file: str) -> Config:
    """Return the settings on the command line that wandb-metadata.json tells of."""
    tree, problem = _decode_json(data)
    told = tree if isinstance(tree, dict) else {}
    program, given = told.get("program"), told.get("args")
    if not isinstance(program, str) or not isinstance(given, list):
        return Config(problem=problem)
    words = [word for word in given if isinstance(word, str)]
    settings = arguments([program, *words]) if len(words) == len(given) else ()
    return Config({name: Fact(value, Source(file, f"option {name}")) for name, value in settings})


def _decode_json(data: bytes) -> tuple[object, str | None]:
    try:
        return json.loads(data), None
    except (ValueError, RecursionError) as error:
        return None, _first_line(error)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0] or "is nested too deep"
