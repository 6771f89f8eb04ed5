"""Lay what findings and next steps build on: the experiments in order, what varies, and how they compare.

Invariant: it is computed once, from the material alone.
"""

from msgspec import Struct
from msgspec.structs import replace

from afterall.analyse.comparisons import compare
from afterall.analyse.design import Design, lay_out
from afterall.analyse.material import Material
from afterall.analyse.measure_choice import choose_measures
from afterall.analyse.measures import Kind, Measure
from afterall.analyse.ordering import in_order
from afterall.analyse.parameters import Varying, find_varying
from afterall.analyse.rankings import rank, without_told_apart
from afterall.model import Comparison, Experiment, Ranking, State


class Groundwork(Struct, frozen=True):
    """The material, and everything that compares its experiments."""

    material: Material
    experiments: tuple[Experiment, ...]
    """In natural order."""
    varying: Varying
    design: Design
    measures: tuple[Measure, ...]
    """Those that the settings name first, then those of training, then those of evaluations."""
    comparisons: tuple[Comparison, ...]
    rankings: tuple[Ranking, ...]

    @property
    def primary(self) -> Ranking | None:
        """The ranking that says who is best; None where no measure of quality ranks anyone."""
        quality = {measure.name for measure in self.measures if measure.kind is Kind.QUALITY}
        return next((ranking for ranking in self.rankings if ranking.metric in quality), None)


def lay_groundwork(material: Material) -> Groundwork:
    """Return what the rest of the analysis builds on."""
    experiments = in_order(_as_far_as_known(material))
    varying = find_varying(experiments, material.settings)
    design = lay_out(experiments, varying)
    losses_differ = any(dimension.shapes_loss for dimension in varying.dimensions)
    measures = choose_measures(experiments, material.settings, losses_differ=losses_differ)
    comparisons = compare(design, measures)
    rankings = without_told_apart(rank(experiments, design, measures), comparisons)
    return Groundwork(material, experiments, varying, design, measures, comparisons, rankings)


def _as_far_as_known(material: Material) -> tuple[Experiment, ...]:
    """Return the experiments; "not submitted" is only believed where accounting answered."""
    if material.observation.accounting_answered:
        return material.experiments
    return tuple(
        replace(experiment, state=State.UNKNOWN) if experiment.state is State.NOT_SUBMITTED else experiment
        for experiment in material.experiments
    )
