"""Turn any text into Markdown that shows it and does nothing else.

Invariant: what these functions return cannot open or close a table cell, a heading, a link, an image, a code
span, a fence or HTML outside itself, and holds no control, bidirectional or invisible character. Names, logs
and README files are written by others; see GitHub Flavored Markdown 4.10 on `|` in code spans.
"""

import re
from urllib.parse import quote

from afterall.model.unseen import MARKER, UNSEEN

NAME_LIMIT = 120
LINE_LIMIT = 400

_ANSI = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
_SPACES = re.compile(r"[\t\n\r \xa0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
_PLAIN = re.compile(r"[0-9A-Za-z]+(?:[ _-][0-9A-Za-z]+|(?<=[0-9])\.[0-9]+)*")
"""What reads as itself everywhere: most names and numbers."""
_SPECIAL = re.compile(
    r"[\\`*\[\]<|~$#]"
    r"|!(?=$)|&(?=[#A-Za-z]|$)|:(?=//)|(?<=www)\."
    r"|^(?:[>=:]|[-+](?=[ +-]|$))"
)
_LIST_NUMBER = re.compile(r"^([0-9]{1,9})([.)])(?= |$)")
_UNDERSCORES = re.compile(r"_+")


class Markdown(str):
    """Markdown that is safe to print as it stands."""

    __slots__ = ()


def shown(text: str) -> str:
    r"""Return `text` with every unseen character spelled out: ESC as `\x1b`, undecodable bytes as `\xNN`."""
    return MARKER.sub(r"afterall\\x3a", UNSEEN.sub(_spelled, text))


def capped(text: str, limit: int) -> str:
    """Return at most `limit` characters of `text`, the cut marked by "…"."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def line(text: str, limit: int = LINE_LIMIT) -> str:
    """Return `text` as one plain line: whitespace collapsed, unseen characters spelled out."""
    return shown(capped(_SPACES.sub(" ", text).strip(" "), limit))


def text(value: str, limit: int = NAME_LIMIT) -> Markdown:
    """Return `value` as inline Markdown that reads as itself, also at a line's start and in a table."""
    if isinstance(value, Markdown):
        return value
    if len(value) <= limit and _PLAIN.fullmatch(value):
        return Markdown(value)
    flat = line(value, limit)
    if not flat:
        return Markdown("(blank)" if value else "")
    escaped = _SPECIAL.sub(r"\\\g<0>", flat)
    escaped = _LIST_NUMBER.sub(r"\1\\\2", escaped)
    return Markdown(_UNDERSCORES.sub(_underscores, escaped))


def code(value: str, limit: int = LINE_LIMIT) -> Markdown:
    """Return `value` as a code span, or as text where a span could not hold it in a table cell."""
    inside = shown(capped(value, limit))
    if not inside.strip(" ") or "|" in inside:
        return text(value, limit)
    ticks = "`" * (_longest_run(inside) + 1)
    padding = " " if inside[0] in "` " or inside[-1] in "` " else ""
    return Markdown(f"{ticks}{padding}{inside}{padding}{ticks}")


def fence(value: str, language: str = "text", lines: int = 60) -> Markdown:
    """Return `value` as a fenced block of at most `lines` lines; `language` is ours, never a user's."""
    rows = [shown(capped(_ANSI.sub("", row), 4 * LINE_LIMIT)) for row in value.split("\n")]
    if len(rows) > lines:
        rows = [*rows[:lines], f"… {len(rows) - lines} more lines"]
    body = "\n".join(rows)
    ticks = "`" * max(3, _longest_run(body) + 1)
    return Markdown(f"{ticks}{language}\n{body}\n{ticks}")


def quoted(value: str) -> str:
    """Return a log's line without its colours, as plain text for a fence or RESULTS.json."""
    return line(_ANSI.sub("", value))


def link(label: str, path: str) -> Markdown:
    """Return a link to `path`, relative to the report, every byte but the plainest percent-encoded."""
    target = quote(path_bytes(path), safe="/")
    return Markdown(f"[{text(label)}]({target})") if target else text(label)


def path_bytes(path: str) -> bytes:
    """Return a path's bytes as the file system has them; what no file system can hold becomes "?"."""
    try:
        return path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return path.encode("utf-8", "replace")


def _spelled(found: re.Match[str]) -> str:
    point = ord(found[0])
    if 0xDC80 <= point <= 0xDCFF:  # os.fsdecode's stand-in for the undecodable byte 0x80..0xff
        return f"\\x{point - 0xDC00:02x}"
    if point < 0x100:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def _underscores(found: re.Match[str]) -> str:
    """Escape a run unless letters or digits stand on both sides: inside a word it cannot mean emphasis."""
    before = found.string[found.start() - 1 : found.start()]
    after = found.string[found.end() : found.end() + 1]
    return found[0] if before.isalnum() and after.isalnum() else "\\_" * len(found[0])


def _longest_run(value: str) -> int:
    return max((len(run) for run in re.findall("`+", value)), default=0)
