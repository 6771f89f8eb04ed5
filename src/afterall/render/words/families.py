"""Tell by their names whether base models are sizes of one family, which share a tokenizer.

Invariant: names alone tell nothing for sure, so that two are of different families is only ever a doubt.
"""

import re
from collections.abc import Iterable

from afterall.model import Scalar

_PARTS = re.compile(r"[-_\s]+")
_SIZE = re.compile(r"[ae]?(?:\d{1,3}x)?\d{1,4}(?:\.\d{1,3})?[bm]")
"""Of all parameters, or with a letter before them, of those that a token or a device needs: "30b", "a3b"."""
_SAYS_NO_FAMILY = frozenset(
    {
        "4bit",
        "8bit",
        "awq",
        "base",
        "bnb",
        "chat",
        "deduped",
        "fp8",
        "gptq",
        "hf",
        "instruct",
        "int4",
        "int8",
        "it",
        "large",
        "medium",
        "meta",
        "sft",
        "xl",
        "xxl",
    }
)
"""Not "small" or "mini", which Phi-3's sizes with different tokenizers are called."""


def are_of_one_family(models: Iterable[Scalar]) -> bool:
    """Tell whether the names of base models differ in nothing but size, tuning and number format."""
    return len({_family(model) for model in models if isinstance(model, str)}) < 2


def _family(model: str) -> str:
    """Return what is left of a model's name: "qwen25" of "Qwen/Qwen2.5-0.5B-Instruct"."""
    parts = _PARTS.split(model.rstrip("/").rpartition("/")[2].lower())
    kept = [part for part in parts if part not in _SAYS_NO_FAMILY and not _SIZE.fullmatch(part)]
    return re.sub(r"[^a-z0-9]", "", "".join(kept))
