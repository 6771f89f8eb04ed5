"""Read the commands of a batch script without running it, following its branches as far as they are known.

Invariant: what a branch sets of which it is not known whether it is taken, is not known afterwards; commands
of such a branch are told, those of a branch that is known not to be taken are not.
"""

import re
from collections.abc import Iterator, Sequence

from afterall.scan.parameters.scripts.blocks import Blocks
from afterall.scan.parameters.scripts.builtin_commands import Told, changed_by, settings_of
from afterall.scan.parameters.scripts.here_documents import lines_of
from afterall.scan.parameters.scripts.syntax import ASSIGNMENT, DECLARING, split_commands
from afterall.scan.parameters.scripts.variables import Variables, split_words

MOST_BYTES = 1 << 18
MOST_COMMANDS = 20_000
_ARRAY = re.compile(
    r"\s*(?:(?:export|declare|local|readonly|typeset)\s+(?:-\w+\s+){0,5})?([A-Za-z_]\w{0,100})(\+?)=\((.*)\)\s*",
    re.DOTALL | re.ASCII,
)
_PUT_IN = re.compile(r"[$`]")
_REDIRECTION = re.compile(r"(?:\d{1,3}|&)?(?:>>?|<(?!<))(?:\||&\d?)?(.*)", re.DOTALL)


def commands(script: str, variables: Variables) -> Iterator[list[str]]:
    """Yield the words of each command of a script in order, its variables put in as far as known."""
    blocks = Blocks()
    lines = "\n".join(line for line, _ in lines_of(script[:MOST_BYTES]))
    for count, (text, end) in enumerate(split_commands(lines)):
        if count > MOST_COMMANDS:
            return
        rest = blocks.enter(text, end, lambda word: _one(variables.words(word)))
        if rest.strip() and blocks.may_run:
            told = _step(rest, variables, is_sure=blocks.is_sure)
            blocks.after(told or (), end)
            if told:
                yield list(_without_redirections(told))
        blocks.leave(end)


def words(text: str) -> list[str]:
    """Split a line as a shell does, comments left out, and operators as words of their own."""
    found: list[str] = []
    for part, end in split_commands(text):
        found += split_words(part)
        found += [end] if end != "\n" else []
    return found


def _one(found: Sequence[str]) -> str | None:
    """Return the one text that a word became, None where it is not known."""
    text = " ".join(found)
    return None if "$" in text else text


def _step(text: str, variables: Variables, *, is_sure: bool) -> list[str] | None:
    """Take what one command sets and return nothing, else return its words."""
    array = _ARRAY.fullmatch(text)
    if array is not None:
        is_split_otherwise = variables.splits_otherwise and _PUT_IN.search(array[3]) is not None
        if is_sure and not is_split_otherwise:
            variables.assign_items(array[1], variables.words(array[3]), adds=bool(array[2]))
        else:
            variables.forget(array[1])
        return None
    found = variables.words(text)
    declares = bool(found) and found[0] in DECLARING
    given = [word for word in found[1:] if not word.startswith("-")] if declares else found
    pairs = [ASSIGNMENT.fullmatch(word) for word in given]
    if declares or all(pairs):
        if declares and (found[0] == "export" or "-x" in found):
            variables.export(word.partition("=")[0].rstrip("+") for word in given)
        for pair in (pair for pair in pairs if pair is not None):
            _assign(pair, variables, is_sure=is_sure)
        return None
    for name in changed_by(found):
        variables.forget(name)
    told = settings_of(found, variables)
    if told is None:
        return found
    _take(told, variables, is_sure=is_sure)
    return None


def _assign(pair: re.Match[str], variables: Variables, *, is_sure: bool) -> None:
    if not is_sure:
        variables.forget(pair[1])
    elif pair[2]:
        variables.append(pair[1], pair[3])
    else:
        variables.assign(pair[1], pair[3])


def _take(told: Told, variables: Variables, *, is_sure: bool) -> None:
    for name, value in told.items():
        if value is None or not is_sure:
            variables.forget(name)
        elif isinstance(value, str):
            variables.assign(name, value)
        else:
            variables.assign_items(name, value)


def _without_redirections(found: Sequence[str]) -> Iterator[str]:
    """Yield a command's words but those that say where its output goes."""
    is_target = False
    for word in found:
        redirection = _REDIRECTION.fullmatch(word)
        if not is_target and redirection is None:
            yield word
        is_target = redirection is not None and not redirection[1] and "&" not in word[1:]
