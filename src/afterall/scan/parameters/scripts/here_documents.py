"""Take a batch script apart into the lines of its commands and the here-documents that those read.

Invariant: what looks like a document's beginning and has no end is none: a shift, as in `$((1 << 3))`, or
text in quotes.
"""

import re
from collections.abc import Iterator

from msgspec import Struct

_BEGIN = re.compile(r"(?<!<)<<(-?)\s{0,9}(['\"]?)(\w{1,100})\2")


class Document(Struct, frozen=True):
    """One here-document; in a literal one, whose mark is quoted, variables are not put in."""

    lines: list[str]
    is_literal: bool


def lines_of(script: str) -> Iterator[tuple[str, Document | None]]:
    """Yield each line of commands, continued lines joined, with the document that follows it."""
    lines = script.replace("\r\n", "\n").split("\n")
    last = {line.strip(): place for place, line in enumerate(lines)}
    at = 0
    while at < len(lines):
        end = _end_of_line(lines, at)
        line = "".join([*(part[:-1] for part in lines[at : end - 1]), lines[end - 1]])
        begin = None if _is_comment(line) else _BEGIN.search(line)
        at = end
        if begin is None or last.get(begin[3], -1) < end:
            yield line, None
            continue
        while lines[at].strip() != begin[3]:
            at += 1
        body = [text.lstrip("\t") if begin[1] else text for text in lines[end:at]]
        yield line, Document(body, bool(begin[2]))
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
    """Return whether a line's last backslash is one that no other stands for."""
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")
