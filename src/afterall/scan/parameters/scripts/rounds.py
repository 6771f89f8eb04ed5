"""Go round by round through a loop of a batch script, its variable set before each.

Invariant: a round of which it is not known whether it takes place is the last one, and is told as such.
"""

import re
from collections.abc import Iterator, Sequence

from afterall.scan.parameters.scripts.assignments import take
from afterall.scan.parameters.scripts.builtin_commands import settings_of
from afterall.scan.parameters.scripts.conditions import tested
from afterall.scan.parameters.scripts.loops import Counted, parse_for
from afterall.scan.parameters.scripts.options import options_in
from afterall.scan.parameters.scripts.sums import summed
from afterall.scan.parameters.scripts.variables import Variables

MOST_ROUNDS = 5_000
_SUM = re.compile(r"\s*\(\((.*)\)\)\s*", re.DOTALL)


def rounds_of(kind: str, header: str, done: str, variables: Variables) -> Iterator[bool] | None:
    """Return the rounds of a loop by its head and its end's text, True for one that surely takes place.

    None where nothing is known of them.
    """
    match kind:
        case "for":
            return _for(header, variables)
        case "while" | "until":
            return _while(header, done, variables, is_until=kind == "until")
        case _:
            return None


def _for(header: str, variables: Variables) -> Iterator[bool] | None:
    parsed = parse_for(header)
    if isinstance(parsed, Counted):
        return _counted(parsed, variables)
    if parsed is None:
        return None
    name, text = parsed
    items = variables.arguments if text is None else variables.words(text, as_list=True)
    if items is None or len(items) > MOST_ROUNDS or any("$" in item for item in items):
        return None
    return _each(name, items, variables)


def _each(name: str, items: Sequence[str], variables: Variables) -> Iterator[bool]:
    for item in items:
        variables.assign(name, item)
        yield True


def _counted(loop: Counted, variables: Variables) -> Iterator[bool]:
    summed(loop.first, variables, is_sure=True)
    for _ in range(MOST_ROUNDS):
        goes_on = summed(loop.condition, variables, is_sure=True) if loop.condition.strip() else True
        if goes_on is False:
            return
        yield goes_on is True
        if goes_on is None:
            return
        summed(loop.step, variables, is_sure=True)
    yield False


def _while(header: str, done: str, variables: Variables, *, is_until: bool) -> Iterator[bool] | None:
    words = variables.words(header)
    reads = words[1:] if words[:1] and words[0].startswith("IFS=") else words
    if reads[:1] == ["read"]:
        return None if is_until else _lines(words, done, variables)
    if words[:1] == ["getopts"]:
        return None if is_until else _options(words, variables)
    if _SUM.fullmatch(header) is None and tested(words) is None:
        return None
    return _tests(header, variables, is_until=is_until)


def _tests(header: str, variables: Variables, *, is_until: bool) -> Iterator[bool]:
    summing = _SUM.fullmatch(header)
    for _ in range(MOST_ROUNDS):
        if summing is not None:
            status = summed(summing[1], variables, is_sure=True)
        else:
            status = tested(variables.words(header))
        if status is is_until:
            return
        yield status is not None
        if status is None:
            return
    yield False


def _lines(words: list[str], done: str, variables: Variables) -> Iterator[bool] | None:
    """Return a round for each line of the file that stands behind `done`."""
    match variables.words(done.strip().removeprefix("done")):
        case ["<", file]:
            lines = variables.lines(file)
        case ["<<<", text] if "$" not in text:
            lines = text.split("\n")
        case _:
            lines = None
    return None if lines is None or len(lines) > MOST_ROUNDS else _reads(words, lines, variables)


def _reads(words: list[str], lines: Sequence[str], variables: Variables) -> Iterator[bool]:
    for line in lines:
        told = settings_of([*words, "<<<", line], variables)
        take(told or {}, variables, is_sure=True)
        yield True
    # The last reading finds no line, or one without an end.
    take(settings_of(words, variables) or {}, variables, is_sure=True)


def _options(words: Sequence[str], variables: Variables) -> Iterator[bool] | None:
    """Return a round for each option that the script was given; None where that is not known."""
    given = variables.arguments if len(words) == 3 else None
    is_first = "OPTIND" not in variables.values and "OPTIND" not in variables.unknown
    if given is None or not is_first or any("$" in word for word in (*words, *given)):
        return None
    return _each_option(words[1], words[2], given, variables)


def _each_option(known: str, name: str, given: Sequence[str], variables: Variables) -> Iterator[bool]:
    found, count = options_in(given, known)
    for option in found:
        take({name: option.name, "OPTARG": option.argument, "OPTIND": None}, variables, is_sure=True)
        yield True
    take({name: "?", "OPTARG": None, "OPTIND": str(count + 1)}, variables, is_sure=True)
