"""Match paths of a set against the globs of `afterall.toml`.

Invariant: matching is by component, so "*" never crosses a "/", and "**" stands for any number of components.
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase


def matches_any(path: str, patterns: Iterable[str]) -> bool:
    """Return whether `path` as a whole matches one of the globs; a trailing "/" of a glob is ignored."""
    parts = path.split("/")
    return any(_matches(parts, pattern.strip("/").split("/")) for pattern in patterns)


def _matches(parts: list[str], pattern: list[str]) -> bool:
    # reachable[j]: the components read so far can be matched by the first j parts of the pattern
    reachable = [True] + [False] * len(pattern)
    for j, piece in enumerate(pattern):
        reachable[j + 1] = reachable[j] and piece == "**"
    for part in parts:
        following = [False] * (len(pattern) + 1)
        for j, piece in enumerate(pattern):
            if piece == "**":
                following[j + 1] = reachable[j + 1] or following[j] or reachable[j]
            else:
                following[j + 1] = reachable[j] and (piece == part or fnmatchcase(part, piece))
        reachable = following
    return reachable[-1]
