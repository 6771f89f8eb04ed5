"""Tell what concerns the set as a whole: who answered for Slurm, what was not read, what its design allows.

Invariant: a source that was not asked is never said to be silent, nor the other way round.
"""

from collections.abc import Sequence
from difflib import get_close_matches

from afterall.analyse.design import Design, count_settings
from afterall.analyse.findings.evidence import known
from afterall.analyse.measure_choice import names_in
from afterall.analyse.measures import Kind, Measure
from afterall.analyse.noise import finite_values
from afterall.analyse.ordering import identity
from afterall.analyse.parameters.names import prominence
from afterall.model import (
    Comparison,
    Experiment,
    Finding,
    FindingCode,
    Observation,
    Scalar,
    SetLayout,
    SlurmSource,
)
from afterall.settings import SetSettings


def judge_observation(seen: Observation) -> list[Finding]:
    """Return the finding that Slurm was not asked, or that its accounting did not answer.

    Logs that name jobs are no source of Slurm's: they neither make it asked nor answer for it.
    """
    asked = [report for report in seen.asked if report.source is not SlurmSource.LOG]
    if not asked:
        return [Finding(code=FindingCode.SLURM_NOT_ASKED)]
    if seen.accounting_answered:
        return []
    evidence: dict[str, Scalar] = {
        "tried": "; ".join(report.line for report in asked if not report.answered),
        "answered": ", ".join(report.source.value for report in asked if report.answered),
    }
    return [Finding(code=FindingCode.SLURM_UNAVAILABLE, evidence=known(evidence))]


def judge_layout(layout: SetLayout) -> list[Finding]:
    """Return the findings on directories that could not be listed and a walk that was cut short."""
    found = [
        Finding(code=FindingCode.DIRECTORY_UNREADABLE, subject=path) for path in sorted(layout.unreadable)
    ]
    if layout.truncated:
        entries = max(len(layout.entries), sum(len(e.entries) for e in layout.experiments))
        found.append(Finding(code=FindingCode.WALK_TRUNCATED, evidence={"entries": entries}))
    return found


def judge_metrics(experiments: Sequence[Experiment], settings: SetSettings) -> list[Finding]:
    """Return a finding for each metric that the settings name and no experiment has."""
    names = names_in(experiments)
    return [
        Finding(
            code=FindingCode.METRIC_NOT_FOUND,
            subject=metric,
            evidence=known({"known": ", ".join(get_close_matches(metric, names, n=5, cutoff=0.4))}),
        )
        for metric in settings.metrics
        if metric not in names
    ]


def judge_design(
    design: Design, measures: Sequence[Measure], comparisons: Sequence[Comparison]
) -> list[Finding]:
    """Return the findings that nothing was repeated, and that some parameters only changed together."""
    quality = [measure for measure in measures if measure.kind is Kind.QUALITY]
    return [*_one_seed(design, quality), *_confounded(comparisons, {measure.name for measure in quality})]


def _one_seed(design: Design, quality: Sequence[Measure]) -> list[Finding]:
    compared = [cell for cell in design.cells if any(finite_values(cell.runs, m) for m in quality)]
    if len(compared) < 2 or not design.dimensions or any(len(cell.runs) > 1 for cell in compared):
        return []
    settings = count_settings(compared)
    evidence: dict[str, Scalar] = {"settings": settings}
    if settings < len(compared):
        evidence["runs"] = len(compared)
    seeds = {identity(seed): seed for cell in compared for seed in cell.seeds}
    if len(seeds) == 1 and all(cell.seeds for cell in compared):
        evidence["seed"] = next(iter(seeds.values()))
    return [Finding(code=FindingCode.ONE_SEED, evidence=evidence)]


def _confounded(comparisons: Sequence[Comparison], quality: set[str]) -> list[Finding]:
    """Return one finding for each group of parameters that changed together between compared runs.

    A group each of which changed alone between others is none: what comes of each can be told there.
    """
    compared = [comparison for comparison in comparisons if comparison.metric in quality]
    alone = {comparison.parameter for comparison in compared if not comparison.confounders}
    groups: dict[frozenset[str], dict[tuple[str, str], None]] = {}
    for c in compared:
        if c.confounders:
            together = frozenset({c.parameter, *(name for name, _, _ in c.confounders)})
            groups.setdefault(together, {})[c.a.experiment, c.b.experiment] = None
    largest = [group for group in groups if not any(group < other for other in groups)]
    told = (group for group in largest if group - alone)
    ordered = sorted((sorted(group, key=prominence), list(groups[group])) for group in told)
    return [_together(names, pairs, alone) for names, pairs in ordered]


def _together(names: list[str], pairs: list[tuple[str, str]], alone: set[str]) -> Finding:
    never = [name for name in names if name not in alone]
    evidence: dict[str, Scalar] = {
        "parameters": ", ".join(names),
        "never_alone": ", ".join(never),
        "a": pairs[0][0],
        "b": pairs[0][1],
        "comparisons": len(pairs),
    }
    return Finding(code=FindingCode.CONFOUNDED, subject=names[0], evidence=known(evidence))
