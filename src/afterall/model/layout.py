"""Describe where a set's experiments, logs and scripts lie, before any of them is read."""

from msgspec import Struct

from afterall.model.attempts import Attempt
from afterall.model.inventory import Entry
from afterall.model.states import JobId


class LogFile(Struct, frozen=True):
    """A text log; `job_id` and `task_id` are what its name says, as text, or None.

    `job_id` is the array's master id where `task_id` is given (Slurm's %A and %a).
    """

    path: str
    job_id: JobId | None = None
    task_id: str | None = None
    is_stderr: bool = False
    is_evaluation: bool = False
    """True for the output of an evaluation job, never of training."""


class ExperimentLayout(Struct, frozen=True, kw_only=True):
    """One experiment's places, all paths relative to the set."""

    name: str
    path: str
    """Its directory; "" for the set itself, or, without any `roots`, where it has none of its own."""
    roots: tuple[str, ...] = ()
    """Every directory that belongs to it: `path` first, then output directories beside it.

    None where it lives in its logs alone, or shares its directories with others.
    """
    entries: tuple[Entry, ...] = ()
    """Everything below the roots, sorted by path; without roots, the files that bear its name."""
    logs: tuple[LogFile, ...] = ()
    configs: tuple[str, ...] = ()
    """Files that may hold its parameters: YAML, JSON, TOML."""
    scripts: tuple[str, ...] = ()
    """Batch scripts."""
    eval_scripts: tuple[str, ...] = ()
    """eval.py, eval.yaml, setup_inspect.py, *.slurm of evaluations: what can evaluate this experiment."""
    evaluation_logs: tuple[str, ...] = ()
    """inspect-ai .eval files."""
    job_ids: tuple[JobId, ...] = ()
    """Ids known without asking Slurm: from log names, submitters' state files, the manifest."""


class SetLayout(Struct, frozen=True, kw_only=True):
    """A set as it lies on disk. `path` is absolute; everything else is relative to it."""

    path: str
    name: str
    owner_uid: int
    experiments: tuple[ExperimentLayout, ...]
    entries: tuple[Entry, ...] = ()
    """Every entry of the set, sorted by path, without what belongs to .afterall/."""
    shared_logs: tuple[LogFile, ...] = ()
    """Logs in a common directory that no name ties to one experiment: matched by what Slurm and they say."""
    readme: str | None = None
    """The set's own README.md."""
    unreadable: tuple[str, ...] = ()
    """Directories that could not be listed."""
    truncated: bool = False
    """True when the walk stopped at its limit of entries."""


class MatchedExperiment(Struct, frozen=True, kw_only=True):
    """An experiment with its jobs: attempts oldest first, and which log each wrote."""

    layout: ExperimentLayout
    attempts: tuple[Attempt, ...] = ()
    logs: tuple[LogFile, ...] = ()
    """Training logs, those of the latest attempt last."""
    rejected: tuple[Attempt, ...] = ()
    """Records that bear one of its job ids but are of another job: recycled ids."""


class MatchedSet(Struct, frozen=True, kw_only=True):
    """Experiments with their jobs, and the jobs of this set that are of no experiment."""

    experiments: tuple[MatchedExperiment, ...]
    others: tuple[Attempt, ...] = ()
    """Evaluation, summary and other jobs submitted from within the set that train none of its runs."""
    unplaced: tuple[Attempt, ...] = ()
    """Jobs of the set that may have trained, and that nothing ties to one of its experiments."""
    loose_logs: tuple[LogFile, ...] = ()
    """Logs in common directories that no experiment has."""
