"""Work out what commands print that look up lines: cat, sed, head, tail, awk, cut, wc, jq.

Invariant: only files of the set are read, through the reader that is given; an option that is not known here
gives None.
"""

import re
from collections.abc import Mapping, Sequence

from afterall.scan.parameters.scripts.given import Lines, Reader
from afterall.scan.parameters.scripts.outputs.json_queries import queried

MOST_DIGITS = 15
_NUMBER = re.compile(r"[-+]?(?:\d{1,30}\.?\d{0,30}|\.\d{1,30})(?:[eE][-+]?\d{1,2})?", re.ASCII)
_SED = re.compile(r"(\d{1,9})(?:p|q;d|\{p;q;?\}|!d)")
_AWK = re.compile(
    r"(?:(?P<what>NR|\$\d{1,3})\s*==\s*(?P<wanted>\"?\w{1,60}\"?)(?:\s*(?P<sign>[-+])\s*(?P<more>\d{1,9}))?)?\s*"
    r"(?:\{\s*print(?:\s+(?P<columns>\$\d{1,3}(?:\s*,\s*\$\d{1,3}){0,50}))?\s*;?\s*(?P<ends>exit\s*;?)?\s*\})?"
)


def held_lines(files: Sequence[str], lines: Lines | None, read: Reader) -> Lines | None:
    """Return the lines of the one file that is named, else those that came in."""
    if len(files) > 1:
        return None
    return read(files[0]) if files else lines


def cat(words: list[str], lines: Lines | None, read: Reader) -> Lines | None:
    """Return the lines of a file."""
    return held_lines(words, lines, read) if not any(word.startswith("-") for word in words) else None


def sed(words: list[str], lines: Lines | None, read: Reader) -> Lines | None:
    """Return one line, by its number."""
    plain = [word for word in words if word not in ("-n", "-e", "-E", "-r", "--quiet", "--silent")]
    found = _SED.fullmatch(plain[0].replace(" ", "")) if plain else None
    held = held_lines(plain[1:], lines, read) if found is not None else None
    is_quiet = not {"-n", "--quiet", "--silent"}.isdisjoint(words)
    if held is None or found is None or is_quiet == found[0].endswith(("q;d", "!d")):
        return None
    return held[int(found[1]) - 1 : int(found[1])] if int(found[1]) else None


def _ends(words: list[str], *, is_head: bool, lines: Lines | None, read: Reader) -> Lines | None:
    text, files = "10", words
    if words and words[0] == "-n" and len(words) > 1:
        text, files = words[1], words[2:]
    elif words and words[0].startswith("-"):
        text, files = words[0][1:].removeprefix("n"), words[1:]
    held = held_lines(files, lines, read)
    number = text.lstrip("+-")
    if held is None or not number.isdecimal() or len(number) > MOST_DIGITS or text.startswith("-"):
        return None
    count = int(number)
    if is_head:
        return None if text.startswith("+") else held[:count]
    return held[max(0, count - 1) :] if text.startswith("+") else held[len(held) - min(count, len(held)) :]


def head(words: list[str], lines: Lines | None, read: Reader) -> Lines | None:
    """Return the first lines."""
    return _ends(words, is_head=True, lines=lines, read=read)


def tail(words: list[str], lines: Lines | None, read: Reader) -> Lines | None:
    """Return the last lines."""
    return _ends(words, is_head=False, lines=lines, read=read)


def awk(words: list[str], lines: Lines | None, read: Reader) -> Lines | None:
    """Return lines or columns, by a number or a column's value."""
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
    held = held_lines(words[1:], lines, read) if found is not None else None
    if found is None or held is None or len(between or "x") != 1 or between == " ":
        return None
    told: list[str] = []
    is_text, wanted = (found["wanted"] or "").startswith('"'), _wanted(found, values)
    if wanted is None:
        return None
    printed = re.findall(r"\d+", found["columns"] or "0")
    for number, line in enumerate(held, start=1):
        columns = [line, *(line.split(between) if between else line.split())]
        what = found["what"]
        value = str(number) if what == "NR" else _column(columns, what[1:]) if what else ""
        if what is None or (value == wanted if is_text else _is_equal(value, wanted)):
            told.append(" ".join(_column(columns, column) for column in printed))
            if found["ends"]:
                break
    return told


def _wanted(found: re.Match[str], values: Mapping[str, str]) -> str | None:
    """Return what is compared with: a text in quotes, a number, or a variable, and what is added to it."""
    named = found["wanted"] or ""
    if named.isidentifier() and named not in values:
        return None
    wanted = values.get(named, named.strip('"'))
    if found["sign"] is None:
        return wanted
    is_whole = wanted.isdecimal() and len(wanted) <= MOST_DIGITS and not named.startswith('"')
    return str(int(wanted) + int(found["sign"] + found["more"])) if is_whole else None


def _is_equal(one: str, other: str) -> bool:
    """Compare as awk does: numbers by what they amount to."""
    both = _NUMBER.fullmatch(one) and _NUMBER.fullmatch(other)
    return float(one) == float(other) if both else one == other


def _column(columns: Sequence[str], text: str) -> str:
    return columns[int(text)] if int(text) < len(columns) else ""


def cut(words: list[str], lines: Lines | None, read: Reader) -> Lines | None:
    """Return one column."""
    between, field = "\t", ""
    while words and words[0].startswith("-"):
        option, value = words[0][:2], words[0][2:] or (words[1] if len(words) > 1 else "")
        words = words[1:] if words[0][2:] else words[2:]
        between, field = (value, field) if option == "-d" else (between, value if option == "-f" else "")
    held = held_lines(words, lines, read)
    if held is None or len(between) != 1 or not field.isdecimal() or not 0 < int(field[:6]) < 1000:
        return None
    parts = [line.split(between) for line in held]
    # A line without the sign that separates columns is told as a whole.
    return ["".join(part[int(field) - 1 : int(field)]) if len(part) > 1 else part[0] for part in parts]


def wc(words: list[str], lines: Lines | None, _read: Reader) -> Lines | None:
    """Return how many lines there are."""
    if not words or words[0] != "-l" or len(words) > 1:
        return None
    return None if lines is None else [str(len(lines))]


def jq(words: list[str], lines: Lines | None, read: Reader) -> Lines | None:
    """Return one value of a JSON document."""
    plain = [word for word in words if word not in ("-r", "-c", "-rc", "--raw-output")]
    held = held_lines(plain[1:], lines, read) if plain else None
    is_raw = "-r" in words or "-rc" in words or "--raw-output" in words
    return None if held is None else queried("\n".join(held), plain[0], is_raw=is_raw)
