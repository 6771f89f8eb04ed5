"""Work out the whole-number sums of a batch script: `(SLURM_ARRAY_TASK_ID / 4) % 3`.

Invariant: total over any text; other operators, unknown names, division by zero and numbers of more than
MOST_DIGITS digits have no value. Division and remainder truncate, as bash's do.
"""

import re

LONGEST = 200
DEEPEST = 20
MOST_DIGITS = 15
_TOKEN = re.compile(r"\s*(?:([0-9]+)|([-+*/%()]))", re.ASCII)
_OCTAL = re.compile(r"0[0-9]+")
_TRAILING = re.compile(r"\s*\Z")


class _NoSum(Exception):
    """The text is no sum that is worked out here."""


def calculated(text: str) -> str | None:
    """Return the value of an arithmetic expression; None where it has none that is known."""
    try:
        return str(_whole(_tokens(text)))
    except _NoSum:
        return None


def _whole(tokens: list[str]) -> int:
    value = _sum(tokens, 0)
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


def _sum(tokens: list[str], depth: int) -> int:
    value = _product(tokens, depth)
    while tokens and tokens[-1] in ("+", "-"):
        sign = tokens.pop()
        other = _product(tokens, depth)
        value = _bounded(value + other if sign == "+" else value - other)
    return value


def _product(tokens: list[str], depth: int) -> int:
    value = _factor(tokens, depth)
    while tokens and tokens[-1] in ("*", "/", "%"):
        sign = tokens.pop()
        other = _factor(tokens, depth)
        if sign == "*":
            value = _bounded(value * other)
            continue
        if other == 0:
            raise _NoSum
        quotient = abs(value) // abs(other) * (1 if (value < 0) == (other < 0) else -1)
        value = quotient if sign == "/" else value - quotient * other
    return value


def _factor(tokens: list[str], depth: int) -> int:
    if not tokens or depth > DEEPEST:
        raise _NoSum
    match tokens.pop():
        case "(":
            value = _sum(tokens, depth + 1)
            if not tokens or tokens.pop() != ")":
                raise _NoSum
            return value
        case "+":
            return _factor(tokens, depth + 1)
        case "-":
            return -_factor(tokens, depth + 1)
        case digits if digits.isdecimal():
            return _bounded(int(digits[: MOST_DIGITS + 1]))
        case _:
            raise _NoSum


def _bounded(value: int) -> int:
    if abs(value) >= 10**MOST_DIGITS:
        raise _NoSum
    return value
