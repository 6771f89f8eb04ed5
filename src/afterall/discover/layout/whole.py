"""Lay a set out: its experiments with their logs, configurations, scripts and known jobs.

Invariant: pure over one walk and what the edges read of it; every list has one order, whatever order the
entries had.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from afterall.discover.layout.experiments import find_experiments
from afterall.discover.layout.flat_runs import flat_runs
from afterall.discover.layout.found import Found
from afterall.discover.layout.known_jobs import with_job_ids
from afterall.discover.layout.log_files import log_files
from afterall.discover.layout.log_runs import runs_in_logs
from afterall.discover.layout.lost_runs import sightings_in, with_lost_runs
from afterall.discover.layout.parts import Part, deal_out, with_companions
from afterall.discover.layout.run_files import (
    configs_of,
    evaluation_logs_of,
    evaluation_scripts_of,
    scripts_of,
)
from afterall.discover.layout.shared_files import NamedFiles, SharedFiles, by_name, shared_files
from afterall.discover.names.directories import natural_key
from afterall.discover.names.namesakes import Namesakes, names_of
from afterall.discover.walk import Walk
from afterall.errors import BadSettings
from afterall.model import Entry, EntryKind, ExperimentLayout, JobId, LogFile, SetLayout
from afterall.settings import SETTINGS_NAME, SetSettings


class Material(Struct, frozen=True, kw_only=True):
    """What is known of a set before it is laid out: a walk, batch scripts, and submitters' job ids by run."""

    walked: Walk
    scripts: frozenset[str] = frozenset()
    recorded: Mapping[str, tuple[JobId, ...]] = {}

    @property
    def name(self) -> str:
        """The set's name: that of its directory."""
        return self.walked.path.rpartition("/")[2] or "/"


def lay_out(material: Material, settings: SetSettings) -> SetLayout:
    """Return the set's layout; without experiments where nothing in it speaks of any.

    Raises BadSettings where afterall.toml names experiments that are not there.
    """
    walked = material.walked
    found = find_experiments(walked.entries, material.scripts, settings)
    if settings.experiments and not found:
        raise BadSettings(
            f"{walked.path}/{SETTINGS_NAME}", "matches no directory of this set", key="experiments"
        )
    experiments: tuple[ExperimentLayout, ...] = ()
    shared: tuple[LogFile, ...] = ()
    if all(one.roots == ("",) for one in found):
        files = shared_files(walked.entries, material.scripts, settings)
        experiments = flat_runs(files) or (() if found else _living_in_logs(files))
        if experiments:
            taken = {log.path for one in experiments for log in one.logs}
            shared = tuple(log for log in files.logs if log.path not in taken)
        elif not found and (files.logs or files.training_scripts):
            found = (Found((), ("",)),)
    if found and not experiments:
        experiments, shared = _with_directories(material, found, settings)
    return SetLayout(
        path=walked.path,
        name=material.name,
        owner_uid=walked.owner_uid,
        experiments=with_job_ids(experiments, material.recorded, settings, walked.path),
        entries=walked.entries,
        shared_logs=shared,
        readme=_readme(walked.entries),
        unreadable=walked.unreadable,
        truncated=walked.truncated,
    )


def _living_in_logs(files: SharedFiles) -> tuple[ExperimentLayout, ...]:
    """Return the runs of a set without run directories, where its logs tell of more than one.

    Where some logs bear job ids the others are no runs' own.
    """
    with_ids = [log for log in files.logs if log.job_id is not None]
    runs = runs_in_logs(with_ids or files.logs)
    if len(runs) < 2:
        return ()
    scripts, evaluations = files.training_scripts, files.evaluation_scripts
    return tuple(
        ExperimentLayout(name=name, path="", logs=logs, scripts=scripts, eval_scripts=evaluations)
        for name, logs in runs.items()
    )


def _with_directories(
    material: Material, found: Sequence[Found], settings: SetSettings
) -> tuple[tuple[ExperimentLayout, ...], tuple[LogFile, ...]]:
    """Return the experiments, and the logs that no name ties to one of them."""
    roots = with_companions(found, material.walked.entries)
    parts, rest = deal_out(roots, material.walked.entries)
    names = names_of((one.key for one in found), [one.roots[0] for one in found], material.name)
    shared = shared_files(rest, material.scripts, settings, (root for own in roots for root in own))
    named = by_name(shared, Namesakes(names, material.name))
    experiments = tuple(
        _experiment(names[index], roots[index], parts[index], shared, named.get(index, NamedFiles()))
        for index in range(len(found))
    )
    tied = {log.path for files in named.values() for log in files.logs}
    untied = [log for log in shared.logs if log.path not in tied]
    experiments = with_lost_runs(experiments, sightings_in(untied), settings)
    taken = {log.path for one in experiments for log in one.logs}
    return experiments, tuple(log for log in untied if log.path not in taken)


def _experiment(
    name: str, roots: tuple[str, ...], parts: Sequence[Part], shared: SharedFiles, named: NamedFiles
) -> ExperimentLayout:
    return ExperimentLayout(
        name=name,
        path=roots[0],
        roots=roots,
        entries=tuple(part.entry for part in parts),
        logs=tuple(sorted((*log_files(parts, name), *named.logs), key=lambda log: natural_key(log.path))),
        configs=(*configs_of(parts), *named.configs),
        scripts=scripts_of(parts, shared.scripts) or named.scripts or shared.script_above(roots[0]),
        eval_scripts=(*evaluation_scripts_of(parts, shared.scripts), *shared.evaluation_scripts),
        evaluation_logs=evaluation_logs_of(parts),
    )


def _readme(entries: Sequence[Entry]) -> str | None:
    """Return the set's README.md; one beside an adapter's configuration is a model card that PEFT wrote."""
    here = {entry.path for entry in entries if "/" not in entry.path and entry.kind is EntryKind.FILE}
    if not here.isdisjoint({"adapter_config.json", "training_args.bin"}):
        return None
    return min((path for path in here if path.lower() == "readme.md"), default=None)
