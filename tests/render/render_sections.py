"""Take a rendered report apart: its headings, its sections, and what stands under them."""

from typing import Any

from afterall.model import Report, SetStatus, Storage
from afterall.render.documents import render
from afterall.settings import SetSettings
from render.render_reports import make_summary
from render.render_strings import MARKDOWN

SECTIONS = [
    "Overview",
    "Checkpoint Verification",
    "Training Results Summary",
    "Key Findings",
    "Storage Summary",
    "Issues and Notes",
    "Next Steps",
    "Your Notes",
    "Appendix: Useful Commands",
]


def markdown(report: Report, notes: str = "", **settings: Any) -> str:
    """Return the rendered report."""
    chosen = SetSettings(**settings)
    return render(report, chosen, notes, {})[chosen.report].decode()


def headings(document: str) -> list[tuple[int, int, str]]:
    """Return each heading's line, level and text; comments in fenced commands are none."""
    tokens = MARKDOWN.parse(document)
    return [
        (token.map[0], int(token.tag[1]), tokens[n + 1].content)
        for n, token in enumerate(tokens)
        if token.type == "heading_open" and token.map
    ]


def section(document: str, heading: str) -> str:
    """Return the text under one heading, up to the next of the same or a higher level."""
    every = headings(document)
    place = [text for _, _, text in every].index(heading)
    line, level, _ = every[place]
    end = next((at for at, other, _ in every[place + 1 :] if other <= level), None)
    return "\n".join(document.split("\n")[line + 1 : end]) + "\n"


def subheadings(document: str, heading: str) -> list[str]:
    """Return the headings directly under one of the report's sections."""
    return [text for _, level, text in headings(section(document, heading)) if level == 3]


def empty_report() -> Report:
    """Return a report on a set without experiments."""
    storage = Storage(size_bytes=0, allocated_bytes=0, experiments=())
    summary = make_summary(
        (), status=SetStatus.INCOMPLETE, title=None, description=None, first=None, last=None
    )
    return Report(set=summary, experiments=(), storage=storage)
