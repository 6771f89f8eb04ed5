"""Everything that a lab's template can use is documented: files, variables, fields, filters."""

from typing import Any

import msgspec
import pytest
from jinja2 import Environment

from afterall.model.notes import NOTES_BEGIN, NOTES_END
from afterall.render.documents import render
from afterall.render.markdown_document import _context
from afterall.render.page import Page
from afterall.render.templating import TEMPLATE_NAMES, _environment
from afterall.settings import SetSettings
from docs.docs_pages import fences, names, page, rows, section
from render.render_reports import spec_report

HOW_TO = page("how-to/change-the-report")
VARIABLES = {names(row[0])[0]: row[1] for row in rows(section(HOW_TO, "### Variables"))}


def context() -> dict[str, Any]:
    """Return what templates see of a report."""
    return _context(Page(spec_report(), SetSettings()))


def test_every_template_is_documented() -> None:
    """Each file that can be replaced has its row, and no other has one."""
    own = section(HOW_TO, "## Templates").partition("\n### ")[0]
    assert [names(row[0])[0] for row in rows(own)] == list(TEMPLATE_NAMES)


def test_every_variable_is_documented() -> None:
    """Each name that a template can print has its row, and no other has one."""
    assert list(VARIABLES) == list(context())


def test_every_field_of_a_variable_is_documented() -> None:
    """The fields of each section's view stand beside its name; the raw report is named as such."""
    for name, value in context().items():
        if name != "report" and isinstance(value, msgspec.Struct):
            missing = [field for field in value.__struct_fields__ if f"`{field}`" not in VARIABLES[name]]
            assert missing == [], name


def test_every_filter_is_documented() -> None:
    """Our filters stand in the table, and no others."""
    ours = set(_environment(()).filters) - set(Environment(autoescape=True).filters)
    told = {names(row[0])[0] for row in rows(section(HOW_TO, "### Filters"))}
    assert told == ours


TEMPLATES = ["\n".join(fence.lines) for fence in fences(HOW_TO) if any("{%" in line for line in fence.lines)]


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_in_the_page_can_be_used(template: str) -> None:
    """Each example renders as a section of a report."""
    document = render(spec_report(), SetSettings(templates="lab"), "", {"overview.md.j2": template})
    assert "2025-10-18" in document["RESULTS.md"].decode()


def test_examples_and_markers_are_the_codes() -> None:
    """The page has examples to try, and shows the very markers that keep a person's notes."""
    assert len(TEMPLATES) == 2
    assert NOTES_BEGIN in HOW_TO
    assert NOTES_END in HOW_TO
