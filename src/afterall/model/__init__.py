"""The nouns: what every stage takes and returns, and nothing that acts."""

from afterall.model.attempts import Attempt, Observation, SlurmSource, SourceReport
from afterall.model.checkpoints import Checkpoint, CheckpointFile, CheckpointKind, Tier, Verdict
from afterall.model.comparisons import (
    ComparedAt,
    Comparison,
    Direction,
    PairedTest,
    Ranking,
    Replicates,
    SamplePairs,
    Side,
    Spread,
    ValidationGap,
    VaryingParameter,
)
from afterall.model.evaluations import Evaluation, EvaluationStatus, SampleScores
from afterall.model.experiments import Completion, Evidence, Experiment
from afterall.model.facts import DIRECTORY_NAME, Fact, Scalar, Series, Source
from afterall.model.findings import Finding, FindingCode, Severity
from afterall.model.inventory import Entry, EntryKind, FileRole, StoredFile
from afterall.model.layout import ExperimentLayout, LogFile, MatchedExperiment, MatchedSet, SetLayout
from afterall.model.points import Point, Points
from afterall.model.report import (
    ComponentSize,
    Cost,
    ExperimentStorage,
    NextStep,
    NextStepKind,
    Report,
    SetStatus,
    SetSummary,
    Storage,
    StorageLine,
)
from afterall.model.states import JobId, Phase, SlurmState, State

__all__ = [
    "DIRECTORY_NAME",
    "Attempt",
    "Checkpoint",
    "CheckpointFile",
    "CheckpointKind",
    "ComparedAt",
    "Comparison",
    "Completion",
    "ComponentSize",
    "Cost",
    "Direction",
    "Entry",
    "EntryKind",
    "Evaluation",
    "EvaluationStatus",
    "Evidence",
    "Experiment",
    "ExperimentLayout",
    "ExperimentStorage",
    "Fact",
    "FileRole",
    "Finding",
    "FindingCode",
    "JobId",
    "LogFile",
    "MatchedExperiment",
    "MatchedSet",
    "NextStep",
    "NextStepKind",
    "Observation",
    "PairedTest",
    "Phase",
    "Point",
    "Points",
    "Ranking",
    "Replicates",
    "Report",
    "SamplePairs",
    "SampleScores",
    "Scalar",
    "Series",
    "SetLayout",
    "SetStatus",
    "SetSummary",
    "Severity",
    "Side",
    "SlurmSource",
    "SlurmState",
    "Source",
    "SourceReport",
    "Spread",
    "State",
    "Storage",
    "StorageLine",
    "StoredFile",
    "Tier",
    "ValidationGap",
    "VaryingParameter",
    "Verdict",
]
