"""Join a run and the directory beside it that only its last state was saved to: `rank8` and `rank8-final`.

Invariant: pure; two directories are one run only where nothing but a model lies in the one, and its name is
the other's with a word that says so. `qwen` and `qwen-lora` are two.
"""

import re
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from afterall.discover.layout.found import Found
from afterall.discover.layout.locations import Key
from afterall.discover.layout.places import Place

_TOKEN = re.compile(r"[a-z]+|\d+(?:\.\d+)?")
_FINAL = frozenset({"final", "best", "last", "latest", "merged", "model", "weights"})
_WITH_ANOTHER = frozenset({"adapter", "lora", "peft"})
"""Say how a model was trained as well, so that they count beside another such word only."""


def with_final_saves(found: Sequence[Found], places: Mapping[Key, Place]) -> list[Found]:
    """Return the experiments, those that are the last state of one beside them joined to it."""
    runs = [one for one in found if not places[one.key].is_bare_save]
    joined: dict[Key, list[str]] = {}
    kept: list[Found] = []
    for one in found:
        of = _runs_named_alike(one, runs) if places[one.key].is_bare_save else []
        if len(of) == 1:
            joined.setdefault(of[0].key, []).extend(one.roots)
        else:
            kept.append(one)
    return [replace(one, roots=(*one.roots, *joined.get(one.key, ()))) for one in kept]


def _runs_named_alike(one: Found, runs: Sequence[Found]) -> list[Found]:
    own = _tokens(one)
    return [run for run in runs if run.key[:-1] == one.key[:-1] and _is_called_last_of(own, _tokens(run))]


def _is_called_last_of(own: Sequence[str], other: Sequence[str]) -> bool:
    """Return whether a name is another's with words before or behind it that mean a last state."""
    size = len(own) - len(other)
    if size < 1:
        return False
    more = own[len(other) :] if own[: len(other)] == other else own[:size] if own[size:] == other else ()
    is_final = bool(more) and all(word in _FINAL or word in _WITH_ANOTHER for word in more)
    return is_final and not set(more) <= _WITH_ANOTHER


def _tokens(one: Found) -> list[str]:
    return _TOKEN.findall(one.key[-1].lower())
