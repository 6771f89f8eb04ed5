"""Read curves for the rules of health, and say what they found in one form."""

from afterall.model import Experiment, Finding, FindingCode, Points, Scalar, Severity

LARGEST = 1e30
"""A value beyond it is as good as infinite: nothing can be computed from it."""


def points_of(experiment: Experiment, key: str) -> Points:
    """Return the points of one of an experiment's curves that can be computed with."""
    series = experiment.series.get(key)
    return Points.of(()) if series is None else series.points.within(LARGEST)


def points_by_epoch(experiment: Experiment, key: str) -> Points:
    """Return the same of a curve whose source tells epochs alone."""
    series = experiment.by_epoch.get(key)
    return Points.of(()) if series is None else series.points.within(LARGEST)


def found(
    code: FindingCode,
    experiment: Experiment,
    key: str,
    evidence: dict[str, Scalar],
    severity: Severity | None = None,
) -> Finding:
    """Return a finding on one curve of an experiment; evidence that is None is left out."""
    return Finding(
        code=code,
        experiment=experiment.name,
        subject=key,
        evidence={name: value for name, value in evidence.items() if value is not None},
        sources=((experiment.series.get(key) or experiment.by_epoch[key]).source,),
        severity=severity,
    )
