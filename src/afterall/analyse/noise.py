"""Learn from replicates how much a number differs by seed alone, and call ties by it.

Invariant: without a setting that ran twice there is no noise, and then nothing is called a tie nor an effect.
"""

import math
from collections.abc import Iterable, Sequence

from msgspec import Struct

from afterall.analyse.design import Design
from afterall.analyse.measures import Measure, Reading
from afterall.analyse.readings import has_trained
from afterall.analyse.student import two_sided_p
from afterall.model import Experiment

RunReading = tuple[Experiment, Reading]

LEVEL = 0.05
"""A difference that replicates would show more often than this is a tie."""


class Noise(Struct, frozen=True):
    """The standard deviation between replicates, pooled over settings, with its degrees of freedom."""

    sd: float
    degrees: int

    def error(self, n_a: int, n_b: int) -> float:
        """Return the standard error of the difference of the means of `n_a` and `n_b` runs.

        The settings are taken to scatter alike, which lets a setting that ran once be judged by those that
        ran more often.
        """
        return self.sd * math.sqrt(1 / n_a + 1 / n_b)


def chance_of(difference: float, error: float, degrees: float) -> float:
    """Return how often chance alone puts two means this far apart: two-sided, by Student's t.

    Without any error only a difference of nothing is chance.
    """
    if error == 0:
        return 1.0 if difference == 0 else 0.0
    return two_sided_p(difference / error, degrees)


def holm(raw: Sequence[float | None]) -> list[float | None]:
    """Return p-values corrected for there being several, by Holm's step-down method (1979); None stays."""
    known = sorted((p, place) for place, p in enumerate(raw) if p is not None)
    corrected = list(raw)
    largest = 0.0
    for rank, (p, place) in enumerate(known):
        largest = max(largest, min(1.0, p * (len(known) - rank)))
        corrected[place] = largest
    return corrected


def mean_and_sd(values: Sequence[float]) -> tuple[float, float | None]:
    """Return the mean, and the standard deviation with n - 1 below, None for one value; `values` are finite.

    Values are scaled by the largest, so that none overflows on the way.
    """
    scale = max(map(abs, values)) or 1.0
    scaled = [value / scale for value in values]
    mean = math.fsum(scaled) / len(scaled)
    if len(values) == 1:
        return values[0], None
    spread = math.sqrt(math.fsum((value - mean) ** 2 for value in scaled) / (len(scaled) - 1))
    return mean * scale, spread * scale if math.isfinite(spread * scale) else None


def learn_noise(design: Design, measure: Measure) -> Noise | None:
    """Return the pooled noise of a measure; None where no setting has two finite readings."""
    groups = [finite_values(cell.runs, measure) for cell in design.replicated]
    spreads = [(mean_and_sd(group)[1], len(group) - 1) for group in groups if len(group) > 1]
    known = [(sd, degrees) for sd, degrees in spreads if sd is not None]
    total = sum(degrees for _, degrees in known)
    if not total:
        return None
    largest = max(sd for sd, _ in known) or 1.0
    pooled = largest * math.sqrt(math.fsum(d * (sd / largest) ** 2 for sd, d in known) / total)
    return Noise(pooled, total)


def finite_values(runs: Iterable[Experiment], measure: Measure) -> list[float]:
    """Return the finite readings that count of a setting's runs."""
    return [reading.value for _, reading in settled(readings_of(runs, measure))]


def readings_of(runs: Iterable[Experiment], measure: Measure) -> list[RunReading]:
    """Return the runs that have a reading, each with it."""
    return [(run, reading) for run in runs if (reading := measure.read(run)) is not None]


def settled(readings: Sequence[RunReading]) -> list[RunReading]:
    """Return the finite readings of a setting: where any of its runs trained to its end, of those alone.

    A run that is still on its way, or broke off, stands at another point of training.
    """
    finite = [(run, reading) for run, reading in readings if reading.is_finite]
    return [(run, reading) for run, reading in finite if has_trained(run)] or finite
