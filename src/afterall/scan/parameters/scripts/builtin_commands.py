"""Know the shell's own commands that set variables: read, mapfile, printf -v, unset, set, shift, getopts.

Invariant: a value that is not known as a whole is None, and its variable is forgotten.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from afterall.scan.parameters.scripts.outputs import formatted
from afterall.scan.parameters.scripts.variables import Variables
from afterall.scan.parameters.scripts.words.expansion import split_value
from afterall.scan.parameters.scripts.words.syntax import ASSIGNMENT, BLANKS

Told = dict[str, str | list[str] | None]
ARGUMENTS = "@"
"""Under what the positional words are told."""
_NAME = re.compile(r"[A-Za-z_]\w{0,100}", re.ASCII)
_MOST_DIGITS = 3
_INTO_ARRAY = frozenset({"-a", "-ra", "-ar"})


def settings_of(words: Sequence[str], variables: Variables) -> Told | None:
    """Return what a command sets; None for a command that sets nothing by itself."""
    rest, between = without_prefix(words, variables.separators)
    known = _KNOWN.get(rest[0]) if rest else None
    return None if known is None else known(list(rest[1:]), variables, between)


def without_prefix(words: Sequence[str], separators: str | None) -> tuple[list[str], str | None]:
    """Return a command without the variables given to it alone, as in `IFS=, read A`, and its separators."""
    rest = list(words)
    while rest and (given := ASSIGNMENT.fullmatch(rest[0])) is not None:
        if given[1] == "IFS":
            separators = None if "$" in given[3] or given[2] else given[3]
        rest.pop(0)
    return rest, separators


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
    if not lines or is_odd or between is None or options - _INTO_ARRAY - {"-r"}:
        return dict.fromkeys(names or ["REPLY"])
    if into_array:
        return dict.fromkeys(names[:1], split_value(lines[0], between))
    return dict(zip(names, _fields(lines[0], len(names), between), strict=True))


def _fields(line: str, count: int, between: str) -> list[str]:
    """Return a line's first words, and as the last of `count` all that is left of it: bash(1), read."""
    blanks = "".join(sign for sign in between if sign in BLANKS)
    rest = line.strip(blanks) if blanks else line
    fields: list[str] = []
    while len(fields) < count - 1:
        size = next((at for at, sign in enumerate(rest) if sign in between), len(rest))
        behind = rest[size:].lstrip(blanks) if blanks else rest[size:]
        if behind and behind[0] in between:
            behind = behind[1:].lstrip(blanks) if blanks else behind[1:]
        fields.append(rest[:size])
        rest = behind
    # One sign that is no blank ends the last word where nothing else is behind it.
    alone = split_value(rest, between)
    return [*fields, alone[0] if len(alone) == 1 else "" if not alone else rest]


def _map_file(words: list[str], variables: Variables, _between: str | None) -> Told:
    words, lines = _input(words, variables)
    names = [word for word in words if _NAME.fullmatch(word)]
    is_whole = all(word == "-t" for word in words if word.startswith("-"))
    return dict.fromkeys(names[-1:] or ["MAPFILE"], lines if is_whole else None)


def _printf(words: list[str], _variables: Variables, _between: str | None) -> Told | None:
    match words:
        case ["-v", name, text, *values] if _NAME.fullmatch(name):
            return {name: formatted(text, values)}
        case _:
            return None


def _unset(words: list[str], _variables: Variables, _between: str | None) -> Told:
    names = (word.partition("[")[0] for word in words)
    return dict.fromkeys(name for name in names if _NAME.fullmatch(name))


def _set(words: list[str], variables: Variables, _between: str | None) -> Told | None:
    """`set a b`, as `set -- a b`, gives the script other positional words; `set -a` exports what is set."""
    rest = list(words)
    while rest and rest[0][:1] in ("-", "+") and len(rest[0]) > 1 and rest[0] != "--":
        option = rest.pop(0)
        named = rest.pop(0) if option[1:].endswith("o") and rest else ""
        if "a" in option or named == "allexport":
            variables.is_exporting = option[0] == "-"
    if not rest:
        return None
    given = rest[1:] if rest[0] in ("-", "--") else rest
    return {ARGUMENTS: None if any("$" in word for word in given) else given}


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
