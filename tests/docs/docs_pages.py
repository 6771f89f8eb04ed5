"""Read the documentation as its tests need it: pages, sections, tables, fenced blocks, links."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

_FENCE = re.compile(r"(?P<indent> *)(?P<mark>`{3,})(?P<language>\w*)\s*$")
_LINK = re.compile(r"(?<!!)\[[^\[\]]*\]\((?P<target>[^()\s]+)\)")


class Fence(NamedTuple):
    """A fenced block: its language ("" where none is given) and its lines."""

    language: str
    lines: tuple[str, ...]


def pages() -> list[Path]:
    """Return every page of the documentation and the README, sorted."""
    return sorted([*DOCS.rglob("*.md"), ROOT / "README.md"])


def page(name: str) -> str:
    """Return the text of a page by its path below docs/, without its ending."""
    return (DOCS / f"{name}.md").read_text("utf-8")


def section(text: str, heading: str) -> str:
    """Return what stands below a heading, up to the next one of its level or above."""
    level = re.escape(heading.split(" ", maxsplit=1)[0])
    found = re.search(rf"(?ms)^{re.escape(heading)}$(.*?)(?=^#{{1,{len(level) // 2}}} |\Z)", text)
    assert found, f"no heading {heading!r}"
    return found[1]


def rows(text: str) -> list[list[str]]:
    """Return the cells of every table row in a text, headers and rules left out."""
    found = []
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if not line.startswith("|") or re.fullmatch(r"[|:\- ]+", line):
            continue
        if number + 1 < len(lines) and re.fullmatch(r"\|[|:\- ]+", lines[number + 1]):
            continue
        found.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return found


def names(cell: str) -> list[str]:
    """Return what stands as code in a cell."""
    return re.findall(r"`([^`]+)`", cell)


def fences(text: str) -> Iterator[Fence]:
    """Yield the fenced blocks of a page, the inner ones of a longer fence as its text."""
    lines = iter(text.splitlines())
    for line in lines:
        opened = _FENCE.match(line)
        if opened is None:
            continue
        body = []
        for inner in lines:
            if re.fullmatch(rf" *{opened['mark']}", inner):
                break
            body.append(inner.removeprefix(opened["indent"]))
        yield Fence(opened["language"], tuple(body))


def without_fences(text: str) -> str:
    """Return a page's text without its fenced blocks."""
    kept: list[str] = []
    mark = ""
    for line in text.splitlines():
        opened = _FENCE.match(line)
        if mark:
            mark = "" if re.fullmatch(rf" *{mark}", line) else mark
        elif opened:
            mark = opened["mark"]
        else:
            kept.append(line)
    return "\n".join(kept)


def links(text: str) -> list[str]:
    """Return the targets of a page's links, outside of its fenced blocks."""
    return [found["target"] for found in _LINK.finditer(without_fences(text))]


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub and MyST make them."""
    headings = re.findall(r"(?m)^#{1,6} (.+)$", without_fences(text))
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.strip().replace(" ", "-") for heading in plain}
