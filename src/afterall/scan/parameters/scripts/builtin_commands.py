"""Know the shell's own commands that set variables: read, mapfile, printf -v, unset, set, shift, getopts.

Invariant: a value that is not known as a whole is None, and its variable is forgotten.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from afterall.scan.parameters.scripts.outputs import formatted
from afterall.scan.parameters.scripts.variables import Variables

Told = dict[str, str | list[str] | None]
ARGUMENTS = "@"
"""Under what the positional words are told."""
_NAME = re.compile(r"[A-Za-z_]\w{0,100}", re.ASCII)
_MOST_DIGITS = 3
_INTO_ARRAY = frozenset({"-a", "-ra", "-ar"})


def settings_of(words: Sequence[str], variables: Variables) -> Told | None:
    """Return what a command sets; None for a command that sets nothing by itself."""
    between = words[0][4:] if words and words[0].startswith("IFS=") else None
    rest = words if between is None else words[1:]
    known = _KNOWN.get(rest[0]) if rest else None
    return None if known is None else known(list(rest[1:]), variables, between)


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
    # Without -r a backslash hides what comes behind it.
    is_odd = bool(lines and "\\" in lines[0]) and not any("r" in option for option in options)
    if not names and lines and words in ([], ["-r"]):
        return {"REPLY": None if is_odd else lines[0]}
    if not lines or is_odd or (between is not None and len(between) != 1) or options - _INTO_ARRAY - {"-r"}:
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
            return {name: formatted(text, values)}
        case _:
            return None


def _unset(words: list[str], _variables: Variables, _between: str | None) -> Told:
    return dict.fromkeys(word for word in words if _NAME.fullmatch(word))


def _set(words: list[str], _variables: Variables, _between: str | None) -> Told | None:
    """`set -- a b` gives the script other positional words; of options that it sets nothing is told."""
    if words[:1] != ["--"]:
        return None
    return {ARGUMENTS: None if any("$" in word for word in words) else words[1:]}


def _shift(words: list[str], variables: Variables, _between: str | None) -> Told:
    text = words[0] if words else "1"
    if variables.arguments is None or not text.isdecimal() or len(text) > _MOST_DIGITS:
        return {ARGUMENTS: None}
    # One that is told to take more than there are takes none.
    count = int(text) if int(text) <= len(variables.arguments) else 0
    return {ARGUMENTS: variables.arguments[count:]}


def _get_options(words: list[str], _variables: Variables, _between: str | None) -> Told:
    return dict.fromkeys([*words[1:2], "OPTARG", "OPTIND"])


_KNOWN: Mapping[str, Callable[[list[str], Variables, str | None], Told | None]] = {
    "read": _read,
    "mapfile": _map_file,
    "readarray": _map_file,
    "printf": _printf,
    "unset": _unset,
    "set": _set,
    "shift": _shift,
    "getopts": _get_options,
}
