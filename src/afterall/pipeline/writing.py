"""Render a report and publish it; people's notes stay, and a report edited elsewhere is kept aside.

It brings templates and tables with it, so it is imported when a report is to be written.
"""

from msgspec.structs import replace

from afterall.errors import BadSettings
from afterall.model import Finding, FindingCode, Report
from afterall.pipeline.survey import Survey
from afterall.publish import Published, locked
from afterall.render.documents import render, require_templates
from afterall.render.html import OURS
from afterall.render.words.parameter_names import ParameterNames
from afterall.settings import RESULTS_HTML, SETTINGS_NAME, read_templates

LOCK_TIMEOUT_S = 60.0


def write(surveyed: Survey, written: Report, *, as_page: bool = False) -> Published:
    """Write the report's documents; raise PublishRefused where that is not possible.

    Raises BadSettings, before anything is made, for templates and names that this report cannot be told with.

    RESULTS.html is written where the settings or `as_page` ask for it, and where it lies already: a page that
    was asked for once never tells of an earlier state than the report beside it. A person's own file of that
    name is kept aside.
    """
    settings, name = surveyed.settings, surveyed.settings.report
    _require_own_names(surveyed, written)
    templates = read_templates(surveyed.set_dir, settings)
    if templates:
        require_templates(written, settings, templates)
    with locked(surveyed.set_dir, LOCK_TIMEOUT_S) as place:
        is_there = place.has(RESULTS_HTML, OURS)
        settings = replace(settings, html=settings.html or as_page or is_there)
        if settings.html and not is_there:
            place.keep_edited(RESULTS_HTML)
        old = place.read_old(name)
        kept = place.keep_edited(name) if old is not None and old.edited else ""
        whole = _with_kept(written, place.kept(name))
        notes = (old.notes if old else None) or ""
        published = place.publish(render(whole, settings, notes, templates), name)
        return replace(published, kept=kept)


def _require_own_names(surveyed: Survey, written: Report) -> None:
    """Raise BadSettings where two parameters of the set would stand under one name."""
    known = sorted({key for experiment in written.experiments for key in experiment.parameters})
    own = surveyed.settings.names
    for key, other in ParameterNames(own).shared(known):
        problem = f"'{own[key]}' is what the report calls {other}"
        raise BadSettings(surveyed.set_dir / SETTINGS_NAME, problem, key=f"names.{key}")


def _with_kept(written: Report, kept: tuple[str, ...]) -> Report:
    findings = tuple(Finding(code=FindingCode.REPORT_EDITED, subject=name) for name in kept)
    return replace(written, findings=(*written.findings, *findings)) if findings else written
