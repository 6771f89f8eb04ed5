"""Find the parameters that some runs set and others leave to their default.

Invariant: silence counts only where a run speaks in the same way, on a command line or in a configuration of
the same kind, and does not name the parameter there; a run without such a source leaves it open.
"""

from collections.abc import Collection, Mapping

from afterall.model import DIRECTORY_NAME, Experiment, Scalar, Source

_OPTION = "option "
_LINE = "line "
_KEY = "key "


def silent_on(
    name: str,
    by_experiment: Mapping[str, Scalar],
    experiments: Mapping[str, Experiment],
    ran: Collection[str],
) -> frozenset[str]:
    """Return the runs of those that ran which leave a parameter unset where others of them set it."""
    setting = {_way(experiments[run].parameters[name].source) for run in by_experiment if run in ran} - {""}
    silent = (run for run in ran if run not in by_experiment)
    return frozenset(run for run in silent if not setting.isdisjoint(_ways(experiments[run])))


def _ways(experiment: Experiment) -> set[str]:
    return {_way(fact.source) for fact in experiment.parameters.values()}


def _way(source: Source) -> str:
    """Return how a run speaks of a parameter, "" where its silence on another would say nothing."""
    where = source.where
    if where.startswith(_OPTION):
        return _OPTION
    if where == DIRECTORY_NAME or _KEY not in where:
        return ""
    # A log's own name differs from run to run: what counts is that it holds the whole configuration.
    return _LINE if where.startswith(_LINE) else source.file.rpartition("/")[2]
