"""Shorten the values of common parameters to what people call them: a model without its directory.

Invariant: a value that cannot be one of its parameter (a batch size of "auto", a step limit of -1) is None.
"""

import re

from afterall.model import Scalar
from afterall.scan.parameters.canonical import canonical
from afterall.scan.parameters.unordered import in_one_order
from afterall.scan.parameters.values import typed

_NUMBERS = frozenset(
    {
        "lora_rank",
        "lora_alpha",
        "lora_dropout",
        "learning_rate",
        "weight_decay",
        "batch_size",
        "gradient_accumulation_steps",
        "epochs",
        "max_steps",
        "warmup_steps",
        "warmup_ratio",
        "max_grad_norm",
        "seed",
        "max_seq_len",
        "samples",
    }
)
_POSITIVE = frozenset(
    {
        "max_steps",
        "epochs",
        "batch_size",
        "samples",
        "max_seq_len",
        "gradient_accumulation_steps",
        "lora_rank",
    }
)
"""A `rank` of 0 is a process's, and an adapter's never."""
_FLAGS = frozenset({"packed", "train_on_input", "use_dora", "use_rslora", "load_in_4bit", "load_in_8bit"})
_CACHED = re.compile(r"models--(?:[\w.-]+?--)?([\w.-]+)/snapshots/")
_STATE = re.compile(
    r"(?:epoch|step|checkpoint|global_step|iter)[_-]?\d+|final|last|best|original|hf|model|output|merged"
)


def shortened(name: str, value: Scalar) -> Scalar:
    """Return the value of a common parameter as people write it; None where it says nothing."""
    if name in _NUMBERS:
        return _number(name, value)
    if name in _FLAGS:
        flag = typed(value) if isinstance(value, str) else value
        return bool(flag) if flag in (0, 1) else flag if isinstance(flag, str) else None
    if name == "target_modules":
        value = in_one_order(name, value)
    text = canonical(name, value) if isinstance(value, str) else None
    if text is None:
        return None
    match name:
        case "model":
            return _model(text)
        case "dataset":
            return text.rstrip("/").rpartition("/")[2] if text.startswith(("/", ".", "~")) else text
        case _:
            return text


def _number(name: str, value: Scalar) -> Scalar:
    number = typed(value) if isinstance(value, str) else value
    if isinstance(number, bool) or not isinstance(number, int | float):
        return None
    return None if name in _POSITIVE and number <= 0 else number


def _model(path: str) -> str | None:
    """Return a model's own name; of a checkpoint of another run, the run's and the checkpoint's."""
    cached = _CACHED.search(path)
    if cached is not None:
        return cached[1]
    parts = [part for part in path.split("/") if part not in ("", ".", "..")]
    if not parts:
        return None
    return "/".join(parts[-2:]) if len(parts) > 1 and _STATE.fullmatch(parts[-1].lower()) else parts[-1]
