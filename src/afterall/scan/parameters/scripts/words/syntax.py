"""Take a batch script's text apart as a shell does, without running it: commands, quotes, substitutions.

Invariant: every character is looked at once a level of nesting, at most DEEPEST levels; an open quote or
bracket ends with the text.
"""

import re
from collections.abc import Iterator

DEEPEST = 6
LITERAL = "\0"
"""Stands for a dollar sign that is no variable's, until a command's words are told."""
UNSURE = "\x1a"
"""Stands for a dollar sign in a variable's value, of which not all is known; until words are told, too."""
UNKNOWN = "$?"
"""What is put for an output that only a shell could know: no value holds a dollar sign."""
BLANKS = " \t\n"

_ENDS = (";;&", ";;", ";&", "&&", "||", ";", "&", "|", "(", ")", "\n")
DECLARING = frozenset({"export", "declare", "local", "readonly", "typeset"})
ASSIGNMENT = re.compile(r"([A-Za-z_]\w{0,100})(\+?)=(.*)", re.DOTALL | re.ASCII)
"""A word that sets a variable: its name, "+" where it adds, and the value."""
_LONGEST_SUM = 200
_BEFORE = frozenset({"for", "if", "while", "until", "elif", "!", "do", "then", "else", "{"})


def told(word: str) -> str:
    """Return a word as it is told: every dollar sign is one again."""
    return word.replace(LITERAL, "$").replace(UNSURE, "$")


def is_sure(text: str) -> bool:
    """Return whether all of a text is known; it may still hold a dollar sign that is LITERAL."""
    return "$" not in text and UNSURE not in text


def split_commands(script: str) -> Iterator[tuple[str, str]]:
    """Yield the text of each command and the operator that ends it; comments are left out."""
    begin = at = 0
    kept: list[str] = []
    while at < len(script):
        end = next((end for end in _ENDS if script.startswith(end, at)), None)
        if end in ("&", "(") and _is_within_a_word(script, at, begin):
            at = at + 1 if end == "&" else closed(script, at + 1)
            continue
        if end == "(" and (after := _end_of_sum(script, at, begin)) is not None:
            at = after
            continue
        if (
            end is None
            and script.startswith("[[", at)
            and (after := _end_of_test(script, at, begin)) is not None
        ):
            at = after
            continue
        if end is not None:
            yield "".join((*kept, script[begin:at])), end
            at += len(end)
            begin, kept = at, []
        elif script[at] == "#" and (at == begin or script[at - 1].isspace()):
            kept.append(script[begin:at])
            begin = at = _found(script, "\n", at)
        else:
            at = skip(script, at)
    yield "".join((*kept, script[begin:])), "\n"


def split_raw_words(text: str) -> Iterator[str]:
    """Yield a command's words with their quotes and variables still in them; a here-string's sign is one."""
    begin = at = 0
    while at < len(text):
        if text[at] in BLANKS:
            if begin < at:
                yield text[begin:at]
            at = begin = at + 1
        elif text[at] == "#" and at == begin:
            begin = at = _found(text, "\n", at)
        elif at == begin and text.startswith("<<<", at):
            yield "<<<"
            at = begin = at + 3
        else:
            at = skip(text, at)
    if begin < at:
        yield text[begin:]


def _is_within_a_word(script: str, at: int, begin: int) -> bool:
    """Tell `2>&1`, `&>` and `A=(` from what ends a command."""
    before = script[at - 1] if at > begin else ""
    if script[at] == "&":
        return before in ("<", ">") or script[at + 1 : at + 2] == ">"
    return before == "="


def _end_of_sum(script: str, at: int, begin: int) -> int | None:
    """Return where a command `((…))` ends that begins at `at`; None for a subshell."""
    if not script.startswith("((", at) or not _begins_command(script, at, begin):
        return None
    text = script[at : at + _LONGEST_SUM]
    end = closed(text, 1) if "))" in text else 0
    return at + end if text[:end].endswith("))") else None


def _end_of_test(script: str, at: int, begin: int) -> int | None:
    """Return where a test `[[ … ]]` ends that begins at `at`, whatever operators are in it."""
    if script[at + 2 : at + 3] not in (" ", "\t") or not _begins_command(script, at, begin):
        return None
    text = script[at : at + _LONGEST_SUM * 2]
    inner = 2
    while inner < len(text) and text[inner] != "\n":
        if text.startswith("]]", inner) and text[inner - 1] in BLANKS:
            return at + inner + 2
        inner = skip(text, inner)
    return None


def _begins_command(script: str, at: int, begin: int) -> bool:
    """Tell whether nothing but keywords stands before a place in a command."""
    return len(script[begin:at]) <= _LONGEST_SUM and _BEFORE.issuperset(script[begin:at].split())


def skip(text: str, at: int) -> int:
    """Return where what begins at `at` ends: a quoted text, a substitution, or one character."""
    match text[at]:
        case "\\":
            return at + 2
        case "'":
            return _found(text, "'", at + 1) + 1
        case '"':
            return end_of_double(text, at + 1)
        case "`":
            return _found(text, "`", at + 1) + 1
        case "$" | "<" | ">" if text[at + 1 : at + 2] == "(":
            return closed(text, at + 2)
        case "$" if text[at + 1 : at + 2] == "{":
            return _closed_brace(text, at + 2)
        case "$" if text[at + 1 : at + 2] == "'":
            return _end_of_ansi(text, at + 2)
        case _:
            return at + 1


def closed(text: str, at: int) -> int:
    """Return where a bracket that is open at `at` has been closed; quotes within it hide others."""
    depth = 1
    while at < len(text) and depth:
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if text[at] in "'\"\\`":
            at = _quoted(text, at)
        else:
            at += 1
    return at


def _closed_brace(text: str, at: int) -> int:
    """Return where `${` that is open at `at` has been closed, past others within it."""
    depth = 1
    while at < len(text) and depth:
        if text[at] in "\"'\\`":
            at = _quoted(text, at)
            continue
        depth += 1 if text.startswith("${", at) else -1 if text[at] == "}" else 0
        at += 1
    return at


def _quoted(text: str, at: int) -> int:
    if text[at] == "\\":
        return at + 2
    end = text.find(text[at], at + 1)
    while end > 0 and text[at] == '"' and text[end - 1] == "\\":
        end = text.find('"', end + 1)
    return len(text) if end < 0 else end + 1


def _end_of_ansi(text: str, at: int) -> int:
    while at < len(text) and text[at] != "'":
        at += 2 if text[at] == "\\" else 1
    return at + 1


def end_of_double(text: str, at: int) -> int:
    """Return where a text in double quotes ends that is open at `at`."""
    while at < len(text) and text[at] != '"':
        nested = text[at] in "\\`" or text.startswith(("$(", "${"), at)
        at = skip(text, at) if nested else at + 1
    return at + 1


def _found(text: str, mark: str, at: int) -> int:
    end = text.find(mark, at)
    return len(text) if end < 0 else end
