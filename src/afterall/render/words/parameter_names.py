"""Call parameters as the set's owner calls them, and the others as this package does.

Invariant: an owner's name stands as it was typed, in headings and sentences alike, but for a capital where a
sentence begins; `shared` finds every name that would stand for two parameters of a set.
"""

from collections.abc import Collection, Iterator, Mapping

from msgspec import Struct

from afterall.model import Scalar
from afterall.render.words import parameters


class ParameterNames(Struct, frozen=True):
    """How one report calls parameters; `own` are the owner's names by the keys that RESULTS.json has."""

    own: Mapping[str, str] = {}

    def title(self, key: str) -> str:
        """Return a parameter's name as a heading: "LoRA Rank"."""
        return self.own.get(key) or parameters.title(key)

    def phrase(self, key: str) -> str:
        """Return a parameter's name within a sentence: "LoRA rank"."""
        return self.own.get(key) or parameters.phrase(key)

    def plural(self, key: str) -> str:
        """Return the name that several values follow: "seeds"; an owner's name as it is."""
        return self.own.get(key) or f"{parameters.phrase(key)}s"

    def setting(self, key: str, value: Scalar) -> str:
        """Return a parameter with its value, as short as it stays clear: "rank 64"."""
        return parameters.setting(key, value, self.own.get(key, ""))

    def shared(self, keys: Collection[str]) -> Iterator[tuple[str, str]]:
        """Yield each parameter whose own name another of the same set goes by, with that other one."""
        for key in self.own:
            if key in keys:
                other = next((each for each in keys if each != key and self._is_called(each, key)), None)
                if other is not None:
                    yield key, other

    def _is_called(self, other: str, key: str) -> bool:
        names = [self.own[other]] if other in self.own else parameters.names(other)
        return _folded(self.own[key]) in map(_folded, names)


OURS = ParameterNames()
"""What parameters are called where nobody says otherwise."""


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()
