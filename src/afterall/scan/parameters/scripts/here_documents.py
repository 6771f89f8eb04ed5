"""Take a batch script apart into the lines of its commands and the here-documents that those read.

Invariant: what looks like a document's beginning and has no end is none: a shift, as in `$((1 << 3))`, or
text in quotes.
"""

import re
from collections.abc import Iterator

from msgspec import Struct

from afterall.scan.parameters.scripts.words.syntax import split_commands

_BEGIN = re.compile(r"(?<!<)<<(-?)\s{0,9}(['\"]?)(\w{1,100})\2")


class Document(Struct, frozen=True):
    """One here-document; in a literal one, whose mark is quoted, variables are not put in."""

    lines: list[str]
    is_literal: bool


def lines_of(script: str) -> Iterator[tuple[str, Document | None]]:
    """Yield each line of commands, continued lines joined, with the document that follows it."""
    lines = script.replace("\r\n", "\n").split("\n")
    # Before a mark that ends a document only tabs may stand, and those only after `<<-`: bash(1).
    ends = {"": lines, "-": [line.lstrip("\t") for line in lines]}
    last = {sign: {line: place for place, line in enumerate(ends[sign])} for sign in ends}
    at = 0
    while at < len(lines):
        end = _end_of_line(lines, at)
        line = "".join([*(part[:-1] for part in lines[at : end - 1]), lines[end - 1]])
        begin = None if _is_comment(line) else _BEGIN.search(line)
        at = end
        if begin is None or last[begin[1]].get(begin[3], -1) < end:
            yield line, None
            continue
        at = ends[begin[1]].index(begin[3], end)
        yield line, Document(ends[begin[1]][end:at], bool(begin[2]))
        at += 1


def _end_of_line(lines: list[str], at: int) -> int:
    """Return where the line ends that begins at `at`: a comment is never continued."""
    end = at + 1
    if _is_comment(lines[at]):
        return end
    while end < len(lines) and _is_continued(lines[end - 1]):
        end += 1
    return end


def _is_continued(line: str) -> bool:
    """Return whether a line's last backslash is one that no other stands for, and no comment's."""
    is_open = (len(line) - len(line.rstrip("\\"))) % 2 == 1
    if not is_open or "#" not in line:
        return is_open
    return "".join(text for text, _ in split_commands(line)).endswith("\\")


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")
