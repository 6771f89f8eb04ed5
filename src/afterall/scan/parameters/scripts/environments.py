"""Tell what the words before a shell's name do to its variables: `LR=3 bash`, `srun --export=LR=3`, `env -i`.

Invariant: pure; a program that hands less on than it has may hand on anything else, so nothing is sure then.
"""

from collections.abc import Sequence
from typing import NamedTuple

from afterall.scan.parameters.scripts.words.syntax import ASSIGNMENT

_ELSEWHERE = frozenset({"ssh", "sudo", "su", "pdsh", "clush", "docker", "podman"})
_TAKING = {
    "env": frozenset({"-", "-i", "-u", "--ignore-environment"}),
    "apptainer": frozenset({"-e", "-C", "--cleanenv", "--containall"}),
    "singularity": frozenset({"-e", "-C", "--cleanenv", "--containall"}),
}
"""By program, the options with which it hands on less than it has."""


class Environment(NamedTuple):
    """What a shell is given for itself."""

    values: dict[str, str]
    is_whole: bool
    """True where it also has all that is exported."""


def environment(before: Sequence[str]) -> Environment:
    """Return what the words in front of a shell's name give to it."""
    values: dict[str, str] = {}
    is_whole = not any(_takes(word.rpartition("/")[2], before[at + 1 :]) for at, word in enumerate(before))
    for last, word in zip(("", *before), before, strict=False):
        name, equals, told = word.partition("=")
        option, told = (name, told) if equals and name.startswith("-") else (last, word)
        if option in ("--export", "--env"):
            pairs = told.split(",")
            is_whole = is_whole and (option == "--env" or "ALL" in pairs)
        else:
            pairs = [word]
        found = filter(None, map(ASSIGNMENT.fullmatch, pairs))
        values |= {pair[1]: "$" if pair[2] else pair[3] for pair in found}
    return Environment(values, is_whole)


def _takes(program: str, options: Sequence[str]) -> bool:
    is_less = any(word in _TAKING.get(program, ()) or word.startswith("--unset=") for word in options)
    return program in _ELSEWHERE or (program in _TAKING and is_less)
