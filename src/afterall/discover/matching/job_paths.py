"""Tell where in a set a job worked and wrote, from the paths that Slurm gives.

Invariant: pure; a path is in the set when it lies below the set's, or, in a set that was moved or copied
since its jobs ran, when it ends as the set's name and a path in it.
"""

import posixpath
import re
from collections.abc import Iterable

from afterall.discover.layout.left_out import LeftOut
from afterall.discover.layout.parts import Owners
from afterall.discover.names.directories import is_evaluation
from afterall.model import Attempt, SetLayout

SCRIPT_ENDINGS = (".sbatch", ".slurm", ".sh", ".bash", ".job", ".batch", ".py")
_NO_TASK = "4294967294"
"""What %a gives in a job that is no array: NO_VAL, slurm/slurm.h."""
_PERCENT = re.compile(r"%(\d*)([%AJNabjnstuxr])", re.ASCII)


class JobPaths:
    """Knows a set's directories and answers which experiment a job's paths lie in, by its index."""

    def __init__(self, layout: SetLayout, attempts: Iterable[Attempt]) -> None:
        """Take the jobs too: a set in which one of them worked has not been moved."""
        self._path = layout.path
        self._name = layout.name
        self._owners = Owners(
            (root, index) for index, one in enumerate(layout.experiments) for root in one.roots
        )
        self._logs = {log.path: index for index, one in enumerate(layout.experiments) for log in one.logs}
        self.is_moved = not any(self._below(attempt.work_dir) is not None for attempt in attempts)

    def in_set(self, path: str) -> str | None:
        """Return a job's absolute path relative to the set, or None for one elsewhere."""
        here = self._below(path)
        if here is not None or not self.is_moved:
            return here
        parts = _normal(path).split("/")
        if not path.startswith("/") or self._name not in parts:
            return None
        last = len(parts) - 1 - parts[::-1].index(self._name)
        return "/".join(parts[last + 1 :])

    def is_ours(self, attempt: Attempt) -> bool:
        """Return whether a job worked in the set, wrote its output there, or ran a batch script of it."""
        paths = (attempt.work_dir, output_path(attempt), script_path(attempt))
        return any(self.in_set(path) is not None for path in paths)

    def worked_in(self, attempt: Attempt) -> int | None:
        """Return the experiment in whose directory a job worked.

        The set's bare name at a path's end is too little to say so of a moved set that is itself one run.
        """
        inside = self.in_set(attempt.work_dir)
        if inside is None or (not inside and self._below(attempt.work_dir) is None):
            return None
        owner = self._owners.of_directory(inside)
        return owner[1] if owner else None

    def wrote_to(self, attempt: Attempt) -> int | None:
        """Return the experiment that holds a job's output file."""
        inside = self.output_in_set(attempt)
        if inside is None:
            return None
        return self._logs.get(inside, self._owners.of_file(inside))

    def was_told_to_run(self, attempt: Attempt) -> int | None:
        """Return the experiment that holds a job's batch script."""
        inside = self.in_set(script_path(attempt))
        return self._owners.of_file(inside) if inside else None

    def was_told_of(self, attempt: Attempt, word: str) -> int | None:
        """Return the experiment in whose directory a path among a job's arguments lies."""
        inside = self.in_set(posixpath.join(attempt.work_dir, word))
        owner = self._owners.of_directory(inside) if inside else None
        return owner[1] if owner else None

    def output_in_set(self, attempt: Attempt) -> str | None:
        """Return the path of a job's standard output relative to the set, or None."""
        return self.in_set(output_path(attempt))

    def lies_in(self, attempt: Attempt, left_out: LeftOut) -> bool:
        """Return whether a job worked, wrote or has its batch script in a directory that was left out."""
        worked = self.in_set(attempt.work_dir)
        files = (self.in_set(path) for path in (output_path(attempt), script_path(attempt)))
        return (worked is not None and left_out.holds(worked)) or any(
            path is not None and left_out.holds(path.rpartition("/")[0]) for path in files
        )

    def worked_on_evaluation(self, attempt: Attempt) -> bool:
        """Return whether a job worked in a directory of evaluations."""
        inside = self.in_set(attempt.work_dir)
        if not inside:
            return False
        owner = self._owners.of_directory(inside)
        below = inside[len(owner[0]) :] if owner else inside
        return any(is_evaluation(name) for name in below.split("/"))

    def _below(self, path: str) -> str | None:
        path = _normal(path)
        if path == self._path:
            return ""
        above = self._path.rstrip("/") + "/"
        return path[len(above) :] if path.startswith(above) else None


def output_path(attempt: Attempt) -> str:
    """Return the absolute path of a job's standard output, "" where it is unknown.

    Slurm gives some of its sources the pattern as the user wrote it: sbatch(1), FILENAME PATTERN.
    """
    if not attempt.std_out:
        return ""
    task_id = attempt.task_id or _NO_TASK
    values = {
        "%": "%",
        "A": attempt.base_id if attempt.task_id else attempt.job_id,
        "J": attempt.job_id,
        "a": task_id,
        "b": task_id[-1],
        "j": attempt.job_id,
        "n": "0",
        "r": "0" if attempt.restarts is None else str(attempt.restarts),
        "s": "batch",
        "t": "0",
        "u": attempt.user,
        "x": attempt.name,
    }

    def fill(found: re.Match[str]) -> str:
        value = values.get(found[2], found[0])
        width = min(int(found[1] or 0), 10)
        return value.zfill(width) if value.isdecimal() else value

    return posixpath.join(attempt.work_dir, _PERCENT.sub(fill, attempt.std_out))


def script_path(attempt: Attempt) -> str:
    """Return the absolute path of the batch script in a job's submit line, "" where none can be told.

    SubmitLine is not quoted: a path with a blank in it is not found, and nothing after the script or `--wrap`
    is its.
    """
    for word in attempt.submit_line.split()[1:]:
        if word.startswith("--wrap"):
            break
        if not word.startswith("-") and word.endswith(SCRIPT_ENDINGS):
            return posixpath.join(attempt.work_dir, word)
    return ""


def told_words(attempt: Attempt) -> list[str]:
    """Return what a submit line says of a run: script or wrapped command, arguments, exported values."""
    words = attempt.submit_line.split()
    starts = (n for n, word in enumerate(words) if n and (word.endswith(SCRIPT_ENDINGS) or "--wrap" in word))
    place = next(starts, len(words))
    exported = [word for word in words[:place] if word.startswith("--export=")]
    pairs = [pair for word in exported for pair in word.removeprefix("--export=").split(",")]
    told = [*words[place:], *(pair for pair in pairs if "=" in pair)]
    return [word.rpartition("=")[2].rstrip("/") for word in told]


def _normal(path: str) -> str:
    return posixpath.normpath(path) if path else ""
