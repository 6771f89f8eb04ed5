"""Tell how a command ends that only tests: `[ … ]`, `[[ … ]]`, `test`, `((…))`, and what surely succeeds.

Invariant: total; None where only a shell could know.
"""

import re
from collections.abc import Callable, Sequence

from afterall.scan.parameters.scripts.words.patterns import fits

TESTS = ("[", "[[", "test")
_SUCCEEDING = frozenset(
    {
        ":",
        "true",
        "cd",
        "pushd",
        "popd",
        "source",
        ".",
        "module",
        "ml",
        "conda",
        "mkdir",
        "echo",
        "set",
        "ulimit",
    }
)
"""What scripts run and expect to succeed; of other commands it is not known whether they do."""
_NUMBERS: dict[str, Callable[[int, int], bool]] = {
    "-eq": lambda a, b: a == b,
    "-ne": lambda a, b: a != b,
    "-lt": lambda a, b: a < b,
    "-le": lambda a, b: a <= b,
    "-gt": lambda a, b: a > b,
    "-ge": lambda a, b: a >= b,
}
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_MOST_TERMS = 50
_SIGNS = frozenset("*?[")


def tested(words: Sequence[str]) -> bool | None:
    """Return how a command ends, True for success; None where that is unknown."""
    match list(words):
        case ["[", *held, "]"] | ["[[", *held, "]]"] | ["test", *held]:
            return _any_of(held, is_pattern=words[0] == "[[")
        case ["[" | "[[", *_]:
            return None
        case ["!", *rest] if rest:
            told = tested(rest)
            return None if told is None else not told
        case ["false", *_]:
            return False
        case [word, *_]:
            return True if word in _SUCCEEDING else None
        case _:
            return True


def is_test(words: Sequence[str]) -> bool:
    """Tell whether a command does nothing but test."""
    held = [word for word in words[:2] if word != "!"]
    return bool(held) and held[0] in TESTS


def _any_of(words: Sequence[str], *, is_pattern: bool) -> bool | None:
    """Return what terms joined by `-a` and `-o` come to; those by `&&` and `||` are commands' own."""
    terms: list[list[str]] = [[]]
    signs: list[str] = []
    for word in words:
        if word in ("-a", "-o", "&&", "||"):
            signs.append(word)
            terms.append([])
        else:
            terms[-1].append(word)
    if len(terms) > _MOST_TERMS or (len(set(signs)) > 1):
        return None
    told = [_held(term, is_pattern=is_pattern) for term in terms]
    if not signs:
        return told[0]
    decisive = signs[0] in ("-o", "||")
    if decisive in told:
        return decisive
    return None if None in told else not decisive


def _held(words: Sequence[str], *, is_pattern: bool) -> bool | None:
    if any("$" in word for word in words):
        return None
    match words:
        case ["!", *rest] if rest:
            told = _held(rest, is_pattern=is_pattern)
            return None if told is None else not told
        case ["-z", text]:
            return not text
        case ["-n", text]:
            return bool(text)
        case [text] if not text.startswith("-"):
            return bool(text)
        case [one, "=" | "==", other]:
            return _equal(one, other, is_pattern=is_pattern)
        case [one, "!=", other]:
            told = _equal(one, other, is_pattern=is_pattern)
            return None if told is None else not told
        case [one, sign, other] if sign in _NUMBERS and _WHOLE.fullmatch(one) and _WHOLE.fullmatch(other):
            return _NUMBERS[sign](int(one), int(other))
        case _:
            return None


def _equal(one: str, other: str, *, is_pattern: bool) -> bool | None:
    """Compare two texts; between single brackets a pattern's signs may have stood for files' names."""
    if is_pattern:
        return fits(one, other)
    return one == other or (None if set(other) & _SIGNS else False)
