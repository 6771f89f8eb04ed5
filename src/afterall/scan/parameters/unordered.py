"""Write settings whose lists mean sets in one order: `v_proj, q_proj` and `q_proj, v_proj` are one value.

Invariant: only order, repetitions and punctuation of such a list change; every other setting, and a pattern
in the place of a list, stays as it was written.
"""

import re
from collections.abc import Sequence

from afterall.model import Scalar
from afterall.scan.parameters.values import listed, typed

SETS = (
    "additional_target",
    "apollo_target",
    "attn_modules",
    "exclude_modules",
    "extra_modules",
    "feedforward_modules",
    "galore_target",
    "layer_cls_to_wrap",
    "layers_to_transform",
    "lora_target",
    "modules_to_not_convert",
    "modules_to_save",
    "report_to",
    "sharded_layers",
    "skip_modules",
    "target_modules",
    "target_parameters",
    "trainable_modules",
    "trainable_token_indices",
    "unfrozen_parameters",
)
"""How settings end whose lists are sets: those of PEFT, torchtune, Transformers, axolotl and LLaMA-Factory.

PEFT makes a Python set of `target_modules` (LoraConfig.__post_init__) and saves it in the order it has there,
which is another in every process.
"""

_SET = re.compile(rf"(?:^|[._])(?:{'|'.join(SETS)})$")
_ENCLOSED = re.compile(r"\[(.*)\]|\((.*)\)|\{(.*)\}", re.DOTALL)
_BETWEEN = re.compile(r"[,\s]+")
_MEMBER = re.compile(r"[\w.*/:-]+")
_DIGITS = re.compile(r"([0-9]+)")


def means_a_set(key: str) -> bool:
    """Tell whether the list under a dotted key is a set by the setting's meaning."""
    return _SET.search(key.replace("-", "_")) is not None


def in_one_order(key: str, value: Scalar | Sequence[Scalar]) -> Scalar:
    """Return a setting's value, the members of a set in natural order and each of them once.

    Members are a list's, or stand in text, however the list was written there: `a, b`, `a,b`, `[a, b]`,
    `['a', 'b']`. One number alone is that number, as PEFT has it for one layer.
    """
    if not means_a_set(key):
        return value if isinstance(value, Scalar) else listed(value)
    members: set[str]
    if isinstance(value, str):
        members = _members(value)
    elif isinstance(value, Scalar):
        return value
    else:
        members = {str(member) for member in value}
    if not all(_MEMBER.fullmatch(member) for member in members):
        return value if isinstance(value, Scalar) else listed(value)
    in_order: list[str] = sorted(members, key=_natural)
    ordered = listed(in_order)
    return typed(ordered) if ordered.isdecimal() else ordered


def _members(text: str) -> set[str]:
    enclosed = _ENCLOSED.fullmatch(text.strip())
    inner = text if enclosed is None else next(part for part in enclosed.groups() if part is not None)
    return {word.strip("\"'") for word in _BETWEEN.split(inner.strip(" \t\n,"))}


def _natural(member: str) -> tuple[list[tuple[int, str]], str]:
    """Return a sort key in which runs of digits, every second part, count as numbers of any length."""
    parts = [part.lstrip("0") if at % 2 else part for at, part in enumerate(_DIGITS.split(member))]
    return [(len(part) if at % 2 else 0, part) for at, part in enumerate(parts)], member
