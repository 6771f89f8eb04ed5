"""Describe one experiment after everything that it left behind was read."""

from msgspec import Struct

from afterall.model.attempts import Attempt
from afterall.model.checkpoints import Checkpoint
from afterall.model.evaluations import Evaluation
from afterall.model.facts import Fact, Series, Source
from afterall.model.findings import Finding
from afterall.model.inventory import StoredFile
from afterall.model.layout import ExperimentLayout, LogFile
from afterall.model.states import State


class Evidence(Struct, frozen=True):
    """One piece of evidence for or against training having reached its own end."""

    kind: str
    """A word of the table in scan.completion: "planned_steps_reached", "done_line", "final_checkpoint", …"""
    speaks_for: bool
    source: Source


class Completion(Struct, frozen=True):
    """Did training itself reach its end, whatever Slurm says? None: the files do not tell."""

    value: bool | None = None
    evidence: tuple[Evidence, ...] = ()


class Experiment(Struct, frozen=True, kw_only=True):
    """One training run: where it lies, what Slurm and its files say, and what was found wrong."""

    layout: ExperimentLayout
    state: State
    attempts: tuple[Attempt, ...] = ()
    logs: tuple[LogFile, ...] = ()
    trainer: str | None = None
    """Registry name of the trainer whose traces were read; None where none was recognised."""
    completion: Completion = Completion()
    parameters: dict[str, Fact] = {}
    """Hyperparameters under their common names ("lora_rank", "learning_rate", "model"), secrets masked."""
    metrics: dict[str, Fact] = {}
    """RESULTS.json's metric names to values, losses in nats, memory in GiB, times in seconds."""
    provenance: dict[str, Fact] = {}
    """What it ran with: "version.torch", "git_commit", "dataset_files", …; see scan.provenance."""
    series: dict[str, Series] = {}
    """By metric: "loss", "val_loss", "learning_rate", …"""
    by_epoch: dict[str, Series] = {}
    """The same of sources that tell epochs and no steps: `step` is then the place in their order, from 1."""
    checkpoints: tuple[Checkpoint, ...] = ()
    evaluations: tuple[Evaluation, ...] = ()
    files: tuple[StoredFile, ...] = ()
    findings: tuple[Finding, ...] = ()
    """What scanning this experiment found; analysis adds its own to the report."""
    wandb_runs: tuple[str, ...] = ()
    """Directories of wandb offline runs that can be synced, relative to the set."""

    @property
    def name(self) -> str:
        """The experiment's name in tables."""
        return self.layout.name

    @property
    def latest(self) -> Attempt | None:
        """The attempt that counts."""
        return self.attempts[-1] if self.attempts else None
