"""Tell whose the logs of an array's tasks are, where its batch script says where each task saves.

Invariant: a log is given to an experiment only where one script alone can have written it, by its
`#SBATCH --output`, and that script was not changed since and names the experiment's directory for the log's
task, and no other's. Nothing is run.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from msgspec import Struct

from afterall.model import ExperimentLayout, LogFile, SetLayout
from afterall.scan.files import read_whole
from afterall.scan.parameters.scripts import Budget, Given, Lines, Reader, Training, lines_in, trainings_in

MOST_SCRIPTS = 20
MOST_LOGS = 2_000
MOST_TRAININGS = 500
_MOST_WORK = 20
"""How many scripts may take as long as one may, for all logs together."""
_SCRIPT_BYTES = 1 << 18
_MOST_FILES = 16
_DIRECTIVE = re.compile(r"[ \t]*#SBATCH[ \t]+--?([\w-]+)(?:[= \t][ \t]*(\S+))?")
_SHORT = {"o": "output", "e": "error", "J": "job-name"}
_SIGN = re.compile(r"%(%|\d{0,2}[A-Za-z])")
_NUMBERS = frozenset("AajJst")


class _Script(Struct, frozen=True):
    """A batch script, and what its tasks' logs are called."""

    file: str
    text: str
    names: tuple[re.Pattern[str], ...]
    mtime_ns: int

    def wrote(self, log: str, mtime_ns: int) -> bool:
        """Return whether a log's name is one that Slurm makes of the patterns of the script as it is now."""
        is_called_so = any(name.fullmatch(log.rpartition("/")[2]) for name in self.names)
        return is_called_so and self.mtime_ns <= mtime_ns


def logs_by_script(set_dir: Path, layout: SetLayout) -> dict[str, tuple[str, ...]]:
    """Return the names of the experiments that each task's log in a common directory is of, by its path."""
    found: dict[str, tuple[str, ...]] = {}
    logs = [log for log in layout.shared_logs if log.task_id is not None and not log.is_evaluation]
    mtimes_ns = {entry.path: entry.mtime_ns for entry in layout.entries}
    scripts = list(_scripts(set_dir, layout.experiments, mtimes_ns)) if logs else []
    known: dict[tuple[str, str], tuple[str, ...]] = {}
    budget = Budget(scripts=_MOST_WORK)
    for log in logs[:MOST_LOGS]:
        writers = [script for script in scripts if script.wrote(log.path, mtimes_ns.get(log.path, 0))]
        if len(writers) == 1:
            key = (writers[0].file, str(log.task_id))
            if key not in known:
                known[key] = _named_by(
                    writers[0], _given(set_dir, writers[0], log), layout.experiments, budget
                )
            found |= {log.path: known[key]} if known[key] else {}
    return found


def output_names(text: str, file: str) -> tuple[re.Pattern[str], ...]:
    """Return what the logs of a script's array may be called: sbatch(1), FILENAME PATTERN."""
    told: dict[str, str] = {}
    for line in text.split("\n"):
        if line.strip() and not line.lstrip().startswith("#"):
            break
        directive = _DIRECTIVE.match(line)
        if directive is not None and directive[2]:
            option = _SHORT.get(directive[1], directive[1])
            told.setdefault(option, directive[2].strip("\"'"))
    job_name = told.get("job-name", posixpath.basename(file))
    patterns = [told[option] for option in ("output", "error") if option in told] or ["slurm-%A_%a.out"]
    return tuple(_as_name(posixpath.basename(pattern), job_name) for pattern in patterns)


def _as_name(pattern: str, job_name: str) -> re.Pattern[str]:
    parts: list[str] = []
    at = 0
    for found in _SIGN.finditer(pattern):
        parts += [re.escape(pattern[at : found.start()]), _meant(found[1][-1], job_name)]
        at = found.end()
    return re.compile("".join((*parts, re.escape(pattern[at:]))))


def _meant(sign: str, job_name: str) -> str:
    """Return what a sign of a pattern stands for."""
    if sign == "x":
        return re.escape(job_name)
    return "%" if sign == "%" else r"\d+" if sign in _NUMBERS else "[^/]*"


def _scripts(
    set_dir: Path, experiments: Sequence[ExperimentLayout], mtimes_ns: Mapping[str, int]
) -> Iterator[_Script]:
    files = dict.fromkeys(script for one in experiments for script in one.scripts)
    for file in list(files)[:MOST_SCRIPTS]:
        try:
            text = read_whole(set_dir, file, _SCRIPT_BYTES).decode("utf-8", "replace")
        except OSError:
            continue
        yield _Script(file, text, output_names(text, file), mtimes_ns.get(file, 0))


def _given(set_dir: Path, script: _Script, log: LogFile) -> Given:
    values = {"SLURM_ARRAY_TASK_ID": str(log.task_id), "SLURM_ARRAY_JOB_ID": str(log.job_id)}
    return Given(values=values, read=_reader(set_dir, script.file))


def _named_by(
    script: _Script, given: Given, experiments: Sequence[ExperimentLayout], budget: Budget
) -> tuple[str, ...]:
    """Return the experiments that a script's task trains; none where one of its commands may be any."""
    names: set[str] = set()
    for count, training in enumerate(trainings_in(script.text, script.file, given, budget)):
        named = _closest(training, experiments)
        if named is None or count > MOST_TRAININGS:
            return ()
        names.add(named)
    return tuple(sorted(names))


def _closest(training: Training, experiments: Sequence[ExperimentLayout]) -> str | None:
    """Return the one experiment whose directory a command names best."""
    close = [
        (training.closeness([root.split("/") for root in one.roots if root]), one.name) for one in experiments
    ]
    best = max((shared for shared, _ in close), default=0)
    named = [name for shared, name in close if shared == best]
    return named[0] if best and len(named) == 1 else None


def _reader(set_dir: Path, script: str) -> Reader:
    """Return how a script looks into files of the set: where jobs are submitted, or beside it."""

    def read(named: str) -> Lines | None:
        for directory in dict.fromkeys(("", posixpath.dirname(script))):
            path = posixpath.normpath(posixpath.join(directory, named))
            if path.startswith(("/", "../")):
                continue
            try:
                return lines_in(read_whole(set_dir, path, _SCRIPT_BYTES))
            except OSError:
                continue
        return None

    return lru_cache(maxsize=_MOST_FILES)(read)
