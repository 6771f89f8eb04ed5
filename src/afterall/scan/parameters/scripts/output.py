"""Work out what small commands print that look up a task's line in a file: sed, awk, head, tail, cut, cat.

Invariant: only files of the set are read, through the reader that is given; a command or option that is not
known here has no known output. Nothing is run.
"""

import re
from collections.abc import Callable, Sequence

from afterall.scan.parameters.scripts.arithmetic import calculated

Lines = Sequence[str]
Reader = Callable[[str], Lines | None]
"""Returns the lines of a file by its name in the script, None where it cannot be told."""

MOST_DIGITS = 15
_SED = re.compile(r"(\d{1,9})(?:p|q;d|\{p;q;?\}|!d)")
_AWK = re.compile(
    r"(?:(?P<what>NR|\$\d{1,3})\s*==\s*(?P<wanted>\"?\w{1,60}\"?))?\s*"
    r"(?:\{\s*print(?:\s+\$(?P<column>\d{1,3}))?\s*;?\s*(?:exit\s*;?)?\s*\})?"
)


def output_of(stages: Sequence[Sequence[str]], read: Reader) -> str | None:
    """Return what a pipeline prints; `stages` are the words of its commands."""
    lines: Lines | None = None
    for stage in stages:
        lines = _run(list(stage), lines, read)
        if lines is None:
            return None
    return None if lines is None else "\n".join(lines)


def _run(words: list[str], lines: Lines | None, read: Reader) -> Lines | None:
    if "<" in words[:-1]:
        at = words.index("<")
        lines = read(words[at + 1])
        del words[at : at + 2]
    elif words and words[0].startswith("<") and len(words) == 1 and len(words[0]) > 1:
        return read(words[0][1:])
    known = _PROGRAMS.get(words[0].rpartition("/")[2]) if words else None
    return known(words[1:], lines, read) if known is not None else None


def _of(files: Sequence[str], lines: Lines | None, read: Reader) -> Lines | None:
    """Return the lines of the one file that is named, else those that came in."""
    if len(files) > 1:
        return None
    return read(files[0]) if files else lines


def _cat(words: list[str], lines: Lines | None, read: Reader) -> Lines | None:
    return _of(words, lines, read) if not any(word.startswith("-") for word in words) else None


def _echo(words: list[str], _lines: Lines | None, _read: Reader) -> Lines | None:
    return [" ".join(words)] if not words or not words[0].startswith("-") else None


def _sed(words: list[str], lines: Lines | None, read: Reader) -> Lines | None:
    plain = [word for word in words if word not in ("-n", "-e", "-E", "-r", "--quiet", "--silent")]
    found = _SED.fullmatch(plain[0].replace(" ", "")) if plain else None
    held = _of(plain[1:], lines, read) if found is not None else None
    is_quiet = len(plain) != len(words)
    if held is None or found is None or is_quiet == found[0].endswith(("q;d", "!d")):
        return None
    return held[int(found[1]) - 1 : int(found[1])] if int(found[1]) else None


def _ends(words: list[str], *, is_head: bool, lines: Lines | None, read: Reader) -> Lines | None:
    text, files = "10", words
    if words and words[0] == "-n" and len(words) > 1:
        text, files = words[1], words[2:]
    elif words and words[0].startswith("-"):
        text, files = words[0][1:].removeprefix("n"), words[1:]
    held = _of(files, lines, read)
    number = text.lstrip("+-")
    if held is None or not number.isdecimal() or len(number) > MOST_DIGITS or text.startswith("-"):
        return None
    count = int(number)
    if is_head:
        return None if text.startswith("+") else held[:count]
    return held[max(0, count - 1) :] if text.startswith("+") else held[len(held) - min(count, len(held)) :]


def _head(words: list[str], lines: Lines | None, read: Reader) -> Lines | None:
    return _ends(words, is_head=True, lines=lines, read=read)


def _tail(words: list[str], lines: Lines | None, read: Reader) -> Lines | None:
    return _ends(words, is_head=False, lines=lines, read=read)


def _awk(words: list[str], lines: Lines | None, read: Reader) -> Lines | None:
    values: dict[str, str] = {}
    between: str | None = None
    while words and words[0].startswith("-"):
        option, value = words[0][:2], words[0][2:] or (words[1] if len(words) > 1 else "")
        words = words[1:] if words[0][2:] else words[2:]
        if option == "-v":
            values |= {value.partition("=")[0]: value.partition("=")[2]}
        elif option == "-F":
            between = value.replace("\\t", "\t")
        else:
            return None
    found = _AWK.fullmatch(words[0].strip()) if words and words[0].strip() else None
    held = _of(words[1:], lines, read) if found is not None else None
    if found is None or held is None or len(between or "x") != 1:
        return None
    told: list[str] = []
    named = found["wanted"] or ""
    wanted = values.get(named, named.strip('"'))
    if named.isidentifier() and named not in values:
        return None
    for number, line in enumerate(held, start=1):
        columns = [line, *(line.split(between) if between else line.split())]
        what = found["what"]
        value = str(number) if what == "NR" else _column(columns, what[1:]) if what else ""
        if what is None or value == wanted:
            told.append(_column(columns, found["column"] or "0"))
    return told


def _column(columns: Sequence[str], text: str) -> str:
    return columns[int(text)] if int(text) < len(columns) else ""


def _cut(words: list[str], lines: Lines | None, read: Reader) -> Lines | None:
    between, field = "\t", ""
    while words and words[0].startswith("-"):
        option, value = words[0][:2], words[0][2:] or (words[1] if len(words) > 1 else "")
        words = words[1:] if words[0][2:] else words[2:]
        between, field = (value, field) if option == "-d" else (between, value if option == "-f" else "")
    held = _of(words, lines, read)
    if held is None or len(between) != 1 or not field.isdecimal() or not 0 < int(field[:6]) < 1000:
        return None
    parts = [line.split(between) for line in held]
    return [part[int(field) - 1] if len(part) >= int(field) else "" for part in parts]


def _base_name(words: list[str], _lines: Lines | None, _read: Reader) -> Lines | None:
    if not 1 <= len(words) <= 2 or words[0].startswith("-"):
        return None
    name = words[0].rstrip("/").rpartition("/")[2]
    return [name.removesuffix(words[1]) if len(words) == 2 and name != words[1] else name]


def _expr(words: list[str], _lines: Lines | None, _read: Reader) -> Lines | None:
    told = calculated(" ".join(words))
    return None if told is None else [told]


def _trimmed(words: list[str], lines: Lines | None, _read: Reader) -> Lines | None:
    return None if words or lines is None else [" ".join(" ".join(lines).split())]


_PROGRAMS: dict[str, Callable[[list[str], Lines | None, Reader], Lines | None]] = {
    "cat": _cat,
    "echo": _echo,
    "sed": _sed,
    "head": _head,
    "tail": _tail,
    "awk": _awk,
    "gawk": _awk,
    "mawk": _awk,
    "cut": _cut,
    "basename": _base_name,
    "expr": _expr,
    "xargs": _trimmed,
}
