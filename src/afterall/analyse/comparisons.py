"""Compare settings pair by pair, by every measure; say what else differed and how sure the difference is.

Invariant: both numbers stand beside each other as they were read; a comparison of different points of
training says so, and one whose sides differ in more than the parameter names every other difference.
"""

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

from msgspec.structs import replace

from afterall.analyse.design import Cell, Design
from afterall.analyse.differences import judge_difference
from afterall.analyse.measures import Kind, Measure, Reading
from afterall.analyse.noise import (
    LEVEL,
    Noise,
    RunReading,
    holm,
    learn_noise,
    mean_and_sd,
    readings_of,
    settled,
)
from afterall.analyse.ordering import identity
from afterall.analyse.pairs import Pair, choose_pairs
from afterall.analyse.sample_pairs import corrected, pair_samples
from afterall.model import ComparedAt, Comparison, SampleScores, Side

Number = TypeVar("Number", int, float)

SAME_EPOCH = 1e-3
"""Relative: trainers that log a float epoch end a last partial batch short of the whole number."""


def compare(design: Design, measures: Sequence[Measure]) -> tuple[Comparison, ...]:
    """Return the comparisons by each measure in turn, along each parameter that is shown."""
    return tuple(c for measure in measures for c in compare_by(design, measure, choose_pairs))


def compare_by(
    design: Design, measure: Measure, choose: Callable[[Design, Sequence[Cell]], list[Pair]]
) -> list[Comparison]:
    """Return the comparisons by one measure of the pairs that `choose` finds among the cells that have it."""
    cells = [cell for cell in design.cells if any(_is_usable(measure.read(run)) for run in cell.runs)]
    noise = learn_noise(design, measure)
    compared = corrected([_comparison(design, pair, measure) for pair in choose(design, cells)])
    return compared if noise is None else _judged(compared, noise)


def _judged(compared: Sequence[Comparison], noise: Noise) -> list[Comparison]:
    """Return the comparisons with what replicates say of them, where the same point of training allows it."""
    judged = [judge_difference(c.a, c.b, noise) if c.same_step else None for c in compared]
    corrected = holm([None if each is None else each.p_value for each in judged])
    return [
        replace(
            c,
            noise_sd=noise.sd,
            p_value=p,
            within_noise=None if p is None else p > LEVEL,
            half_width=None if each is None else each.half_width,
            effect_size=None if each is None else each.effect_size,
        )
        for c, p, each in zip(compared, corrected, judged, strict=True)
    ]


def _is_usable(reading: Reading | None) -> bool:
    return reading is not None and reading.is_finite


def _comparison(design: Design, pair: Pair, measure: Measure) -> Comparison:
    dimension = design.dimensions[pair.along]
    of_a, of_b = (readings_of(cell.runs, measure) for cell in (pair.a, pair.b))
    a, b = _side(pair.a, pair.along, of_a), _side(pair.b, pair.along, of_b)
    at = _compared_at(a, b, measure)
    others = [n for n in range(len(design.dimensions)) if n != pair.along and n not in pair.differing]
    return Comparison(
        parameter=dimension.name,
        metric=measure.name,
        direction=measure.direction,
        a=a,
        b=b,
        equal={design.dimensions[n].name: pair.a.settings[n] for n in others if pair.a.key[n] is not None},
        confounders=tuple(
            (design.dimensions[n].name, pair.a.settings[n], pair.b.settings[n]) for n in pair.differing
        ),
        same_step=at is not ComparedAt.NEITHER,
        compared_at=at,
        moves_with=dimension.moves_with,
        same_seeds=_same_seeds(pair),
        pairs=None if at is ComparedAt.NEITHER else pair_samples(_samples(of_a), _samples(of_b)),
    )


def _side(cell: Cell, along: int, readings: Sequence[RunReading]) -> Side:
    """Return one side: the mean over the runs that have a finite reading and, if any did, trained."""
    used = settled(readings)
    mean, sd = mean_and_sd([reading.value for _, reading in used])
    first, first_reading = used[0]
    return Side(
        experiment=first.name,
        setting=cell.settings[along],
        value=mean,
        step=_common([reading.step for _, reading in used]),
        epoch=_common([reading.epoch for _, reading in used]),
        source=first_reading.source,
        experiments=tuple(run.name for run, _ in used),
        n=len(used),
        sd=sd,
        not_finite=tuple(run.name for run, reading in readings if not reading.is_finite),
        stderr=first_reading.stderr if len(used) == 1 else None,
    )


def _samples(readings: Sequence[RunReading]) -> list[SampleScores]:
    """Return what the samples of a side's runs scored, nothing unless all of these tell."""
    used = settled(readings)
    told = [reading.samples for _, reading in used if reading.samples is not None]
    return told if len(told) == len(used) else []


def _common(values: Sequence[Number | None]) -> Number | None:
    return values[0] if len(set(values)) == 1 else None


def _compared_at(a: Side, b: Side, measure: Measure) -> ComparedAt:
    if measure.kind is Kind.RATE:
        return ComparedAt.RATE
    if a.step is not None and a.step == b.step:
        return ComparedAt.STEP
    if a.epoch is not None and b.epoch is not None and math.isclose(a.epoch, b.epoch, rel_tol=SAME_EPOCH):
        return ComparedAt.EPOCH
    return ComparedAt.NEITHER


def _same_seeds(pair: Pair) -> bool | None:
    if not pair.a.seeds or not pair.b.seeds:
        return None
    return {identity(seed) for seed in pair.a.seeds} == {identity(seed) for seed in pair.b.seeds}
