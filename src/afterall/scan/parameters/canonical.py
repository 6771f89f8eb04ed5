"""Write the values of common parameters in one way: `torch.bfloat16` and `bf16`, `adamw_torch` and `AdamW`.

Invariant: only names of the very same thing become one; an implementation of its own (`adamw_torch_fused`,
`paged_adamw_8bit`) keeps its name. Sources: transformers training_args.py (OptimizerNames), trainer.py
(get_optimizer_cls_and_kwargs), optimization.py (TYPE_TO_SCHEDULER_FUNCTION); torchtune
training/lr_schedulers.py; bitsandbytes optim/.
"""

import re
from collections.abc import Mapping

_DTYPES = {
    "bfloat16": "bf16",
    "float16": "fp16",
    "half": "fp16",
    "float32": "fp32",
    "float": "fp32",
    "float64": "fp64",
    "double": "fp64",
}
_OPTIMIZERS = {
    "adamw": "AdamW",
    "adamw_torch": "AdamW",
    "adam": "Adam",
    "sgd": "SGD",
    "adafactor": "Adafactor",
    "adagrad": "Adagrad",
    "rmsprop": "RMSprop",
    "lion": "Lion",
    "lion_32bit": "Lion",
    "muon": "Muon",
    "adamw8bit": "adamw_8bit",
    "adamw_8bit": "adamw_8bit",
    "adamw_bnb_8bit": "adamw_8bit",
    "pagedadamw": "paged_adamw_32bit",
    "pagedadamw32bit": "paged_adamw_32bit",
    "paged_adamw": "paged_adamw_32bit",
    "pagedadamw8bit": "paged_adamw_8bit",
}
_SCHEDULES = frozenset(
    {
        "linear",
        "cosine",
        "cosine_with_restarts",
        "polynomial",
        "constant",
        "constant_with_warmup",
        "inverse_sqrt",
        "reduce_lr_on_plateau",
        "cosine_with_min_lr",
        "warmup_stable_decay",
    }
)
_SCHEDULE_FUNCTION = re.compile(
    r"get_(linear|cosine|cosine_with_hard_restarts|polynomial_decay|constant|inverse_sqrt|wsd)_schedule(_with_warmup)?"
)
_SCHEDULE_NAMES = {
    "cosine_with_hard_restarts": "cosine_with_restarts",
    "polynomial_decay": "polynomial",
    "wsd": "warmup_stable_decay",
}
_TARGETS = {"all": "all-linear", "all_linear": "all-linear"}
_NOTHING = frozenset({"none", "null", "~"})
_DOTTED = frozenset({"dtype", "mixed_precision", "optimizer", "lr_scheduler"})
"""What may be written with its module before it, as `torch.optim.AdamW`."""


def canonical(name: str, value: str) -> str | None:
    """Return a common parameter's text as one writes it for every trainer; None where it says "none"."""
    text = value.strip()
    word = text.rpartition(".")[2].strip()
    said = word if name in _DOTTED else text
    if not said or said.lower() in _NOTHING:
        return None
    match name:
        case "dtype" | "mixed_precision":
            return _in(_DTYPES, word)
        case "optimizer":
            return _in(_OPTIMIZERS, word)
        case "lr_scheduler":
            return _schedule(word)
        case "target_modules":
            return _in(_TARGETS, text)
        case _:
            return value


def canonical_dtype(value: str) -> str:
    """Return a dtype's short name, any other text as it is."""
    return _DTYPES.get(value.removeprefix("torch."), value)


def _in(table: Mapping[str, str], word: str) -> str | None:
    return table.get(word.lower(), word) or None


def _schedule(word: str) -> str | None:
    made = _SCHEDULE_FUNCTION.fullmatch(word)
    if made is None:
        return (word.lower() if word.lower() in _SCHEDULES else word) or None
    if made[1] == "constant":
        return "constant_with_warmup" if made[2] else "constant"
    return _SCHEDULE_NAMES.get(made[1], made[1])
