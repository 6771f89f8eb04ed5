"""Put one finding into a sentence: Markdown for the report, plain for RESULTS.json and terminals."""

from collections.abc import Mapping
from typing import LiteralString

from afterall.model import Finding, Scalar
from afterall.render.composing import first_that_fits, md_calling, plain
from afterall.render.escaping import Markdown, line
from afterall.render.words.findings import WORDINGS
from afterall.render.words.findings.wording import Forms
from afterall.render.words.parameter_names import OURS, ParameterNames


def message(finding: Finding) -> str:
    """Return what was found as a plain sentence that names its experiment, for JSON and terminals."""
    values = _values(finding)
    form = _chosen(WORDINGS[finding.code].says, values)
    told = plain(form, **values)
    if finding.experiment is not None:
        return f"{line(finding.experiment)}: {told}."
    # A path or name at the sentence's start is spelled as it is.
    return f"{told}." if form.startswith("{") else f"{told[:1].upper()}{told[1:]}."


def sentence(finding: Finding, names: ParameterNames = OURS) -> Markdown:
    """Return what was found as a Markdown sentence that does not name the experiment."""
    return fill(WORDINGS[finding.code].says, finding, names)


def fill(forms: Forms, finding: Finding, names: ParameterNames = OURS) -> Markdown:
    """Return the first of `forms` that the finding's evidence can fill, filled; "" where it says nothing."""
    values = _values(finding)
    return md_calling(names, _chosen(forms, values), **values)


def plainly(forms: Forms, finding: Finding) -> str:
    """Return what `fill` does as one plain line, for JSON and terminals."""
    values = _values(finding)
    return plain(_chosen(forms, values), **values)


def _chosen(forms: Forms, values: Mapping[str, Scalar]) -> LiteralString:
    return first_that_fits(forms, values)


def _values(finding: Finding) -> dict[str, Scalar]:
    return {**finding.evidence, "subject": finding.subject, "experiment": finding.experiment}
