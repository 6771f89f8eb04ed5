"""Hold what lies outside all experiments of a set, and tell which of them each piece concerns.

Invariant: pure; a file outside all experiments is given to one only by its name, or by where it lies above
them.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from afterall.discover.layout.left_out import LeftOut
from afterall.discover.layout.log_files import is_job_log, log_files
from afterall.discover.layout.parts import Part
from afterall.discover.layout.run_files import configs_of, evaluation_scripts_of, scripts_of
from afterall.discover.names.directories import is_container, is_evaluation, is_no_experiment, natural_key
from afterall.discover.names.globs import matches_any
from afterall.discover.names.namesakes import Namesakes
from afterall.model import Entry, EntryKind, LogFile
from afterall.settings import SetSettings


class SharedFiles(Struct, frozen=True, kw_only=True):
    """What lies outside all experiments and may concern them; logs in natural order."""

    parts: tuple[Part, ...]
    logs: tuple[LogFile, ...]
    other_logs: tuple[LogFile, ...]
    """Those that may be a job's, and are only where an experiment's name says so: `logs/rank4.log`."""
    scripts: frozenset[str]
    """All batch scripts of the set."""
    training_scripts: tuple[str, ...]
    """Those here that train."""
    evaluation_scripts: tuple[str, ...]
    """What lies in the set's own directory and can evaluate any of its experiments."""

    def script_above(self, directory: str) -> tuple[str, ...]:
        """Return the training scripts of the nearest directory above `directory` that has any.

        What lies in its `scripts/` or `slurm/` is its own.
        """
        own: tuple[str, ...] = ()
        while not own and directory:
            directory = directory.rpartition("/")[0]
            own = tuple(path for path in self.training_scripts if _home_of(path) == directory)
        return own


class NamedFiles(Struct, frozen=True):
    """What lies outside an experiment and bears its name."""

    logs: tuple[LogFile, ...] = ()
    configs: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()


def shared_files(
    rest: Sequence[Entry], scripts: frozenset[str], settings: SetSettings, roots: Iterable[str] = ()
) -> SharedFiles:
    """Return what may concern the runs among the entries outside them; `roots` are their directories."""
    left_out = LeftOut(settings, roots)
    parts = tuple(
        Part(entry, entry.path)
        for entry in rest
        if _may_concern_runs(entry.parent) and not left_out.holds(entry.parent)
    )
    if settings.logs:
        chosen = [
            part
            for part in parts
            if part.entry.kind is EntryKind.FILE and matches_any(part.inside, settings.logs)
        ]
        named = {log.path: log for log in log_files(chosen)}
        logs = [named.get(part.inside, LogFile(part.inside)) for part in chosen]
        others = []
    else:
        found = log_files(parts)
        logs = [log for log in found if is_job_log(log.path)]
        others = [log for log in found if not is_job_log(log.path)]
    return SharedFiles(
        parts=parts,
        logs=tuple(sorted(logs, key=lambda log: natural_key(log.path))),
        other_logs=tuple(others),
        scripts=scripts,
        training_scripts=scripts_of(parts, scripts),
        evaluation_scripts=evaluation_scripts_of((part for part in parts if not part.entry.parent), scripts),
    )


def by_name(shared: SharedFiles, namesakes: Namesakes) -> dict[int, NamedFiles]:
    """Return, by the experiments' indices, the files that bear their names."""
    logs: dict[int, list[LogFile]] = {}
    parts: dict[int, list[Part]] = {}
    for log in (*shared.logs, *shared.other_logs):
        if (index := namesakes.of_log(log.path)) is not None:
            logs.setdefault(index, []).append(log)
    for part in shared.parts:
        if (index := namesakes.of_file(part.inside)) is not None:
            parts.setdefault(index, []).append(part)
    return {
        index: NamedFiles(
            logs=tuple(logs.get(index, ())),
            configs=configs_of(parts.get(index, ())),
            scripts=scripts_of(parts.get(index, ()), shared.scripts),
        )
        for index in logs.keys() | parts.keys()
    }


def _home_of(script: str) -> str:
    """Return the directory that a script is of, past those that are there for scripts."""
    above = script.split("/")[:-1]
    while above and is_container(above[-1]):
        above.pop()
    return "/".join(above)


def _may_concern_runs(directory: str) -> bool:
    return not any(is_no_experiment(name) and not is_evaluation(name) for name in directory.split("/"))
