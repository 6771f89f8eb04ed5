"""Take what one command of a batch script sets: `LR=3`, `A=(1 2)`, `A[2]=x`, `declare -A M`, `read LR < f`.

Invariant: what a command sets of which it is not known whether it is run, is not known afterwards.
"""

import re
from collections.abc import Iterator, Sequence

from afterall.scan.parameters.scripts.builtin_commands import ARGUMENTS, Told, settings_of
from afterall.scan.parameters.scripts.variables import Variables
from afterall.scan.parameters.scripts.words.syntax import ASSIGNMENT, DECLARING, UNKNOWN

_ARRAY = re.compile(
    r"\s*(?:(?P<declares>export|declare|local|readonly|typeset)\s+(?P<options>(?:-\w+\s+){0,5}))?"
    r"(?P<name>[A-Za-z_]\w{0,100})(?P<adds>\+?)=\((?P<items>.*)\)\s*",
    re.DOTALL | re.ASCII,
)
_CONVERTING = frozenset("inlu")
"""Options of a declaration by which a variable holds a sum, another's value, or other letters."""
_ITEM = re.compile(r"([A-Za-z_]\w{0,100})\[([^\]]{1,100})\](\+?)=(.*)", re.DOTALL | re.ASCII)


def settle(text: str, variables: Variables, *, is_sure: bool) -> list[str] | None:
    """Take what a command sets and return nothing, else return its words."""
    array = _ARRAY.fullmatch(text)
    if array is not None:
        _take_array(array, variables, is_sure=is_sure)
        return None
    found = variables.words(text)
    declares = bool(found) and found[0] in DECLARING
    given = [word for word in found[1:] if not word.startswith("-")] if declares else found
    items = [_ITEM.fullmatch(word) for word in given]
    pairs = [ASSIGNMENT.fullmatch(word) for word in given]
    if given and all(items):
        for item in filter(None, items):
            _take_item(item, variables, is_sure=is_sure)
    elif declares or all(pairs):
        _declare(found if declares else [], given, variables)
        for pair in filter(None, pairs):
            _assign(pair, variables, is_sure=is_sure)
    else:
        told = settings_of(found, variables)
        if told is None:
            return found
        take(told, variables, is_sure=is_sure)
    return None


def take(told: Told, variables: Variables, *, is_sure: bool) -> None:
    """Take values by name; None for one that is not known."""
    for name, value in told.items():
        if name == ARGUMENTS:
            variables.arguments = list(value) if is_sure and value is not None else None
        elif value is None or not is_sure:
            variables.forget(name)
        elif isinstance(value, str):
            variables.assign(name, value)
        else:
            variables.assign_items(name, value)


def _take_array(array: re.Match[str], variables: Variables, *, is_sure: bool) -> None:
    name, by_key = array["name"], "A" in (array["options"] or "")
    if array["declares"] == "local":
        variables.make_local(name)
    if is_sure:
        variables.assign_array(name, array["items"], adds=bool(array["adds"]), by_key=by_key)
    elif array["adds"]:
        variables.add_perhaps(name, list(_perhaps(variables.words(array["items"], as_list=True))))
    else:
        variables.forget(name)


def _perhaps(words: Sequence[str]) -> Iterator[str]:
    """Yield options that a program may be given so that nothing is known of their values alone."""
    is_value = False
    for word in words:
        name, equals, _ = word.partition("=")
        is_option = "$" not in name and (name.startswith("-") or bool(equals))
        if is_option:
            yield from (f"{name}={UNKNOWN}",) if equals else (name, UNKNOWN)
        elif not is_value:
            yield UNKNOWN
        is_value = is_option and not equals


def _take_item(item: re.Match[str], variables: Variables, *, is_sure: bool) -> None:
    if is_sure and not item[3]:
        variables.assign_item(item[1], item[2], item[4])
    else:
        variables.forget(item[1])


def _declare(found: list[str], given: list[str], variables: Variables) -> None:
    """Note what a declaration says of its names beside their values."""
    names = [word.partition("=")[0].rstrip("+") for word in given]
    if found[:1] == ["export"] or "-x" in found:
        variables.export(names)
    if found[:1] == ["local"]:
        for name in names:
            variables.make_local(name)
    options = "".join(word for word in found[1:] if word.startswith("-"))
    if set(options) & _CONVERTING:
        variables.is_converted.update(names)
        # What the name of another variable is given, that one is.
        for other in (word.partition("=")[2] for word in given if "n" in options):
            variables.is_converted.add(other)
            variables.forget(other)
    if any("$" in name for name in names):
        variables.may_have_more = True
    if "A" in options:
        for name in (word for word in given if "=" not in word):
            variables.declare_keys(name)


def _assign(pair: re.Match[str], variables: Variables, *, is_sure: bool) -> None:
    if not is_sure:
        variables.forget(pair[1])
    elif pair[2]:
        variables.append(pair[1], pair[3])
    else:
        variables.assign(pair[1], pair[3])
