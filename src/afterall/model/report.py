"""Describe a whole report before any words are chosen."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from afterall.model.attempts import SourceReport
from afterall.model.comparisons import (
    BetterCheckpoint,
    Comparison,
    Ranking,
    Replicates,
    ValidationGap,
    VaryingParameter,
)
from afterall.model.evaluations import StandIn
from afterall.model.experiments import Experiment
from afterall.model.facts import Scalar
from afterall.model.findings import Finding, FindingCode
from afterall.model.inventory import FileRole
from afterall.model.states import State


class SetStatus(StrEnum):
    """How a set stands as a whole."""

    COMPLETE = "complete"
    """No job lives, and every experiment's training reached its end."""
    INCOMPLETE = "incomplete"
    """Jobs live; or nothing failed, and experiments were never submitted or are unknown."""
    FAILED = "failed"
    """No job lives, and at least one experiment ended without its training having reached its end."""


class SetSummary(Struct, frozen=True, kw_only=True):
    """The set itself."""

    name: str
    path: str
    status: SetStatus
    counts: dict[State, int]
    """Experiments by state; states without any are left out."""
    trained: int
    """Experiments whose training reached its own end."""
    first: datetime | None = None
    """Start of the earliest attempt, or the oldest log's time where no source knows better."""
    last: datetime | None = None
    dates_from_files: bool = False
    """True when `first` and `last` are file times, no Slurm source having spoken."""
    title: str | None = None
    """The heading of the set's README.md, or the settings' title."""
    description: str | None = None
    """The first paragraph of the set's README.md, or the settings' description; raw text."""
    task: str | None = None
    models: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    asked: tuple[SourceReport, ...] = ()
    moved_from: str | None = None
    """Where the jobs ran, when the set lies elsewhere now."""


class Cost(Struct, frozen=True, kw_only=True):
    """What one experiment took of the cluster; every None is a thing no source said."""

    experiment: str
    job_id: str = ""
    """The attempt that counts, as users type it."""
    waited_s: int | None = None
    """From eligible (else submit) to start, of the attempt that counts."""
    elapsed_s: int | None = None
    """Of the attempt that counts."""
    all_elapsed_s: int | None = None
    """Of all attempts together."""
    attempts: int = 0
    train_seconds: float | None = None
    """Training alone, as the trainer says."""
    tokens_per_second_per_gpu: float | None = None
    """The median over the run where the log has it, else the last logged value."""
    time_limit_s: int | None = None
    gpus: int | None = None
    gpu_hours: float | None = None
    """GPUs × elapsed over all attempts; None where a count is not known."""
    cpu_hours: float | None = None
    lost_gpu_hours: float | None = None
    """Of these, what attempts took that did not bring training to its end."""
    lost_cpu_hours: float | None = None
    requested_memory_bytes: int | None = None
    max_rss_bytes: int | None = None


class StorageLine(Struct, frozen=True, kw_only=True):
    """What one kind of file takes: hard links are counted once."""

    role: FileRole
    files: int
    size_bytes: int
    allocated_bytes: int


class ExperimentStorage(Struct, frozen=True, kw_only=True):
    """One experiment's storage, by role, and what its checkpoints would take as adapters alone."""

    experiment: str
    lines: tuple[StorageLine, ...]
    size_bytes: int
    allocated_bytes: int
    checkpoints: int
    full_bytes: int | None
    """All checkpoints as they are saved; None without checkpoints."""
    adapter_only_bytes: int | None
    """One copy of the adapter weights (safetensors where both forms are saved) and their configuration,
    of all checkpoints; None without adapters."""


class ComponentSize(Struct, frozen=True, kw_only=True):
    """The size of one component (full weights, an adapter of one rank) for one model."""

    model: str
    component: str
    """"full_weights" or "adapter"."""
    lora_rank: Scalar
    size_bytes: int
    example: str
    """Path of the checkpoint that was measured."""


class Storage(Struct, frozen=True, kw_only=True):
    """What the set takes on disk."""

    size_bytes: int
    allocated_bytes: int
    experiments: tuple[ExperimentStorage, ...]
    components: tuple[ComponentSize, ...] = ()
    repeated_bytes: int = 0
    """Bytes in tokenizer files that repeat, to the byte count and name, in every checkpoint."""
    repeated_files: int = 0
    spare: tuple[str, ...] = ()
    """Checkpoints of finished runs, relative to the set: neither last nor best, nor named by a next step."""
    spare_bytes: int = 0
    """What would be free without them, hard links counted once."""


class NextStepKind(StrEnum):
    """What can be done next."""

    EVALUATE = "evaluate"
    RESUBMIT = "resubmit"
    SUBMIT = "submit"
    RERUN_EVALUATION = "rerun_evaluation"
    INTERMEDIATE_VALUES = "intermediate_values"
    BEYOND_RANGE = "beyond_range"
    MORE_SEEDS = "more_seeds"
    LONGER_TRAINING = "longer_training"
    EARLIER_CHECKPOINT = "earlier_checkpoint"
    WAIT = "wait"
    FIX_MODE = "fix_mode"
    COMPARE_EVALUATIONS = "compare_evaluations"


class NextStep(Struct, frozen=True, kw_only=True):
    """One suggestion with its reason; `command` is shell text with real paths, or empty."""

    kind: NextStepKind
    experiments: tuple[str, ...] = ()
    command: str = ""
    """One command a line, each runnable as printed, in the order of `experiments`."""
    details: dict[str, Scalar] = {}
    """Numbers and words the sentence needs; the keys of each kind stand in afterall.analyse.steps."""
    because: FindingCode | None = None
    """The finding that asks for it."""


class Report(Struct, frozen=True, kw_only=True):
    """Everything one RESULTS.md says."""

    set: SetSummary
    experiments: tuple[Experiment, ...]
    varying: tuple[VaryingParameter, ...] = ()
    rankings: tuple[Ranking, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    against_baseline: tuple[Comparison, ...] = ()
    """Of every setting, side b, with the one that the set's settings call the baseline, side a."""
    gaps: tuple[ValidationGap, ...] = ()
    replicates: tuple[Replicates, ...] = ()
    """Settings that ran more than once."""
    costs: tuple[Cost, ...] = ()
    """One for each experiment that any source knows a time or a job of."""
    findings: tuple[Finding, ...] = ()
    """All findings, experiments' own included, gravest first."""
    storage: Storage
    next_steps: tuple[NextStep, ...] = ()
    stand_ins: tuple[StandIn, ...] = ()
    """Last checkpoints that need no evaluation, another one of the same state having a score."""
    better_checkpoints: tuple[BetterCheckpoint, ...] = ()
    """Those that a score prefers to their run's last one, in the order of the experiments."""
