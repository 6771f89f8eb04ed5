"""Read the heading and the first paragraph of a set's README.md.

Invariant: any text gives an answer, in time linear in its length; what is returned is one line of plain text
without control characters, never Markdown or HTML to be trusted.
"""

import re
from collections.abc import Iterator

from msgspec import Struct

MOST_CHARACTERS = 64 * 1024
LONGEST_TITLE = 200
LONGEST_PARAGRAPH = 2000

_HEADING = re.compile(r" {0,3}#{1,6}(?:[ \t]+(.*))?$")
_UNDERLINE = re.compile(r" {0,3}(?:=+|--+)[ \t]*$")
_NOT_PROSE = re.compile(r" {0,3}(?:[-+*]([ \t]|$)|[0-9]{1,9}[.)][ \t]|>|\||<|[-*_=]{3,}[ \t]*$)| {4}|\t")
_FENCE = re.compile(r" {0,3}(```|~~~)")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_IMAGE = re.compile(r"!\[[^\[\]]{0,500}\](?:\([^()\s]{0,2000}\)|\[[^\[\]]{0,500}\])")
_LINK = re.compile(r"\[([^\[\]]{0,500})\](?:\([^()\n]{0,2000}\)|\[[^\[\]]{0,500}\])")
_CODE = re.compile(r"`([^`]{1,500})`")
_MARKED = re.compile(r"(?<![\w*])(\*\*|__|\*|_)(?=\S)([^*_]{0,500}[^*_\s])\1(?![\w*])")
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")


class Readme(Struct, frozen=True):
    """What a README.md says of its set; None where it does not."""

    title: str | None = None
    paragraph: str | None = None


class _Heading(Struct, frozen=True):
    text: str


class _Paragraph(Struct, frozen=True):
    text: str


def parse_readme(text: str) -> Readme:
    """Return the first heading (ATX or underlined) and the first paragraph of prose after it.

    Front matter, comments, code, lists, tables, quotes, HTML and lines of badges are no prose
    (CommonMark 0.31, sections 4 and 5). Where nothing follows the heading, a paragraph before it counts.
    """
    title: str | None = None
    paragraph: str | None = None
    for block in _blocks(text[:MOST_CHARACTERS]):
        plain = _plain(block.text)
        if not plain:
            continue
        if isinstance(block, _Paragraph):
            paragraph = plain[:LONGEST_PARAGRAPH]
            if title is not None:
                break
        elif title is None:
            title = plain[:LONGEST_TITLE]
    return Readme(title, paragraph)


def _blocks(text: str) -> Iterator[_Heading | _Paragraph]:
    for chunk in _chunks(_prose_lines(text)):
        heading = _HEADING.match(chunk[0])
        if heading:
            yield _Heading(re.sub(r"[ \t]#+[ \t]*$", "", (heading[1] or "").rstrip()))
        elif len(chunk) > 1 and _UNDERLINE.match(chunk[-1]):
            yield _Heading(" ".join(chunk[:-1]))
        elif not _NOT_PROSE.match(chunk[0]):
            yield _Paragraph(" ".join(chunk))


def _chunks(lines: Iterator[str]) -> Iterator[list[str]]:
    """Yield runs of lines that belong together: up to a blank line, a heading, or with an underline."""
    chunk: list[str] = []
    for line in lines:
        ends_here = bool(chunk) and bool(_UNDERLINE.match(line))
        if ends_here:
            chunk.append(line)
        if chunk and (ends_here or not line.strip() or _HEADING.match(line)):
            yield chunk
            chunk = []
        if _HEADING.match(line):
            yield [line]
        elif line.strip() and not ends_here:
            chunk.append(line)
    if chunk:
        yield chunk


def _prose_lines(text: str) -> Iterator[str]:
    """Yield the lines that are neither front matter nor comments nor fenced code."""
    lines = _COMMENT.sub("", text.removeprefix("\ufeff")).splitlines()
    if lines and lines[0].rstrip() == "---":
        end = next((n for n, line in enumerate(lines[1:], start=1) if line.rstrip() in ("---", "...")), 0)
        lines = lines[end + 1 :] if end else lines
    fence = ""
    for line in lines:
        mark = _FENCE.match(line)
        if mark and fence in ("", mark[1]):
            fence = "" if fence else mark[1]
            yield ""
        elif not fence:
            yield line


def _plain(text: str) -> str:
    """Return `text` without images, link targets and emphasis, on one line."""
    text = _CODE.sub(r"\1", _LINK.sub(r"\1", _IMAGE.sub("", text)))
    return _UNPRINTABLE.sub(" ", _MARKED.sub(r"\2", _MARKED.sub(r"\2", text))).strip()
