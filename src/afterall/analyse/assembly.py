"""Turn the facts of a set into its report, before any words are chosen.

Invariant: pure. The order in which experiments, jobs and files come in does not matter.
"""

from afterall.analyse.baseline import against_baseline
from afterall.analyse.better_checkpoints import find_better_checkpoints
from afterall.analyse.costs import find_costs
from afterall.analyse.findings.gather import find_all
from afterall.analyse.gaps import find_gaps
from afterall.analyse.groundwork import lay_groundwork
from afterall.analyse.material import Material
from afterall.analyse.measure_choice import wanted_directions
from afterall.analyse.replicates import find_replicates
from afterall.analyse.stand_ins import find_stand_ins
from afterall.analyse.steps.suggest import suggest
from afterall.analyse.storage import store
from afterall.analyse.summary import summarise
from afterall.model import Report


def analyse(material: Material) -> Report:
    """Return the report of a set: comparisons, findings, storage and next steps."""
    ground = lay_groundwork(material)
    experiments = ground.experiments
    findings = find_all(ground)
    better = find_better_checkpoints(experiments, wanted_directions(material.settings))
    steps = suggest(ground, findings, better)
    return Report(
        set=summarise(material, experiments),
        experiments=experiments,
        varying=ground.varying.shown,
        rankings=ground.rankings,
        comparisons=ground.comparisons,
        against_baseline=against_baseline(ground.design, ground.measures, material.settings.baseline),
        gaps=find_gaps(experiments),
        replicates=find_replicates(ground.design, ground.measures),
        costs=find_costs(experiments),
        findings=findings,
        storage=store(material, experiments, steps),
        next_steps=steps,
        stand_ins=find_stand_ins(experiments),
        better_checkpoints=better,
    )
