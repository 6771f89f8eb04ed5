"""Find the parameters that differ between experiments, seeds apart, followers folded into their leaders.

Invariant: an experiment that says nothing of a parameter never hides that it varies, and makes it vary only
where it keeps silent in a place in which others speak of it; names, output directories and other marks of a
run are never parameters, and what only concerns saving, logging, evaluation or the machine tells no runs
apart.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from afterall.analyse.ordering import Identity, identity, scalar_key
from afterall.analyse.parameters.bookkeeping import is_bookkeeping, is_result
from afterall.analyse.parameters.following import fold
from afterall.analyse.parameters.names import (
    OF_ADAPTERS,
    OFF_UNLESS_SET,
    SHAPES_LOSS,
    is_known,
    is_named_so,
    last_word,
    names_a_run,
    prominence,
)
from afterall.analyse.parameters.omitted import silent_on
from afterall.analyse.parameters.plain import plain
from afterall.analyse.readings import left_traces
from afterall.model import CheckpointKind, Experiment, Scalar, VaryingParameter
from afterall.settings import SetSettings

_LEAST_COUNTED = 4
"""Of fewer runs each value of a setting may be another by choice."""
MASK = "***"
"""What scanning puts in the place of a secret."""

Told = dict[str, dict[str, Scalar]]
"""By parameter, then by experiment, what the experiment says of it."""


class Varying(Struct, frozen=True):
    """What varies: `dimensions` tell runs apart, `seeds` replicate them, `shown` is for people to see."""

    dimensions: tuple[VaryingParameter, ...] = ()
    seeds: tuple[VaryingParameter, ...] = ()
    shown: tuple[VaryingParameter, ...] = ()
    seed_names: tuple[str, ...] = ()
    """Every seed that any experiment tells of, whether it varies or not, best known first."""
    unset: Mapping[str, frozenset[str]] = {}
    """By parameter, the experiments that are known to have none, which is not the same as not to say one."""


def find_varying(experiments: Sequence[Experiment], settings: SetSettings) -> Varying:
    """Return what varies across `experiments`, which are in natural order.

    Whether a common parameter varies, every experiment helps to decide; of other keys of a configuration only
    those that ran do, because what was never run compares with nothing. `settings.parameters` restricts what
    is shown, never what tells two runs apart.
    """
    told = _told(experiments, settings)
    ran = {e.name for e in experiments if left_traces(e)} or {e.name for e in experiments}
    by_name = {experiment.name: experiment for experiment in experiments}
    unset = {name: silent_on(name, told[name], by_name, ran) for name in told if is_known(name)}
    whole = _without_adapter(experiments, told)
    unset |= {name: unset[name] - whole for name in OF_ADAPTERS if name in unset}
    unset["lora_rank"] = whole
    differing: Told = {}
    for name in sorted(told, key=prominence):
        deciding = told[name].keys() if is_known(name) else told[name].keys() & ran
        distinct = {identity(told[name][run]) for run in deciding}
        is_off = name in OFF_UNLESS_SET and distinct == {identity(False)}
        if len(distinct) > 1 or (distinct and unset.get(name) and not is_off):
            differing[name] = told[name]
    seeds = {name: differing[name] for name in differing if _is_seed(name, settings)}
    others = {name: differing[name] for name in differing if name not in seeds}
    leaders = fold(others, seeds, protected=frozenset(settings.parameters), ran=ran)
    dimensions = tuple(
        _parameter(name, others[name], leaders[name], unset=unset.get(name, frozenset()))
        for name in others
        if name in leaders
    )
    kept_seeds = tuple(
        _parameter(name, seeds[name], leaders[name], is_seed=True) for name in seeds if name in leaders
    )
    seed_names = tuple(name for name in sorted(told, key=prominence) if _is_seed(name, settings))
    shown = _shown((*dimensions, *kept_seeds), settings.parameters)
    return Varying(dimensions, kept_seeds, shown, seed_names, unset)


def _told(experiments: Sequence[Experiment], settings: SetSettings) -> Told:
    by_name = {experiment.name: experiment for experiment in experiments}
    told: Told = {}
    for experiment in experiments:
        for name, fact in experiment.parameters.items():
            if fact.value is not None and fact.value != MASK and name not in settings.ignore_parameters:
                told.setdefault(name, {})[experiment.name] = plain(fact.value)
    repeats = _repeats(told, settings)
    return {
        name: said
        for name, said in told.items()
        if name in settings.parameters
        or _is_seed(name, settings)
        or not (
            is_bookkeeping(name)
            or (not is_known(name) and is_result(name, said.values()))
            or names_a_run(name, said, by_name)
            or _tells_every_run(name, said, repeats)
            or _counts_runs(name, said, told)
        )
    }


def _repeats(told: Told, settings: SetSettings) -> list[tuple[str, str]]:
    """Return pairs of runs that agree in every common parameter and are known to have run other seeds."""
    seeds = [told[name] for name in told if _is_seed(name, settings)]
    common = [told[name] for name in told if is_known(name)]
    groups: dict[tuple[Identity | None, ...], dict[tuple[Identity | None, ...], str]] = {}
    for run in dict.fromkeys(run for said in seeds for run in said):
        groups.setdefault(_row(run, common), {})[_row(run, seeds)] = run
    pairs = []
    for runs in groups.values():
        first, *others = runs.values()
        pairs += [(first, other) for other in others]
    return pairs


def _row(run: str, columns: Iterable[Mapping[str, Scalar]]) -> tuple[Identity | None, ...]:
    return tuple(identity(said[run]) if run in said else None for said in columns)


def _tells_every_run(name: str, said: Mapping[str, Scalar], repeats: Sequence[tuple[str, str]]) -> bool:
    """Tell whether an uncommon key has another value in every run, in runs that repeat each other too.

    Then it was measured or made up in the run, as a time stamp or a loss, and was no choice.
    """
    if is_known(name) or len(said) < 3 or len({identity(value) for value in said.values()}) < len(said):
        return False
    return any(one in said and other in said for one, other in repeats)


def _counts_runs(name: str, said: Mapping[str, Scalar], told: Told) -> bool:
    """Tell whether an uncommon key only counts or calls runs that common parameters tell apart already.

    Then it is a task's number, as an array gives it, or a name, and nothing that was compared.
    """
    distinct = {identity(value) for value in said.values()}
    if is_known(name) or len(said) < _LEAST_COUNTED or len(distinct) < len(said):
        return False
    if not (_are_consecutive(said.values()) or is_named_so(name)):
        return False
    columns = [told[each] for each in told if is_known(each)]
    varying = [column for column in columns if len({identity(value) for value in column.values()}) > 1]
    return len(varying) > 1 and len({_row(run, varying) for run in said}) == len(said)


def _are_consecutive(values: Iterable[Scalar]) -> bool:
    numbers = [value for value in values if isinstance(value, int) and not isinstance(value, bool)]
    return bool(numbers) and sorted(numbers) == list(range(min(numbers), min(numbers) + len(list(values))))


def _without_adapter(experiments: Sequence[Experiment], told: Told) -> frozenset[str]:
    """Return the experiments whose checkpoints show that they trained without an adapter.

    One whose settings speak of an adapter saved its weights merged.
    """
    speaking = {run for name in ("lora_rank", *OF_ADAPTERS) for run in told.get(name, ())}
    return frozenset(
        e.name
        for e in experiments
        if e.checkpoints
        and e.name not in speaking
        and all(checkpoint.kind is CheckpointKind.FULL for checkpoint in e.checkpoints)
    )


def _is_seed(name: str, settings: SetSettings) -> bool:
    return name in settings.seeds or last_word(name) in settings.seeds


def _parameter(
    name: str,
    by_experiment: Mapping[str, Scalar],
    followers: Sequence[str],
    *,
    is_seed: bool = False,
    unset: frozenset[str] = frozenset(),
) -> VaryingParameter:
    distinct: dict[object, Scalar] = {}
    for value in by_experiment.values():
        distinct.setdefault(identity(value), value)
    return VaryingParameter(
        name=name,
        values=tuple(sorted(distinct.values(), key=scalar_key)),
        by_experiment=dict(by_experiment),
        is_seed=is_seed,
        moves_with=tuple(followers),
        unset=tuple(sorted(unset)),
        shapes_loss=last_word(name) in SHAPES_LOSS,
    )


def _shown(found: tuple[VaryingParameter, ...], wanted: tuple[str, ...]) -> tuple[VaryingParameter, ...]:
    if not wanted:
        return found
    by_name = {parameter.name: parameter for parameter in found}
    return tuple(by_name[name] for name in dict.fromkeys(wanted) if name in by_name)
