"""Work out the whole-number sums of a batch script: `(SLURM_ARRAY_TASK_ID / 4) % 3`, `N < 3 ? 8 : 16`.

Invariant: total over any text; other operators, unknown names, division by zero and numbers of more than
MOST_DIGITS digits have no value. Division and remainder truncate, as bash's do.
"""

import re
from collections.abc import Callable

LONGEST = 200
DEEPEST = 20
MOST_DIGITS = 15
_TOKEN = re.compile(r"\s*(?:([0-9]+)|(\*\*|<=|>=|==|!=|&&|\|\||[-+*/%()<>!?:]))", re.ASCII)
_OCTAL = re.compile(r"0[0-9]+")
_TRAILING = re.compile(r"\s*\Z")
_CHANGED = re.compile(
    r"(?<!\w)([A-Za-z_]\w{0,100})\s{0,9}(?:\[[^\]]{0,100}\]\s{0,9})?(?:(?:<<|>>|[-+*/%&|^])?=(?!=)|\+\+|--)"
    r"|(?:\+\+|--)\s{0,9}([A-Za-z_]\w{0,100})",
    re.ASCII,
)


class _NoSum(Exception):
    """The text is no sum that is worked out here."""


def changed_names(text: str) -> list[str]:
    """Return the variables that an expression changes while it is worked out: `i++`, `N += 2`."""
    return [found[1] or found[2] for found in _CHANGED.finditer(text)]


def calculated(text: str) -> str | None:
    """Return the value of an arithmetic expression; None where it has none that is known."""
    try:
        return str(_whole(_tokens(text)))
    except _NoSum:
        return None


def _whole(tokens: list[str]) -> int:
    value = _choice(tokens, 0)
    if tokens:
        raise _NoSum
    return value


def _tokens(text: str) -> list[str]:
    """Return numbers and operators, the first one last; a leading zero would make a number octal."""
    found: list[str] = []
    at = 0
    while not _TRAILING.match(text, at):
        token = _TOKEN.match(text, at)
        if token is None or len(text) > LONGEST or _OCTAL.fullmatch(token[1] or ""):
            raise _NoSum
        found.append(token[1] or token[2])
        at = token.end()
    return found[::-1]


def _choice(tokens: list[str], depth: int) -> int:
    """Return the value of `A ? B : C`, or of A where nothing is chosen."""
    value = _binary(tokens, depth, 0)
    if not tokens or tokens[-1] != "?":
        return value
    if depth > DEEPEST:
        raise _NoSum
    tokens.pop()
    one = _choice(tokens, depth + 1)
    if not tokens or tokens.pop() != ":":
        raise _NoSum
    other = _choice(tokens, depth + 1)
    return one if value else other


def _quotient(one: int, other: int) -> int:
    if other == 0:
        raise _NoSum
    return abs(one) // abs(other) * (1 if (one < 0) == (other < 0) else -1)


_LEVELS: tuple[dict[str, Callable[[int, int], int]], ...] = (
    {"||": lambda a, b: int(bool(a) or bool(b))},
    {"&&": lambda a, b: int(bool(a) and bool(b))},
    {"==": lambda a, b: int(a == b), "!=": lambda a, b: int(a != b)},
    {
        "<": lambda a, b: int(a < b),
        ">": lambda a, b: int(a > b),
        "<=": lambda a, b: int(a <= b),
        ">=": lambda a, b: int(a >= b),
    },
    {"+": lambda a, b: a + b, "-": lambda a, b: a - b},
    {"*": lambda a, b: a * b, "/": _quotient, "%": lambda a, b: a - _quotient(a, b) * b},
)
"""The operators, those that bind least first."""


def _binary(tokens: list[str], depth: int, level: int) -> int:
    if level == len(_LEVELS):
        return _power(tokens, depth)
    value = _binary(tokens, depth, level + 1)
    while tokens and tokens[-1] in _LEVELS[level]:
        value = _bounded(_LEVELS[level][tokens.pop()](value, _binary(tokens, depth, level + 1)))
    return value


def _power(tokens: list[str], depth: int) -> int:
    value = _factor(tokens, depth)
    if not tokens or tokens[-1] != "**":
        return value
    if depth > DEEPEST:
        raise _NoSum
    tokens.pop()
    exponent = _power(tokens, depth + 1)
    if not 0 <= exponent <= MOST_DIGITS * 4:
        raise _NoSum
    return _bounded(value**exponent)


def _factor(tokens: list[str], depth: int) -> int:
    if not tokens or depth > DEEPEST:
        raise _NoSum
    match tokens.pop():
        case "(":
            value = _choice(tokens, depth + 1)
            if not tokens or tokens.pop() != ")":
                raise _NoSum
            return value
        case "+":
            return _factor(tokens, depth + 1)
        case "-":
            return -_factor(tokens, depth + 1)
        case "!":
            return int(not _factor(tokens, depth + 1))
        case digits if digits.isdecimal():
            return _bounded(int(digits[: MOST_DIGITS + 1]))
        case _:
            raise _NoSum


def _bounded(value: int) -> int:
    if abs(value) >= 10**MOST_DIGITS:
        raise _NoSum
    return value
