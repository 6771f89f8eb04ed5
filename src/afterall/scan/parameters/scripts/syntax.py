"""Take a batch script's text apart as a shell does, without running it: commands, quotes, substitutions.

Invariant: every character is looked at once a level of nesting, at most DEEPEST levels; an open quote or
bracket ends with the text.
"""

import re
from collections.abc import Callable, Iterator

DEEPEST = 6
LITERAL = "\0"
"""Stands for a dollar sign that is no variable's, until words are split."""
UNKNOWN = "$?"
"""What is put for an output that only a shell could know: no value holds a dollar sign."""

_ENDS = (";;", "&&", "||", ";", "&", "|", "(", ")", "\n")
DECLARING = frozenset({"export", "declare", "local", "readonly", "typeset"})
ASSIGNMENT = re.compile(r"([A-Za-z_]\w{0,100})(\+?)=(.*)", re.DOTALL | re.ASCII)
"""A word that sets a variable: its name, "+" where it adds, and the value."""
_LONGEST_NAME = 120
_LONGEST_SUM = 200
_ASSIGNS = re.compile(r"[A-Za-z_]\w{0,100}\+?=", re.ASCII)
_PLAIN = re.compile(r"\$[A-Za-z_0-9]\w{0,100}", re.ASCII)
_SPECIAL = re.compile(r"[^\w\s./:=,@%+*-]")
_ESCAPED = {"t": "\t", "n": "\n", "\\": "\\", "'": "'"}
Output = Callable[[str, int], str | None]
"""Returns what a command prints, without its last line's end, at a depth of nesting; None where unknown."""


def split_commands(script: str) -> Iterator[tuple[str, str]]:
    """Yield the text of each command and the operator that ends it; comments are left out."""
    begin = at = 0
    kept: list[str] = []
    while at < len(script):
        end = next((end for end in _ENDS if script.startswith(end, at)), None)
        if end in ("&", "(") and _is_within_a_word(script, at, begin):
            at = at + 1 if end == "&" else _closed(script, at + 1)
            continue
        if end == "(" and (closed := _end_of_sum(script, at, begin)) is not None:
            at = closed
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


def _is_within_a_word(script: str, at: int, begin: int) -> bool:
    """Tell `2>&1`, `&>` and `A=(` from what ends a command."""
    before = script[at - 1] if at > begin else ""
    if script[at] == "&":
        return before in ("<", ">") or script[at + 1 : at + 2] == ">"
    return before == "="


def _end_of_sum(script: str, at: int, begin: int) -> int | None:
    """Return where a command `((…))` ends that begins at `at`; None for a subshell."""
    if not script.startswith("((", at) or script[begin:at].strip():
        return None
    text = script[at : at + _LONGEST_SUM]
    end = _closed(text, 1) if "))" in text else 0
    return at + end if text[:end].endswith("))") else None


def skip(text: str, at: int) -> int:
    """Return where what begins at `at` ends: a quoted text, a substitution, or one character."""
    match text[at]:
        case "\\":
            return at + 2
        case "'":
            return _found(text, "'", at + 1) + 1
        case '"':
            return _end_of_double(text, at + 1)
        case "`":
            return _found(text, "`", at + 1) + 1
        case "$" | "<" | ">" if text[at + 1 : at + 2] == "(":
            return _closed(text, at + 2)
        case "$" if text[at + 1 : at + 2] == "{":
            return _found(text, "}", at + 2) + 1
        case _:
            return at + 1


def _closed(text: str, at: int) -> int:
    """Return where a bracket that is open at `at` has been closed; quotes within it hide others."""
    depth = 1
    while at < len(text) and depth:
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if text[at] in "'\"\\`":
            at = _quoted(text, at)
        else:
            at += 1
    return at


def _quoted(text: str, at: int) -> int:
    if text[at] == "\\":
        return at + 2
    end = text.find(text[at], at + 1)
    while end > 0 and text[at] == '"' and text[end - 1] == "\\":
        end = text.find('"', end + 1)
    return len(text) if end < 0 else end + 1


def _end_of_double(text: str, at: int) -> int:
    while at < len(text) and text[at] != '"':
        at = skip(text, at) if text[at] in "\\`" or text.startswith("$(", at) else at + 1
    return at + 1


def _found(text: str, mark: str, at: int) -> int:
    end = text.find(mark, at)
    return len(text) if end < 0 else end


def substituted(text: str, output: Output, depth: int = 0) -> str:
    """Return a command's text with outputs in the place of substitutions, and literal dollar signs marked.

    `< <(command)` becomes `<<< "its output"`; variables are left for later.
    """
    parts: list[str] = []
    at = 0
    in_double = False
    head = _Head()
    while at < len(text):
        begin = at
        if text[at] == '"':
            in_double, at = not in_double, at + 1
            parts.append('"')
            continue
        if text.startswith("$'", at) and not in_double:
            at = skip(text, at + 1)
            parts.append(_ansi(text[begin + 2 : at - 1]))
            continue
        name = _PLAIN.match(text, at) if text[at] == "$" else None
        at = min(skip(text, at) if name is None else name.end(), len(text))
        piece = text[begin:at]
        if not in_double:
            head.take(piece)
        is_value = not in_double and head.is_value
        if piece[0] == "'" and in_double:
            at = begin + 1
            parts.append("'")
        elif piece[0] == "'":
            parts.append(piece.replace("$", LITERAL))
        elif piece.startswith("${"):
            inner = "${" + substituted(piece[2:], output, depth + 1) if depth < DEEPEST else piece
            parts.append(f'"{inner}"' if is_value else inner)
        elif name is not None:
            parts.append(f'"{piece}"' if is_value else piece)
        elif piece[0] == "\\":
            parts.append(piece.replace("\\$", LITERAL))
        elif piece.startswith(("$(", "`", "<(")) and len(piece) > 1 and not (in_double and piece[0] == "<"):
            told = None if depth >= DEEPEST else output(_inner(piece), depth + 1)
            if piece[0] == "<":
                parts = [_without_redirection("".join(parts))]
            is_file = piece[0] == "<" or is_value
            parts.append(UNKNOWN if told is None else _inserted(told, in_double=in_double, is_file=is_file))
        else:
            parts.append(piece)
    return "".join(parts)


class _Head:
    """Follows a command's first words: in the value of `A=$B` nothing is split at its blanks."""

    def __init__(self) -> None:
        self._word = ""
        self._is_first = True

    @property
    def is_value(self) -> bool:
        """Whether what comes next belongs to a value that is assigned."""
        return self._is_first and _ASSIGNS.match(self._word) is not None

    def take(self, piece: str) -> None:
        """Take a piece that no double quotes are around."""
        if not piece.isspace():
            self._word = (self._word + piece)[:_LONGEST_NAME]
        elif self._word:
            assigns = _ASSIGNS.match(self._word) is not None
            self._is_first = self._is_first and (assigns or self._word in DECLARING or self._word[0] == "-")
            self._word = ""


def _inner(piece: str) -> str:
    if piece[0] == "`":
        return piece.strip("`")
    return piece[2:-1] if piece.endswith(")") else piece[2:]


def _without_redirection(text: str) -> str:
    bare = text.rstrip()
    return f"{bare[:-1]}<<< " if bare.endswith("<") else text


def _inserted(told: str, *, in_double: bool, is_file: bool) -> str:
    """Return an output so that splitting into words takes nothing in it for the shell's own signs."""
    told = told.replace("$", LITERAL)
    if in_double or is_file:
        text = told.replace("\\", "\\\\").replace('"', '\\"')
        return text if in_double else f'"{text}"'
    return _SPECIAL.sub(r"\\\g<0>", told)


def _ansi(text: str) -> str:
    """Return what `$'…'` stands for, quoted."""
    signs = iter(text)
    plain = [_ESCAPED.get(next(signs, ""), "") if sign == "\\" else sign for sign in signs]
    return f"'{''.join(plain).replace(chr(39), '')}'".replace("$", LITERAL)
