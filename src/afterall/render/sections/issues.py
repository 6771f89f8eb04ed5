"""Render each distinct problem once: whom it concerns, why, what to do, what it means.

Invariant: no finding is lost; those of one code stand together, those with different quotes show each.
"""

import re
from collections.abc import Sequence

from msgspec import Struct

from afterall.model import Finding, FindingCode, Severity
from afterall.render.composing import all_experiments, capital, joined, listing, md
from afterall.render.escaping import Markdown, fence, quoted, text
from afterall.render.page import Page
from afterall.render.sections.place import place
from afterall.render.sentences import fill, sentence
from afterall.render.words.findings import WORDINGS
from afterall.render.words.findings.wording import Forms
from afterall.render.words.states import BAD, DOUBT
from afterall.settings import RESULTS_JSON

TOLD_ELSEWHERE = (FindingCode.ONE_SEED, FindingCode.CONFOUNDED, FindingCode.EVALUATION_PAIRED)
"""Of the comparisons, and stands with them under Key Findings."""
IN_THE_OVERVIEW = (FindingCode.SLURM_NOT_ASKED,)
"""Stands in the overview, where there is one, and is no problem."""
MOST_LINES = 8
MOST_OF_ONE = 2
MOST_QUOTES = 3
MOST_CAUSES = 4
MOST_CASES = 4
MOST_COMMANDS = 4


class Issue(Struct, frozen=True, kw_only=True):
    """One problem; empty parts are left out."""

    heading: Markdown
    summary: Markdown
    details: tuple[Markdown, ...]
    cause: Markdown
    quote: Markdown
    resolution: Markdown
    command: Markdown
    """What the resolution says, as commands; empty where a next step has them."""
    impact: Markdown


class IssuesView(Struct, frozen=True, kw_only=True):
    """Problems gravest first, then notes, each a line; `place` says where commands run, if there are any."""

    place: Markdown
    issues: tuple[Issue, ...]
    notes: tuple[Markdown, ...]


def view(page: Page) -> IssuesView:
    """Return all findings as issues and notes."""
    groups: dict[FindingCode, list[Finding]] = {}
    notes: dict[FindingCode, list[Finding]] = {}
    elsewhere = TOLD_ELSEWHERE if "overview" in page.settings.omit else (*TOLD_ELSEWHERE, *IN_THE_OVERVIEW)
    for finding in page.report.findings:
        if finding.code not in elsewhere:
            kind = notes if finding.gravity is Severity.INFO else groups
            kind.setdefault(finding.code, []).append(finding)
    ordered = sorted(groups.values(), key=lambda alike: -max(finding.gravity for finding in alike))
    issues = tuple(_issue(alike, page) for alike in ordered)
    return IssuesView(
        place=place(page) if any(issue.command for issue in issues) else Markdown(""),
        issues=issues,
        notes=tuple(line for alike in notes.values() for line in _lines(alike, page)),
    )


def _issue(alike: Sequence[Finding], page: Page) -> Issue:
    wording = WORDINGS[alike[0].code]
    mark = BAD if max(finding.gravity for finding in alike) is Severity.ERROR else DOUBT
    lines = _lines(alike, page)
    quotes = _distinct_quotes(alike)
    return Issue(
        heading=Markdown(wording.title),
        summary=md("{} {}", Markdown(mark), lines[0])
        if len(lines) == 1
        else md("{} {}:", Markdown(mark), _who(alike, page)),
        details=tuple(lines) if len(lines) > 1 else (),
        cause=_cause(alike, quotes, page),
        quote=fence("\n".join(quoted(finding.quote) for finding in quotes)) if quotes else Markdown(""),
        resolution=_by_case(wording.resolution, alike, page),
        command=_command(alike, page),
        impact=_by_case(wording.impact, alike, page),
    )


def _by_case(forms: Forms, alike: Sequence[Finding], page: Page) -> Markdown:
    """Return what holds for all the findings, or for each few of them what holds for those.

    What would be different for too many of them is told as for the first.
    """
    cases: dict[Markdown, list[Finding]] = {}
    for finding in alike:
        cases.setdefault(fill(forms, finding, page.names), []).append(finding)
    told = [(words, own) for words, own in cases.items() if words]
    if len(cases) == 1 or len(told) > MOST_CASES or any(finding.experiment is None for finding in alike):
        return fill(forms, alike[0], page.names)
    return joined([md("**{}**: {}", _who(own, page), words) for words, own in told], " ")


def _lines(alike: Sequence[Finding], page: Page) -> list[Markdown]:
    """Return one line for all experiments with the same to tell, else one for each up to a limit.

    What differs in a run's own directory alone is the same.
    """
    by_experiment: dict[str | None, list[Finding]] = {}
    for finding in alike:
        by_experiment.setdefault(finding.experiment, []).append(finding)
    by_words: dict[str, list[tuple[Markdown, Finding]]] = {}
    for name, own in by_experiment.items():
        told = _told(own, page)
        by_words.setdefault(_anywhere(told, name, page), []).append((told, own[0]))
    lines = [_line(same, page) for same in by_words.values()]
    if len(lines) > MOST_LINES:
        left = len(lines) - MOST_LINES + 1
        return [*lines[: MOST_LINES - 1], md("… and {} more, in {}.", left, RESULTS_JSON)]
    return lines


def _told(own: Sequence[Finding], page: Page) -> Markdown:
    """Return what one experiment's findings of a kind say: the first few of them, the rest counted."""
    sentences = list(dict.fromkeys(sentence(finding, page.names) for finding in own))
    if len(sentences) <= MOST_OF_ONE:
        return joined(sentences, "; ")
    return md(
        "{}; and {} more alike", joined(sentences[: MOST_OF_ONE - 1], "; "), len(sentences) - MOST_OF_ONE + 1
    )


def _anywhere(told: str, name: str | None, page: Page) -> str:
    """Return what is told of a run without the place of its directory."""
    run = page.by_name.get(name or "")
    return told.replace(f"`{run.layout.path}/", "`…/") if run is not None and run.layout.path else told


def _line(same: Sequence[tuple[Markdown, Finding]], page: Page) -> Markdown:
    own = [finding for _, finding in same]
    told = same[0][0]
    if all(finding.experiment is None for finding in own):
        return md("{}.", capital(told))
    others = "" if len({words for words, _ in same}) == 1 else "; alike in the others"
    return md("**{}**: {}{}.", _who(own, page), told, Markdown(others))


def _who(alike: Sequence[Finding], page: Page) -> Markdown:
    names = list(dict.fromkeys(finding.experiment for finding in alike if finding.experiment))
    if not names:
        return Markdown("The set")
    if len(names) == len(page.report.experiments) and len(names) > 1:
        return text(all_experiments(len(names)).capitalize())
    return listing([text(name) for name in names], 6)


def _cause(alike: Sequence[Finding], quotes: Sequence[Finding], page: Page) -> Markdown:
    """Return why, ending in a colon where the log's own line follows.

    Of several findings each may have a cause of its own: all are told.
    """
    wording, first = WORDINGS[alike[0].code], alike[0]
    cause = _by_case(wording.cause, alike, page)
    is_one_cause = cause == fill(wording.cause, first, page.names)
    titles = list(dict.fromkeys(title for finding in alike if (title := _explaining(finding, page))))
    see = md("See {}.", listing([md("*{}*", title) for title in titles], MOST_CAUSES)) if titles else ""
    if quotes:
        alike_elsewhere = sum(bool(finding.quote) for finding in alike) - len(quotes)
        more = md("; alike in {} more", alike_elsewhere) if alike_elsewhere else Markdown("")
        place = md(" ({}{})", _places(quotes, page), more) if quotes[0].sources else Markdown("")
        is_partly_elsewhere = bool(see) and len(alike) > 1
        log = "Of the others the log says" if is_partly_elsewhere else "The log says"
        before = Markdown(cause.removesuffix(".") or log) if is_one_cause else md("{} {}", cause, log)
        said = md("{}{}:", before, place)
        return md("{} {}", see, said) if is_partly_elsewhere else said
    if see:
        return md("{}{}{}", cause, Markdown(" " if cause else ""), see)
    return cause or fill(wording.unexplained, first, page.names)


def _explaining(finding: Finding, page: Page) -> str:
    """Return the heading of the issue that the finding names as its cause."""
    named = finding.evidence.get("cause")
    told = page.codes[finding.experiment]
    return next((WORDINGS[code].title for code in told if code.value == named), "")


def _places(quotes: Sequence[Finding], page: Page) -> Markdown:
    return listing([page.place(finding.sources[0]) for finding in quotes if finding.sources], MOST_QUOTES)


def _command(alike: Sequence[Finding], page: Page) -> Markdown:
    """Return the commands for all findings of a kind, each once, the first few of many."""
    if any(step.because is alike[0].code for step in page.report.next_steps):
        return Markdown("")
    told = (page.remedies.command(finding) for finding in alike)
    lines = list(dict.fromkeys(line for command in told for line in command.split("\n") if line))
    if len(lines) > MOST_COMMANDS:
        more = len(lines) - MOST_COMMANDS + 1
        lines = [*lines[: MOST_COMMANDS - 1], f"# … and {more} more alike, in {RESULTS_JSON}"]
    return fence("\n".join(lines), "bash") if lines else Markdown("")


def _distinct_quotes(alike: Sequence[Finding]) -> list[Finding]:
    """Return a finding for each really different quote: names, paths and numbers aside."""
    kinds: dict[str, Finding] = {}
    for finding in alike:
        if finding.quote:
            kinds.setdefault(_kind(finding.quote), finding)
    return list(kinds.values())[:MOST_QUOTES]


def _kind(quote: str) -> str:
    return re.sub(r"'[^']*'|\"[^\"]*\"|[^\s:]*/\S*|[0-9]+", "…", quote[:2000])
