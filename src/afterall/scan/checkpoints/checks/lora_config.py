"""Read what an adapter_config.json says of a LoRA adapter into a record, total over any JSON.

Invariant: patterns that a user wrote are kept as text and never run as regular expressions; what could only
be told by running one is left open.
Source: peft 0.6 to 0.21, tuners/lora/config.py, tuners/tuners_utils.py, utils/other.py (get_pattern_key).
"""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

_PLAIN = re.compile(r"(?P<anchor>\^?)(?P<text>[\w.-]+)")
_MOST_COMPONENTS = 64
_OTHER_SHAPES = ("use_bdlora", "arrow_config")
"""Variants whose tensors have other shapes than a plain pair's (block-diagonal, routed)."""


class Ranks(Struct, frozen=True):
    """The ranks a configuration gives: `r`, and what `rank_pattern` gives instead, first key first."""

    default: int | None = None
    suffixes: dict[str, tuple[int, int]] = {}
    """Place in the pattern and rank, by the end of a module's name."""
    exact: dict[str, tuple[int, int]] = {}
    """The same by a module's whole name, for keys that begin with "^"."""
    unclear: dict[int, int] = {}
    """Ranks of keys that only a regular expression could match, with the first place of each."""

    def due(self, module: str) -> tuple[float, int | None]:
        """Return the place of the first key that means this module, infinity for none, and its rank."""
        named = [self.suffixes[end] for end in endings(module) if end in self.suffixes]
        named.extend([self.exact[module]] if module in self.exact else [])
        return min(named, default=(math.inf, self.default))

    def allows(self, module: str, rank: int) -> bool:
        """Return False where a module of this rank is not what the configuration says."""
        place, due = self.due(module)
        return due is None or rank == due or self.unclear.get(rank, math.inf) < place

    @property
    def vary(self) -> bool:
        """True where there is any pattern."""
        return bool(self.suffixes or self.exact or self.unclear)


class LoraConfig(Struct, frozen=True, kw_only=True):
    """What the checks need of a configuration."""

    path: str
    ranks: Ranks
    targets: tuple[str, ...] = ()
    """Empty where they are a pattern or "all-linear"."""
    excluded: frozenset[str] | None = frozenset()
    """None: a pattern, so that nobody can tell."""
    saved: tuple[str, ...] = ()
    """Modules that are saved whole, beside the adapter."""
    parameters: frozenset[str] = frozenset()
    """Modules whose own parameters are adapted, all experts in one tensor."""
    layers: frozenset[int] | None = None
    """The only layers that are adapted; None: all."""
    drops_layers: bool = False
    """True where the initialisation may leave out layers (EVA gives some of them rank 0)."""
    has_magnitudes: bool = False
    """True for DoRA."""
    has_tokens: bool = False
    """True where single tokens of an embedding are trained."""


def is_lora(document: Mapping[str, Any]) -> bool:
    """Return True where the configuration is of plain LoRA or one of its variants with the same shapes."""
    other = any(document.get(key) for key in _OTHER_SHAPES)
    return document.get("peft_type", "LORA") == "LORA" and not other


def parse_lora_config(path: str, document: Mapping[str, Any]) -> LoraConfig:
    """Return what the configuration at `path` says."""
    excluded = document.get("exclude_modules")
    return LoraConfig(
        path=path,
        ranks=_ranks(document),
        targets=_names(document.get("target_modules")),
        excluded=None if isinstance(excluded, str) and excluded else frozenset(_names(excluded)),
        saved=_names(document.get("modules_to_save"))[:_MOST_COMPONENTS],
        parameters=frozenset(name.rpartition(".")[0] for name in _names(document.get("target_parameters"))),
        layers=_layers(document.get("layers_to_transform")),
        drops_layers=document.get("init_lora_weights") == "eva",
        has_magnitudes=document.get("use_dora") is True,
        has_tokens=bool(document.get("trainable_token_indices")),
    )


def endings(module: str) -> Iterator[str]:
    """Go through the ends of a module's name that begin at a component, the whole name last."""
    at = len(module)
    for _ in range(_MOST_COMPONENTS):
        at = module.rfind(".", 0, at)
        yield module[at + 1 :]
        if at < 0:
            return


def _ranks(document: Mapping[str, Any]) -> Ranks:
    default = document.get("r")
    ranks = Ranks(default if type(default) is int else None, {}, {}, {})
    pattern = document.get("rank_pattern")
    # peft before 0.15 matched no key that begins with "^"; from 0.18 on it writes its version.
    is_anchored = "peft_version" in document
    for place, (key, rank) in enumerate(pattern.items() if isinstance(pattern, dict) else ()):
        plain = _PLAIN.fullmatch(key)
        if type(rank) is not int:
            continue
        if plain is None or (plain["anchor"] and not is_anchored):
            ranks.unclear.setdefault(rank, place)
        else:
            (ranks.exact if plain["anchor"] else ranks.suffixes).setdefault(plain["text"], (place, rank))
    return ranks


def _names(value: object) -> tuple[str, ...]:
    """Return the strings of a list; a name of more components than are compared is left out."""
    names = (name for name in value if isinstance(name, str)) if isinstance(value, list) else ()
    return tuple(name for name in names if name and name.count(".") < _MOST_COMPONENTS)


def _layers(value: object) -> frozenset[int] | None:
    numbers = value if isinstance(value, list) else [value]
    return frozenset(number for number in numbers if type(number) is int) or None
