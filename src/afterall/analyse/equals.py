"""Tell which runs ought to be equally fast: they differ in nothing that may cost time, as far as is known.

Invariant: runs are only called equal where all of this is known to be the same: what they train and how,
seeds and COSTLESS parameters aside; how they save, log, evaluate and load data; the software, code and data
that they recorded; the trainer; the GPU's model where it was recorded, and how many GPUs, CPUs and nodes the
job had. What a run says nothing of makes it equal only to others that say nothing of it either.
"""

import re
from collections.abc import Iterable

from afterall.analyse.design import Cell
from afterall.analyse.groundwork import Groundwork
from afterall.analyse.ordering import identity
from afterall.analyse.parameters.bookkeeping import is_bookkeeping
from afterall.analyse.parameters.names import last_word, names_a_run
from afterall.analyse.parameters.plain import plain
from afterall.analyse.readings import has_started, is_alive
from afterall.model import Experiment, Scalar

COSTLESS = frozenset({"learning_rate", "warmup_steps", "warmup_ratio", "lora_alpha"})
"""Factors of what a step does anyway, and when they change: no value of theirs adds or spares any work."""

_GENERATED = frozenset({"final_completion_length", "final_kl", "final_policy_loss", "final_reward"})
"""Metrics of training that generates text: how long a step takes depends on what the model has learned."""
_PLACE = re.compile(
    r"hosts?|hostname|nodelist|gpu_ids?|cuda_visible_devices|\w*rank|same_network|(?:rdzv|master|main_process)_\w+",
    re.IGNORECASE,
)
"""Settings that only say where a run ran."""

Key = tuple[object, ...]


def equals(ground: Groundwork) -> list[list[Experiment]]:
    """Return the groups of runs that ought to be equally fast, each of two or more, in natural order."""
    groups: dict[Key, list[Experiment]] = {}
    kept = _kept_out(ground)
    for cell in ground.design.cells:
        settings = _settings(ground, cell)
        for run in cell.runs if settings is not None else ():
            followers = _following(ground, run)
            if followers is not None and _is_described(ground, run) and _is_of_one_piece(run):
                key = (settings, followers, _told(run, kept), _ran_with(run), _had(run))
                groups.setdefault(key, []).append(run)
    order = {run.name: place for place, run in enumerate(ground.experiments)}
    return [sorted(runs, key=lambda run: order[run.name]) for runs in groups.values() if len(runs) > 1]


def _is_described(ground: Groundwork, run: Experiment) -> bool:
    """Tell whether a configuration of the run was read: of others nobody knows what they did."""
    told = ("learning_rate", *ground.varying.seed_names)
    return "model" in run.parameters and any(name in run.parameters for name in told)


def _is_of_one_piece(run: Experiment) -> bool:
    """Tell whether one attempt that is over trained the run, and generated nothing meanwhile."""
    legs = sum(has_started(attempt) for attempt in run.attempts)
    return legs < 2 and not is_alive(run) and not _GENERATED & run.metrics.keys()


def _settings(ground: Groundwork, cell: Cell) -> Key | None:
    """Return a cell's settings that may cost time, None where it does not say one of them."""
    named = zip(ground.design.dimensions, cell.key, strict=True)
    costly = tuple(known for dimension, known in named if dimension.name not in COSTLESS)
    return None if None in costly else costly


def _following(ground: Groundwork, run: Experiment) -> Key | None:
    """Return what goes along with a seed or a costless parameter and may cost time; None where it is open."""
    leaders = [d for d in ground.design.dimensions if d.name in COSTLESS]
    names = [f for leader in (*leaders, *ground.varying.seeds) for f in leader.moves_with]
    costly = [name for name in names if name not in COSTLESS and "seed" not in last_word(name).lower()]
    said = _told(run, costly)
    return None if None in said else said


def _kept_out(ground: Groundwork) -> list[str]:
    """Return the settings that tell no two results apart and may cost time all the same."""
    by_name = {run.name: run for run in ground.experiments}
    ignored = ground.material.settings.ignore_parameters
    kept = [
        name
        for name in {name for run in ground.experiments for name in run.parameters}
        if (is_bookkeeping(name) or name in ignored) and not _PLACE.fullmatch(last_word(name))
    ]
    told: dict[str, dict[str, Scalar]] = {
        name: {run.name: run.parameters[name].value for run in ground.experiments if name in run.parameters}
        for name in kept
    }
    return sorted(name for name, said in told.items() if not names_a_run(name, said, by_name))


def _told(run: Experiment, names: Iterable[str]) -> Key:
    """Return a run's values under these names, None for what it does not say."""
    facts = [run.parameters.get(name) for name in names]
    return tuple(None if fact is None else identity(plain(fact.value)) for fact in facts)


def _ran_with(run: Experiment) -> Key:
    """Return the trainer, and what the run recorded of software, code, GPU and data."""
    return (run.trainer, *sorted((name, repr(fact.value)) for name, fact in run.provenance.items()))


def _had(run: Experiment) -> Key:
    """Return what the job had of the cluster."""
    latest = run.latest
    return () if latest is None else (latest.cluster, latest.gpus, latest.cpus, latest.nodes)
