"""Find the plain values at the top of a torch checkpoint's pickle: counters, world sizes, versions.

Invariant: bounded by MAX_SCALARS and MAX_TEXT, and total over any value; names inside of `NESTED` are dotted.
Source of the names: deepspeed/runtime/engine.py (_save_checkpoint) and zero/stage_1_and_2.py (state_dict),
lightning/pytorch/trainer/connectors/checkpoint_connector.py (dump_checkpoint), Megatron-LM
megatron/training/checkpointing.py (generate_state_dict), transformers training_args.py.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from afterall.model import Scalar
from afterall.scan.checkpoints.formats.pickled import Global, Made

MAX_SCALARS = 500
MAX_TEXT = 200
NESTED = frozenset({"args", "checkpoint_args", "ds_config", "optimizer_state_dict"})
"""Tables and namespaces at the top whose own values are kept: configurations and ZeRO's partitions."""

_MAX_DEPTH = 3
_MAX_LOOKED_AT = 50_000
_LARGEST = 2**63


def top_names(value: Any) -> frozenset[str]:
    """Return the names at the top of a described checkpoint, at most MAX_SCALARS of them."""
    names = (key for key in _table(value) if isinstance(key, str) and len(key) <= MAX_TEXT)
    return frozenset(name for name, _ in zip(names, range(MAX_SCALARS), strict=False))


def scalars(value: Any) -> dict[str, Scalar]:
    """Return the plain values at the top of a described checkpoint and inside of NESTED, by dotted name.

    A list of whole numbers counts as its highest: ZeRO writes its partitions once for each parameter group. A
    member of an enumeration counts as its value, with the enumeration's name under `.class`.
    """
    found: dict[str, Scalar] = {}
    waiting: list[tuple[str, int, Any]] = [("", 0, value)]
    looked_at = 0
    while waiting:
        name, depth, held = waiting.pop()
        for key, part in _table(held).items():
            looked_at += 1
            if len(found) >= MAX_SCALARS or looked_at > _MAX_LOOKED_AT:
                return found
            if not isinstance(key, str) or len(key) > MAX_TEXT:
                continue
            member = _member(part)
            plain = _plain(part if member is None else member[1])
            if plain is not None:
                found[name + key] = plain
                found |= {} if member is None else {f"{name}{key}.class": member[0]}
            elif depth < _MAX_DEPTH and (depth or key in NESTED):
                waiting.append((f"{name}{key}.", depth + 1, part))
    return found


def _table(value: Any) -> Mapping[Any, Any]:
    held = value.state if isinstance(value, Made) else value
    return held if isinstance(held, dict) else {}


def _member(value: Any) -> tuple[str, str] | None:
    """Return class and value of an enumeration's member that is a text, None for anything else."""
    if not isinstance(value, Made) or value.state is not None or not isinstance(value.function, Global):
        return None
    match value.arguments:
        case (str() as member,):
            return value.function.name, member
        case _:
            return None


def _plain(value: Any) -> Scalar:
    match value:
        case bool() | float():
            return value
        case int():
            return value if -_LARGEST <= value < _LARGEST else None
        case str():
            return value if len(value) <= MAX_TEXT else None
        case list() if 0 < len(value) <= MAX_SCALARS and _are_numbers(value):
            return _plain(max(value))
        case _:
            return None


def _are_numbers(values: Iterable[Any]) -> bool:
    return all(type(value) is int for value in values)
