"""Describe what one source left behind of a run, before it is decided which source to believe."""

from enum import IntEnum

from msgspec import Struct

from afterall.model import Evaluation, Evidence, Fact, Source
from afterall.scan.curves import Curve


class Origin(IntEnum):
    """What kind of source speaks, the most trustworthy first: exact and written by the trainer itself."""

    TRAINER_STATE = 1
    """The trainer's own record of the run, full precision."""
    HISTORY = 2
    """A logger's binary or JSON history, full precision."""
    METRICS_FILE = 3
    """A logger's text file, full precision."""
    RESULTS = 4
    """Totals that the trainer wrote at its end."""
    SUMMARY = 5
    """A tracker's last values, full precision."""
    SINGLE_PRECISION = 6
    """A history that keeps float32."""
    LOG = 7
    """Numbers printed in full in a log."""
    ROUNDED_LOG = 8
    """Numbers printed with few digits in a log."""
    TERMINAL_SUMMARY = 9
    """A tracker's last values as it prints them, five decimals."""
    GUESS = 10
    """A number behind a word such as "loss" in a log of no known trainer."""


class Trace(Struct, kw_only=True):
    """What one file, or one job's part of a log, says of a run.

    `curves` are keyed as `metrics` derives facts from them: "loss", "val_loss", "learning_rate", …; `facts`
    are RESULTS.json's metrics that no curve gives: "planned_steps", "train_seconds", …
    """

    trainer: str
    """Registry name of what wrote it."""
    origin: Origin
    file: str
    curves: dict[str, Curve] = {}
    facts: dict[str, Fact] = {}
    parameters: dict[str, Fact] = {}
    """Dotted keys as the source has them, values typed, nothing masked or renamed yet."""
    provenance: dict[str, Fact] = {}
    """Under the names of `scan.provenance`: what the run ran with, "version.torch", "git_commit", …"""
    evidence: tuple[Evidence, ...] = ()
    saved: tuple[str, ...] = ()
    """Paths the source says were saved, as written there, each once."""
    steps_per_epoch: float | None = None
    iterations_per_step: int | None = None
    """How many iterations, which files of its trainer may count instead, make an optimizer step."""
    validation: Evaluation | None = None
    """The scores of the trainer's own last validation, where it gave more than a loss."""
    is_resumed: bool = False
    """True where it began from a checkpoint, so that the trainer's own clock leaves out what came before."""
    in_nats: bool = True
    """False where a loss may be of any kind, or is a sum of several: it has no unit that is known."""
    trains: bool = True
    """False where a mere logger speaks, which any trainer may use."""
    mtime_ns: int | None = None
    job_id: str | None = None
    """The Slurm job that wrote it, where it says so."""

    def source(self, where: str = "") -> Source:
        """Return a place in this trace's file."""
        return Source(self.file, where)
