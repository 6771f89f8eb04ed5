"""Translate between where the set's jobs ran and where the set lies now.

Invariant: a directory is only taken for a place of this set when its path ends as an experiment's does, or
lies below the set itself.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

from afterall.model import Attempt, Experiment, SetLayout


def moved_from(layout: SetLayout, experiments: Sequence[Experiment]) -> str | None:
    """Return the path under which the jobs ran when it is not the set's path now, else None.

    Where jobs disagree, the path that most of them ran under is taken.
    """
    seen: Counter[str] = Counter()
    for experiment in experiments:
        for attempt in experiment.attempts:
            origin = _origin(layout, experiment, attempt)
            if origin is not None:
                seen[origin] += 1
    if not seen or seen.get(layout.path):
        return None
    return min(seen, key=lambda path: (-seen[path], path))


def directory_of(layout: SetLayout, experiment: Experiment, script: str) -> str:
    """Return the absolute directory to submit an experiment's `script` from: its job's own.

    A job may have been submitted from the set's top, as an array over all experiments is. Where nobody knows,
    it is the experiment's directory for a script in it, the script's own for one above, else the set's top.
    """
    own = absolute(layout, _home(experiment, PurePosixPath(script)))
    attempt = experiment.latest
    if attempt is None or not attempt.work_dir.startswith("/"):
        return own
    work_dir = str(PurePosixPath(attempt.work_dir))
    origin = _origin(layout, experiment, attempt)
    if origin is None:
        return own
    return absolute(layout, work_dir[len(origin) :].strip("/"))


def _home(experiment: Experiment, script: PurePosixPath) -> str:
    path = PurePosixPath(experiment.layout.path)
    if path in script.parents:
        return str(path)
    return str(script.parent) if script.parent in path.parents else ""


def absolute(layout: SetLayout, path: str) -> str:
    """Return a path of the set as an absolute one."""
    return str(PurePosixPath(layout.path, path))


def _origin(layout: SetLayout, experiment: Experiment, attempt: Attempt) -> str | None:
    """Return the path that the set had where this attempt ran, None where its directory does not tell."""
    if not attempt.work_dir.startswith("/"):
        return None
    ran_in = PurePosixPath(attempt.work_dir)
    here = PurePosixPath(layout.path)
    if ran_in == here or here in ran_in.parents:
        return str(here)
    if ran_in.name == here.name:
        return str(ran_in)
    tail = PurePosixPath(experiment.layout.path).parts
    if tail and ran_in.parts[-len(tail) :] == tail:
        return str(PurePosixPath(*ran_in.parts[: -len(tail)]))
    return None
