"""Join a run and the directory that only its last state was saved to: `rank8-final`, or `merged/rank8`.

Invariant: pure; two directories are one run only where nothing but a model lies in the one, and its name is
the other's with a word that says so, or the other's in a directory of such a name. `qwen` and `qwen-lora` are
two.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from afterall.discover.layout.found import Found
from afterall.discover.layout.locations import Key
from afterall.discover.layout.places import Place

_TOKEN = re.compile(r"[a-z]+|\d+(?:\.\d+)?")
_FINAL = frozenset({"final", "best", "last", "latest", "merged", "model", "weights"})
_WITH_ANOTHER = frozenset({"adapter", "lora", "peft"})
"""Say how a model was trained as well, so that they count beside another such word only."""
_MADE_OF_IT = frozenset({"merged", "export", "exports", "exported"})
"""Call a directory in which models lie that were made of runs' last states, each by its run's name."""
_WITH_MODELS = _WITH_ANOTHER | {"model", "models", "weights", "full"}
_Name = tuple[Key, tuple[str, ...]]
"""The place above, and the words of a name."""


def with_final_saves(found: Sequence[Found], places: Mapping[Key, Place]) -> list[Found]:
    """Return the experiments, those that are the last state of one beside them joined to it."""
    named: dict[_Name, list[Found]] = {}
    for one in found:
        if not places[one.key].is_bare_save:
            named.setdefault((one.key[:-1], _tokens(one)), []).append(one)
    joined: dict[Key, list[str]] = {}
    kept: list[Found] = []
    for one in found:
        of = _runs_named_alike(one, named) if places[one.key].is_bare_save else []
        if len(of) == 1:
            joined.setdefault(of[0].key, []).extend(one.roots)
        else:
            kept.append(one)
    for key, roots in _made_of_runs(kept, places):
        joined.setdefault(key, []).extend(roots)
    return [replace(one, roots=(*one.roots, *joined.get(one.key, ()))) for one in kept]


def _made_of_runs(found: Sequence[Found], places: Mapping[Key, Place]) -> Iterator[tuple[Key, list[str]]]:
    """Yield, by the run's key, the directories like `merged/rank8` in which nothing but a model lies."""
    keys = {one.key for one in found}
    for key, place in places.items():
        if key in keys or len(key) < 2 or place.traces or not _is_made_of_it(key[-2]):
            continue
        run = (*key[:-2], key[-1])
        if run in keys:
            yield run, sorted(place.roots)


def _is_made_of_it(name: str) -> bool:
    words = set(_TOKEN.findall(name.lower()))
    return not words.isdisjoint(_MADE_OF_IT) and words <= _MADE_OF_IT | _WITH_MODELS


def _runs_named_alike(one: Found, named: Mapping[_Name, Sequence[Found]]) -> list[Found]:
    """Return the runs whose name it bears, with words before or behind that mean a last state."""
    own = _tokens(one)
    names = {own[:size] for size in range(len(own)) if _is_last_state(own[size:])}
    names |= {own[size:] for size in range(1, len(own) + 1) if _is_last_state(own[:size])}
    return [run for name in names for run in named.get((one.key[:-1], name), ())]


def _is_last_state(words: Sequence[str]) -> bool:
    return _FINAL.union(_WITH_ANOTHER).issuperset(words) and not _WITH_ANOTHER.issuperset(words)


def _tokens(one: Found) -> tuple[str, ...]:
    return tuple(_TOKEN.findall(one.key[-1].lower()))
