"""Describe evaluations of checkpoints."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from afterall.model.facts import Source


class EvaluationStatus(StrEnum):
    """How an evaluation ended, in inspect-ai's words."""

    SUCCESS = "success"
    ERROR = "error"
    CANCELLED = "cancelled"
    STARTED = "started"
    """It began and its log has no end: crashed or still running."""
    UNREADABLE = "unreadable"


class SampleScores(Struct, frozen=True):
    """What every sample of an evaluation scored; their mean is the score that the evaluation told.

    A sample that was asked in several epochs has their mean: only different questions are independent.
    """

    samples: bytes
    """A digest of each sample's id, question and target: 64-bit integers, little-endian, ascending."""
    values: bytes
    """One finite number for each sample: 64-bit floats, little-endian."""

    @property
    def count(self) -> int:
        """How many samples there are."""
        return len(self.values) // 8


class Evaluation(Struct, frozen=True, kw_only=True):
    """One evaluation log; `metrics` is keyed "scorer/metric", `checkpoint` is a checkpoint's name or None."""

    task: str
    status: EvaluationStatus
    source: Source
    checkpoint: str | None = None
    model: str = ""
    metrics: dict[str, float] = {}
    samples: int | None = None
    """Completed samples."""
    total_samples: int | None = None
    created: datetime | None = None
    error: str = ""
    is_validation: bool = False
    """True: the trainer's own validation, while it trained; no program evaluated the checkpoint."""
    sample_scores: dict[str, SampleScores] = {}
    """By metric, of those that are means of samples; for analysis alone, no document lists them."""


class StandIn(Struct, frozen=True, kw_only=True):
    """A last checkpoint without a score of its own, of the state of its run that another one's score is of.

    Its own files need not be good: where they are not, the other one was saved at the same step or epoch.
    """

    experiment: str
    checkpoint: str
    evaluated: str
    step: int | None = None
    """Where both were saved; None where only the epoch is known."""
    is_compared: bool = False
    """True: their weights are the same byte for byte. False: it is told by step or epoch alone."""
