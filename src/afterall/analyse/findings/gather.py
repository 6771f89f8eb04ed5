"""Gather all findings of a set and put them in order.

Invariant: gravest first, then by code as the table of codes lists them, then by experiment; each once.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from afterall.analyse.findings.copies import judge_copies
from afterall.analyse.findings.endings import judge_ending
from afterall.analyse.findings.jobs import judge_jobs, judge_unplaced, rejected_of
from afterall.analyse.findings.paired import judge_pairs
from afterall.analyse.findings.saturation import judge_scores
from afterall.analyse.findings.stragglers import judge_stragglers
from afterall.analyse.findings.training import judge_training
from afterall.analyse.findings.validation import tell_validation
from afterall.analyse.findings.whole import judge_design, judge_layout, judge_metrics, judge_observation
from afterall.analyse.groundwork import Groundwork
from afterall.analyse.health import judge_health
from afterall.analyse.ordering import NaturalKey, natural_key
from afterall.model import Experiment, Finding, FindingCode, Source

_PLACES = {code: place for place, code in enumerate(FindingCode)}

FindingKey = tuple[int, int, NaturalKey, NaturalKey, str, tuple[Source, ...], str]


def find_all(ground: Groundwork) -> tuple[Finding, ...]:
    """Return every finding, scanning's own and those of its checkpoints included."""
    material = ground.material
    found = [*judge_observation(material.observation), *judge_layout(material.layout)]
    found += judge_unplaced(material.matched, ground.experiments)
    found += judge_copies(ground.experiments)
    found += judge_scores(ground.experiments, ground.measures)
    found += judge_pairs(ground.comparisons)
    found += judge_stragglers(ground)
    found += judge_metrics(ground.experiments, material.settings)
    found += judge_design(ground.design, ground.measures, ground.comparisons)
    rejected, has_unplaced = rejected_of(material.matched), bool(material.matched.unplaced)
    for experiment in ground.experiments:
        ending = judge_ending(experiment)
        found += [f for f in _scanned(experiment) if not any(f is told for told in ending.absorbed)]
        found += ending.findings
        found += judge_jobs(experiment, rejected, material.observation, has_unplaced=has_unplaced)
        found += judge_training(experiment)
        found += tell_validation(experiment)
        found += judge_health(experiment)
    return in_order_of_gravity(found)


def in_order_of_gravity(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings gravest first, without repetitions."""
    return tuple({_key(f): f for f in sorted(findings, key=_key)}.values())


def _scanned(experiment: Experiment) -> Iterable[Finding]:
    yield from experiment.findings
    for checkpoint in experiment.checkpoints:
        for finding in checkpoint.findings:
            yield finding if finding.experiment else replace(finding, experiment=experiment.name)


def _key(finding: Finding) -> FindingKey:
    return (
        -finding.gravity,
        _PLACES[finding.code],
        natural_key(finding.experiment or ""),
        natural_key(finding.subject),
        finding.quote,
        finding.sources,
        repr(sorted(finding.evidence.items(), key=lambda item: item[0])),
    )
