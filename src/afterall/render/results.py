r"""Define RESULTS.json, the report's facts for programs.

Invariant: these records are the schema; a field is only ever added, and `schema` grows when one changes its
meaning. Undecodable bytes of names are spelled `\xNN`; NaN and infinity are the strings "NaN", "Infinity"
and "-Infinity", integers beyond 64 bits are floats; times are ISO 8601 in UTC with "Z".
"""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from afterall.model import (
    CheckpointKind,
    EvaluationStatus,
    FileRole,
    FindingCode,
    NextStepKind,
    SetStatus,
    SlurmSource,
    State,
    Tier,
    Verdict,
)

SCHEMA_VERSION: Final = 1

Value = str | int | float | bool | None
Time = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$")]
Size = Annotated[int, Meta(ge=0)]


class SourceResult(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a value was read: a file relative to the set or a Slurm command, and the place in it."""

    file: str
    where: str


class Measured(Struct, frozen=True, forbid_unknown_fields=True):
    """A metric; `unit` is null for a number without one."""

    value: Value
    unit: str | None
    source: SourceResult


class EvidenceResult(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One piece of evidence on whether training reached its own end; `kind` as "planned_steps_reached"."""

    kind: str
    speaks_for: bool
    source: SourceResult


class AttemptResult(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One leg of one Slurm job, oldest first; null is what no source said."""

    job_id: str
    display_id: str
    """As users type it: "8_2" for an array task."""
    state: State
    slurm_state: str
    """Slurm's own words, "" where no source gave any."""
    exit_code: int | None
    signal: int | None
    submit: Time | None
    start: Time | None
    end: Time | None
    elapsed_s: int | None
    nodes: int | None
    gpus: int | None
    source: SlurmSource


class FindingResult(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One finding; `experiment` is null where the set is meant."""

    code: FindingCode
    severity: Annotated[str, Meta(pattern="^(info|warning|error)$")]
    experiment: str | None
    subject: str
    message: str
    consequence: str
    """What it means for the results; "" where it means nothing by itself."""
    action: str
    """What to do about it; "" where nothing is to be done."""
    command: str
    """Shell text that does it or looks closer, one command a line; "" where words must do."""
    evidence: dict[str, Value]
    quote: str
    sources: list[SourceResult]


class FileResult(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file of a checkpoint; null is what was not read."""

    path: str
    role: FileRole
    size_bytes: Size
    verdict: Verdict
    format: str
    tensors: int | None
    parameters: int | None
    dtypes: list[str]
    digest: str | None
    """xxh3-128 of the file, or of its blocks' digests where it has several."""


class CheckpointResult(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One checkpoint; `tier` is null where nothing was verified."""

    name: str
    path: str
    kind: CheckpointKind
    verdict: Verdict
    tier: Tier | None
    epoch: int | None
    step: int | None
    is_final: bool
    size_bytes: Size
    files: list[FileResult]
    findings: list[FindingResult]


class EvaluationResult(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One evaluation log; metrics are keyed "scorer/metric"."""

    task: str
    checkpoint: str | None
    status: EvaluationStatus
    model: str
    metrics: dict[str, Value]
    samples: int | None
    total_samples: int | None
    created: Time | None
    error: str
    source: SourceResult


class ExperimentResult(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One experiment; a metric or parameter that nobody logged is not there."""

    name: str
    path: str
    state: State
    training_completed: bool | None
    """Did training itself reach its end, whatever Slurm says? null: the files do not tell."""
    training_evidence: list[EvidenceResult]
    """Why, the deciding piece first."""
    trainer: str | None
    parameters: dict[str, Value]
    parameter_sources: dict[str, SourceResult]
    attempts: list[AttemptResult]
    metrics: dict[str, Measured]
    provenance: dict[str, Measured]
    """With what it ran: "version.torch", "git_commit", "gpu", "dataset_files"; only what was recorded."""
    checkpoints: list[CheckpointResult]
    evaluations: list[EvaluationResult]
    logs: list[str]


class ComponentResult(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The size of one component for one model."""

    model: str
    component: str
    lora_rank: Value
    size_bytes: Size
    example: str


class RoleSize(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one kind of file takes."""

    role: FileRole
    files: int
    size_bytes: Size
    allocated_bytes: Size


class ExperimentStorageResult(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One experiment's storage."""

    experiment: str
    size_bytes: Size
    allocated_bytes: Size
    checkpoints: int
    full_bytes: int | None
    adapter_only_bytes: int | None
    by_role: list[RoleSize]


class StorageResult(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the set takes on disk."""

    size_bytes: Size
    allocated_bytes: Size
    repeated_bytes: Size
    repeated_files: int
    spare_bytes: Size
    """What would be free without the checkpoints in `spare`."""
    spare: list[str]
    """Checkpoints of finished runs that are neither the last nor the best, nor named by a next step."""
    components: list[ComponentResult]
    experiments: list[ExperimentStorageResult]


class NextStepResult(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One suggestion; `command` is shell text, one command a line, or empty."""

    kind: NextStepKind
    experiments: list[str]
    command: str
    details: dict[str, Value]
    because: FindingCode | None


class SetResult(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The set; `date` is the first day of its data in UTC, `counts` its experiments by state."""

    name: str
    path: str
    date: Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")] | None
    description: str | None
    status: SetStatus
    counts: dict[State, int]


class Results(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of RESULTS.json."""

    schema: Literal[1]
    set: SetResult
    experiments: list[ExperimentResult]
    findings: list[FindingResult]
    storage: StorageResult
    next_steps: list[NextStepResult]


class Verification(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `afterall verify --json` prints; paths begin as they were typed."""

    schema: Literal[1]
    checkpoints: list[CheckpointResult]


def results_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of RESULTS.json."""
    return _schema(Results, "RESULTS.json")


def verification_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of what `afterall verify --json` prints."""
    return _schema(Verification, "afterall verify --json")


def _schema(record: type[Struct], title: str) -> dict[str, Any]:
    schema = msgspec.json.schema(record)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **schema}
