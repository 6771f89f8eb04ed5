"""Change a known text as `${NAME#…}`, `${NAME%…}`, `${NAME/…/…}`, `${NAME^^}` and `${NAME:1:2}` do.

Invariant: total; an operator that is not known here, or a text too long to try patterns on, gives None.
"""

import re
from fnmatch import translate

LONGEST = 2_000
_SLICE = re.compile(r":\s*(\d{1,6}|\s-\d{1,6}|\(-\d{1,6}\))(?::\s*(-?\d{1,6}))?\s*", re.ASCII)
_BEYOND = re.compile(r"[@!?+*]\(|\[\^|\[:|\\")
"""Signs that mean another thing to a shell than to `fnmatch`, or none: `@(a|b)`, `[^a]`, `[[:digit:]]`."""
_SIGNS = "*?[\\]-!^"
_MARKS = "\1\2\3\4\5\6\7\b"
_MARKED = str.maketrans(_SIGNS, _MARKS)
_PLAIN = str.maketrans(_MARKS, _SIGNS)
_ALONE = str.maketrans(dict(zip(_MARKS, ("[*]", "[?]", "[[]", *_SIGNS[3:]), strict=True)))
_CASES = {"^^": str.upper, ",,": str.lower}


def marked(text: str) -> str:
    """Return a text that stood in quotes, as it may be put into a pattern: its signs mean themselves."""
    return text.translate(_MARKED)


def unmarked(text: str) -> str:
    """Return a text without the marks of quotes."""
    return text.translate(_PLAIN)


def changed(text: str, operator: str, words: tuple[str, ...]) -> str | None:
    """Return `text` changed by an operator and its words, variables put into these already."""
    if len(text) > LONGEST or len(words[0]) > LONGEST or any("$" in word for word in words):
        return None
    match operator, words:
        case "#" | "##" | "%" | "%%", (pattern,):
            return _cut(text, operator, pattern)
        case "/" | "//" | "/#" | "/%", (pattern, replacement):
            return _replaced(text, operator, pattern, replacement)
        case "^^" | ",,", ("",):
            return _CASES[operator](text)
        case "^" | ",", ("",):
            return _CASES[operator * 2](text[:1]) + text[1:]
        case ":", (rest,):
            return _sliced(text, f":{rest}")
        case _:
            return None


def fits(text: str, pattern: str) -> bool | None:
    """Tell whether all of a text fits a shell's pattern; None for signs not known here, or far too many.

    In both what stood in quotes may be `marked`: it means itself.
    """
    text = unmarked(text)
    plain = unmarked(pattern)
    if _BEYOND.search(pattern):
        return None
    if not set(pattern) & set("*?[\\"):
        return text == plain
    is_mixed = "[" in pattern and plain != pattern
    if is_mixed or len(text) > LONGEST or len(pattern) > LONGEST or pattern.count("*") > 5:
        return None
    return re.fullmatch(translate(pattern.translate(_ALONE)), text) is not None


def _cut(text: str, operator: str, pattern: str) -> str | None:
    """Return what is left without the shortest or longest beginning or end that fits."""
    lengths = range(len(text) + 1) if len(operator) == 1 else range(len(text), -1, -1)
    for length in lengths:
        part = text[:length] if operator[0] == "#" else text[len(text) - length :]
        is_fitting = fits(part, pattern)
        if is_fitting is None:
            return None
        if is_fitting:
            return text[length:] if operator[0] == "#" else text[: len(text) - length]
    return text


def _replaced(text: str, operator: str, pattern: str, replacement: str) -> str | None:
    if set(pattern) & set("*?[\\") or "&" in replacement or "\\" in replacement:
        return None
    pattern = unmarked(pattern)
    if operator == "/#":
        return replacement + text.removeprefix(pattern) if text.startswith(pattern) else text
    if operator == "/%":
        return text.removesuffix(pattern) + replacement if text.endswith(pattern) else text
    return text.replace(pattern, replacement, -1 if operator == "//" else 1) if pattern else text


def _sliced(text: str, rest: str) -> str | None:
    found = _SLICE.fullmatch(rest)
    if found is None:
        return None
    begin = int(found[1].strip(" ()"))
    begin = begin if begin >= 0 else len(text) + begin
    if begin < 0:
        return ""
    end = len(text) if found[2] is None else int(found[2]) + (begin if int(found[2]) >= 0 else len(text))
    return text[begin:end] if end >= begin else None
