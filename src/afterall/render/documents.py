"""Render a report to its documents, in memory: RESULTS.md, .json and .html, CSV tables and figures.

Invariant: pure; the same report, settings, notes and templates give the same bytes.
"""

from collections.abc import Mapping

from afterall.model import Report
from afterall.render.csv_tables import checkpoints_csv, experiments_csv
from afterall.render.curve_table import curves_csv
from afterall.render.document import render_json
from afterall.render.figures import figures, path_of
from afterall.render.markdown_document import render_markdown
from afterall.render.page import Page
from afterall.settings import RESULTS_FILES, RESULTS_HTML, RESULTS_JSON, SetSettings


def render(
    report: Report, settings: SetSettings, notes: str, templates: Mapping[str, str]
) -> dict[str, bytes]:
    """Return each document by its file name relative to the set.

    `notes` is the text between the notes markers of the report that is there already, "" where there is
    none; `templates` are the lab's own by name (TEMPLATE_NAMES). Raises BadSettings, with file and line, for
    one that cannot be used.
    """
    page = Page(report, settings, notes)
    markdown = render_markdown(page, templates)
    drawn = {path_of(name): figure.draw() for name, figure in figures(page).items()}
    return {
        settings.report: markdown,
        RESULTS_JSON: render_json(report),
        f"{RESULTS_FILES}/experiments.csv": experiments_csv(report),
        f"{RESULTS_FILES}/checkpoints.csv": checkpoints_csv(report),
        f"{RESULTS_FILES}/curves.csv": curves_csv(report),
        **drawn,
        **(_as_html(page, markdown, drawn) if settings.html else {}),
    }


def require_templates(report: Report, settings: SetSettings, templates: Mapping[str, str]) -> None:
    """Raise BadSettings as `render` would for templates that cannot be used; nothing is drawn for that."""
    render_markdown(Page(report, settings), templates)


def _as_html(page: Page, markdown: bytes, figures: Mapping[str, bytes]) -> dict[str, bytes]:
    from afterall.render.html.html_document import render_html  # noqa: PLC0415 (few reports need markdown-it)

    return {RESULTS_HTML: render_html(page, markdown.decode("utf-8", "replace"), figures)}
