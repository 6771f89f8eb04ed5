"""Write RESULTS.md: every section in report-spec's order, the person's notes byte for byte.

Invariant: no section is ever missing without a word; the two notes markers stand in the text exactly once.
"""

import re
from collections.abc import Mapping
from typing import Any

from afterall.model.notes import DEFAULT_NOTES, NOTES_BEGIN, NOTES_END
from afterall.render.escaping import Markdown
from afterall.render.page import Page
from afterall.render.sections import (
    appendix,
    checkpoints,
    findings,
    issues,
    next_steps,
    overview,
    results,
    storage,
    title,
)
from afterall.render.templating import fill
from afterall.settings import SECTIONS


def render_markdown(page: Page, templates: Mapping[str, str]) -> bytes:
    """Return the whole report as UTF-8; raise BadSettings for a lab's template that cannot be used."""
    place = page.settings.templates or "templates"
    filled = fill(_context(page), templates, place)
    before, marker, after = filled.partition(NOTES_BEGIN + NOTES_END)
    if not marker:
        before, after = f"{filled.rstrip()}\n\n## Your Notes\n\n", ""
    notes = page.notes or DEFAULT_NOTES
    document = f"{_spaced(before)}{NOTES_BEGIN}{notes}{NOTES_END}{_spaced(after).rstrip()}\n"
    return encoded(document)


def encoded(document: str) -> bytes:
    """Return UTF-8, bytes that a person's notes held undecodable as they were."""
    try:
        return document.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return document.encode("utf-8", "backslashreplace")


def _context(page: Page) -> dict[str, Any]:
    """Return what templates see: a view for each section, and report-spec's template variables."""
    heading = title.view(page)
    return {
        "EXPERIMENT_SET_NAME": heading.name,
        "DATE": heading.date,
        "TASK_DESCRIPTION": heading.experiment,
        "MODEL_NAMES": heading.models,
        "NUM_EXPERIMENTS": len(page.report.experiments),
        "COMPLETION_STATUS": heading.status,
        "title": heading,
        "overview": overview.view(page),
        "checkpoints": checkpoints.view(page),
        "results": results.view(page),
        "findings": findings.view(page),
        "storage": storage.view(page),
        "issues": issues.view(page),
        "next_steps": next_steps.view(page),
        "appendix": appendix.view(page),
        "omit": tuple(name for name in SECTIONS if name in page.settings.omit),
        "notes": Markdown(NOTES_BEGIN + NOTES_END),
        "report": page.report,
    }


def _spaced(part: str) -> str:
    """Return text with at most one blank line in a row."""
    return re.sub(r"\n{3,}", "\n\n", part)
