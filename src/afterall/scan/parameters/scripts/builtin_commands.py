"""Know the shell's own commands that set variables: read, mapfile, printf -v, unset, set, shift.

Invariant: a value that is not known as a whole is None, and its variable is forgotten; so is one that a
command changes in a way that is not followed here, as `((I++))` or `eval`.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from afterall.scan.parameters.scripts.variables import Variables

Told = dict[str, str | list[str] | None]
MOST_POSITIONS = 21
_NAME = re.compile(r"[A-Za-z_]\w{0,100}", re.ASCII)
_CHANGED = re.compile(
    r"(?<!\w)([A-Za-z_]\w{0,100})\s{0,9}(?:\[[^\]]{0,100}\]\s{0,9})?(?:(?:<<|>>|[-+*/%&|^])?=(?!=)|\+\+|--)"
    r"|(?:\+\+|--)\s{0,9}([A-Za-z_]\w{0,100})",
    re.ASCII,
)
_ASSIGNED = re.compile(r"(?<!\w)([A-Za-z_]\w{0,100})(?:\[[^\]]{0,100}\])?\+?=", re.ASCII)
_ELEMENT = re.compile(r"([A-Za-z_]\w{0,100})\[[^\]]{1,100}\]\+?=", re.ASCII)
_FORMAT = re.compile(r"%(?:(0?)(\d{1,2}))?([ds])")
_INTO_ARRAY = frozenset({"-a", "-ra", "-ar"})
_WHOLE = re.compile(r"-?[0-9]{1,18}")


def settings_of(words: Sequence[str], variables: Variables) -> Told | None:
    """Return what a command sets; None for a command that sets nothing by itself."""
    between = words[0][4:] if words and words[0].startswith("IFS=") else None
    rest = words if between is None else words[1:]
    known = _KNOWN.get(rest[0]) if rest else None
    return None if known is None else known(list(rest[1:]), variables, between)


def changed_by(words: Sequence[str]) -> Iterator[str]:
    """Yield the variables that `((…))`, `let`, `eval`, `getopts` or `ARRAY[1]=…` give another value."""
    first = words[0] if words else ""
    if first.startswith("((") or first == "let":
        yield from (found[1] or found[2] for found in _CHANGED.finditer(" ".join(words)))
    elif first == "eval":
        yield from _ASSIGNED.findall(" ".join(words))
    elif first == "getopts":
        yield from words[2:3]
    for word in words:
        element = _ELEMENT.match(word)
        if element is None:
            break
        yield element[1]


def _input(words: list[str], variables: Variables) -> tuple[list[str], list[str] | None]:
    """Return a command's words before what it reads, and the lines of that; None where they are unknown."""
    for at, word in enumerate(words[:-1]):
        if word == "<<<":
            told = words[at + 1]
            return words[:at], None if "$" in told else told.split("\n")
        if word == "<":
            lines = variables.lines(words[at + 1])
            return words[:at], None if lines is None else list(lines)
    return words, None


def _read(words: list[str], variables: Variables, between: str | None) -> Told:
    words, lines = _input(words, variables)
    options = {word for word in words if word.startswith("-")}
    into_array = not options.isdisjoint(_INTO_ARRAY)
    names = [word for word in words if _NAME.fullmatch(word)]
    if not lines or (between is not None and len(between) != 1) or options - _INTO_ARRAY - {"-r"}:
        return dict.fromkeys(names)
    parts = [part.strip() for part in lines[0].split(between)] if between else lines[0].split()
    if into_array:
        return dict.fromkeys(names[:1], parts)
    rest = (between or " ").join(parts[len(names) - 1 :])
    values = [*parts[: len(names) - 1], rest] if len(parts) >= len(names) else [*parts, *[""] * len(names)]
    return dict(zip(names, values, strict=False))


def _map_file(words: list[str], variables: Variables, _between: str | None) -> Told:
    words, lines = _input(words, variables)
    names = [word for word in words if _NAME.fullmatch(word)]
    return dict.fromkeys(names[-1:], lines)


def _printf(words: list[str], _variables: Variables, _between: str | None) -> Told | None:
    match words:
        case ["-v", name, text, *values] if _NAME.fullmatch(name):
            return {name: _formatted(text, values)}
        case _:
            return None


def _formatted(text: str, values: list[str]) -> str | None:
    if any("$" in word for word in (text, *values)) or "\\" in text:
        return None
    given = iter(values)

    def put(found: re.Match[str]) -> str:
        value = next(given, "")
        is_number = found[3] == "d" and _WHOLE.fullmatch(value) is not None
        if found[3] == "d" and not is_number:
            return "$"
        return value.rjust(int(found[2] or 0), "0" if found[1] and is_number else " ")

    told = _FORMAT.sub(put, text.replace("%%", "\0"))
    is_whole = "$" not in told and "%" not in told and next(given, None) is None
    return told.replace("\0", "%") if is_whole else None


def _unset(words: list[str], _variables: Variables, _between: str | None) -> Told:
    return dict.fromkeys(word for word in words if _NAME.fullmatch(word))


def _set(words: list[str], _variables: Variables, _between: str | None) -> Told | None:
    """`set -- a b` gives the script other positional words; of options that it sets nothing is told."""
    if words[:1] != ["--"]:
        return None
    told: Told = dict.fromkeys(map(str, range(1, MOST_POSITIONS)))
    known = words[1:] if not any("$" in word for word in words) else []
    return {**told, **{str(place): word for place, word in enumerate(known, start=1)}}


def _shift(_words: list[str], _variables: Variables, _between: str | None) -> Told:
    return dict.fromkeys(map(str, range(1, MOST_POSITIONS)))


_KNOWN: Mapping[str, Callable[[list[str], Variables, str | None], Told | None]] = {
    "read": _read,
    "mapfile": _map_file,
    "readarray": _map_file,
    "printf": _printf,
    "unset": _unset,
    "set": _set,
    "shift": _shift,
}
