"""Find runs that share their directories: `checkpoints/a.pth` and `logs/a.log` beside `checkpoints/b.pth`.

Invariant: pure; each file belongs to one run at most. Names tell runs apart only where at least two kinds of
weights each have a log of their own name.
"""

import re
from collections.abc import Iterable

from afterall.discover.layout.log_files import log_files
from afterall.discover.layout.parts import Part
from afterall.discover.layout.shared_files import SharedFiles
from afterall.discover.names import files
from afterall.discover.names.directories import is_container, natural_key
from afterall.discover.names.logs import parse_log_name
from afterall.model import Entry, EntryKind, ExperimentLayout, LogFile

_LEAST = 2
_STATE = re.compile(
    r"(?:[-_.](?:best|last|latest|final|model|ckpt|checkpoint|weights|state|(?:epoch|ep|step|iter)s?[-_]?\d+|\d+))+$",
    re.IGNORECASE,
)
_RUN_NUMBER = re.compile(
    r"(?<![a-z])(?:seed|s|run|r|lr|rank|fold|trial|bs|wd|alpha|dim|exp|v)[-_]?\d+$", re.IGNORECASE
)
_NO_NAME = re.compile(
    r"(?:best|last|latest|final|model|ckpt|checkpoint|weights|net|state|epoch|step|iter|optimizer|scheduler|train"
    r"|log|run|output|config|args)?[-_\d]*",
    re.IGNORECASE,
)


def flat_runs(shared: SharedFiles) -> tuple[ExperimentLayout, ...]:
    """Return the runs among the files of a set that has no run's directory, in natural order."""
    parts = [part for part in shared.parts if _lies_open(part)]
    weights = _named(part.entry for part in parts if files.is_weights(part.entry.name))
    logs = _logs(parts)
    configs = _named(part.entry for part in parts if files.may_hold_parameters(part.entry.name))
    if sum(name in logs for name in weights) < _LEAST:
        return ()
    return tuple(
        _run(name, (weights[name], logs.get(name, []), configs.get(name, [])), shared)
        for name in sorted(weights, key=natural_key)
    )


def _run(
    name: str, own: tuple[list[Entry], list[tuple[Entry, LogFile]], list[Entry]], shared: SharedFiles
) -> ExperimentLayout:
    weights, logs, configs = own
    entries = {entry.path: entry for entry in (*weights, *(entry for entry, _ in logs), *configs)}
    return ExperimentLayout(
        name=name,
        path="",
        entries=tuple(entries[path] for path in sorted(entries)),
        logs=tuple(log for _, log in sorted(logs, key=lambda pair: natural_key(pair[1].path))),
        configs=tuple(sorted(entry.path for entry in configs)),
        scripts=shared.training_scripts,
        eval_scripts=shared.evaluation_scripts,
    )


def _lies_open(part: Part) -> bool:
    """Return whether a file lies in containers alone."""
    above = part.inside.split("/")[:-1]
    return part.entry.kind is EntryKind.FILE and all(map(is_container, above))


def _logs(parts: Iterable[Part]) -> dict[str, list[tuple[Entry, LogFile]]]:
    by_path = {part.entry.path: part.entry for part in parts}
    found: dict[str, list[tuple[Entry, LogFile]]] = {}
    for log in log_files(part for part in parts):
        named = parse_log_name(log.path.rpartition("/")[2])
        if named is not None and not log.is_evaluation and _is_name(named.stem):
            found.setdefault(named.stem, []).append((by_path[log.path], log))
    return found


def _named(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """Return entries by the run that their names name, without what says which state of it they hold."""
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        stem = entry.name.removesuffix(".tar").rpartition(".")[0]
        name = stem if _is_run_number(stem) else _STATE.sub("", stem)
        if _is_name(name):
            found.setdefault(name, []).append(entry)
    return found


def _is_run_number(stem: str) -> bool:
    return _RUN_NUMBER.search(stem) is not None


def _is_name(name: str) -> bool:
    return bool(name) and _NO_NAME.fullmatch(name) is None
