"""Work out what commands print of their own words: echo, seq, printf, tr, basename, dirname, expr, python -c.

Invariant: nothing is read or run; an option that is not known here gives None.
"""

import re
from collections.abc import Sequence

from afterall.scan.parameters.scripts.arithmetic import calculated
from afterall.scan.parameters.scripts.given import Lines, Reader
from afterall.scan.parameters.scripts.outputs.one_liners import printed

MOST_COUNTED = 10_000
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_DECIMAL = re.compile(r"0|-?[1-9][0-9]{0,17}")
"""A number that printf does not read as octal."""
_FORMAT = re.compile(r"%(?:(0?)(\d{1,2}))?([ds])")


def echo(words: list[str], _lines: Lines | None, _read: Reader) -> Lines | None:
    """Return its words."""
    return " ".join(words).split("\n") if not words or not words[0].startswith("-") else None


def basename(words: list[str], _lines: Lines | None, _read: Reader) -> Lines | None:
    """Return a path's last part."""
    if not 1 <= len(words) <= 2 or words[0].startswith("-"):
        return None
    name = words[0].rstrip("/").rpartition("/")[2]
    return [name.removesuffix(words[1]) if len(words) == 2 and name != words[1] else name]


def dirname(words: list[str], _lines: Lines | None, _read: Reader) -> Lines | None:
    """Return what a path's last part lies in."""
    if len(words) != 1 or words[0].startswith("-"):
        return None
    above, slash, _ = words[0].rstrip("/").rpartition("/")
    return [above or ("/" if slash else ".")]


def expr(words: list[str], _lines: Lines | None, _read: Reader) -> Lines | None:
    """Return a sum's value."""
    told = calculated(" ".join(words))
    return None if told is None else [told]


def seq(words: list[str], _lines: Lines | None, _read: Reader) -> Lines | None:
    """Return numbers in order."""
    between = None
    if words and words[0].startswith("-s"):
        between, words = words[0][2:] or (words[1] if len(words) > 1 else ""), words[1 + (words[0] == "-s") :]
    if not 1 <= len(words) <= 3 or not all(_WHOLE.fullmatch(word) for word in words):
        return None
    numbers = [int(word) for word in words]
    first, step, last = {1: (1, 1, numbers[-1]), 2: (numbers[0], 1, numbers[-1])}.get(len(numbers)) or numbers
    told = range(first, last + (1 if step > 0 else -1), step) if step else range(0)
    if len(told) > MOST_COUNTED:
        return None
    return [str(number) for number in told] if between is None else [between.join(map(str, told))]


def tr(words: list[str], lines: Lines | None, _read: Reader) -> Lines | None:
    """Return the lines with single signs exchanged or deleted; ranges and classes are not known here."""
    if lines is None or len(words) != 2:
        return None
    one, other = words
    if one == "-d" and not set(other) & set("\\[-"):
        return [line.translate({ord(sign): None for sign in other}) for line in lines]
    is_plain = len(one) == len(other) == 1 and "\\" not in one + other
    return [line.replace(one, other) for line in lines] if is_plain else None


def printf(words: list[str], _lines: Lines | None, _read: Reader) -> Lines | None:
    """Return its words in a format."""
    told = formatted(words[0], words[1:]) if words and not words[0].startswith("-") else None
    return None if told is None else told.split("\n")


def formatted(text: str, values: Sequence[str]) -> str | None:
    """Return what printf makes of a format, its last line's end apart; None for more than %s and %d."""
    text = text.removesuffix("\\n").replace("\\n", "\n").replace("\\t", "\t").replace("%%", "\1")
    if any("$" in word for word in (text, *values)) or "\\" in text:
        return None
    given = iter(values)

    def put(found: re.Match[str]) -> str:
        value = next(given, "")
        is_number = found[3] == "d" and _DECIMAL.fullmatch(value) is not None
        if found[3] == "d" and not is_number:
            return "$"
        return value.rjust(int(found[2] or 0), "0" if found[1] and is_number else " ")

    told = _FORMAT.sub(put, text)
    is_whole = "$" not in told and "%" not in told and next(given, None) is None
    return told.replace("\1", "%") if is_whole else None


def python(words: list[str], lines: Lines | None, _read: Reader) -> Lines | None:
    """Return what a line that only calculates prints."""
    told = printed(words[1]) if len(words) == 2 and words[0] == "-c" and lines is None else None
    return None if told is None else told.split("\n")


def xargs(words: list[str], lines: Lines | None, _read: Reader) -> Lines | None:
    """Return the words of all lines in one."""
    if words or lines is None or any(set(line) & set("'\"\\") for line in lines):
        return None
    return [" ".join(" ".join(lines).split())]
