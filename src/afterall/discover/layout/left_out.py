"""Tell which directories of a set a person left out of it.

Invariant: pure over paths; nothing in such a directory, and no job that worked or wrote there, speaks for an
experiment, whatever it is called.
"""

from collections.abc import Iterable

from afterall.discover.names.directories import is_container, is_no_experiment
from afterall.discover.names.globs import matches_any
from afterall.settings import SetSettings


class LeftOut:
    """Answers whether a directory was excluded, or is a run that the manifest's globs do not name."""

    def __init__(self, settings: SetSettings, roots: Iterable[str]) -> None:
        """Take the experiments' directories: neither they nor what is above them is left out."""
        self._excluded = settings.exclude
        self._only_named = bool(settings.experiments)
        self._roots = frozenset(roots)
        self._above = {root[:cut] for root in self._roots for cut, sign in enumerate(root) if sign == "/"}

    def holds(self, directory: str) -> bool:
        """Return whether `directory`, relative to the set, is or lies in one that was left out."""
        prefix = ""
        for name in directory.split("/") if directory else ():
            prefix = f"{prefix}/{name}".lstrip("/")
            if prefix in self._roots:
                return False
            if matches_any(prefix, self._excluded):
                return True
            if self._only_named and prefix not in self._above and _names_a_run(name):
                return True
        return False


def _names_a_run(name: str) -> bool:
    return not (is_container(name) or is_no_experiment(name))
