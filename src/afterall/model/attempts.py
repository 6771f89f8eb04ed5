"""Describe what Slurm said of jobs, record by record, whichever source said it.

Invariant: a value no source gave is None; nothing is filled in.
"""

import re
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from afterall.model.states import JobId, Phase, SlurmState, State


class SlurmSource(StrEnum):
    """Who said it, best first."""

    PYSLURM = "pyslurm"
    SACCT = "sacct"
    SCONTROL = "scontrol"
    SQUEUE = "squeue"
    LOG = "log"
    """Only the run's own log speaks of this job."""


class Attempt(Struct, frozen=True, kw_only=True):
    """One leg of one Slurm job; its key is (cluster, job_id, submit). Times are aware, in UTC."""

    job_id: JobId
    source: SlurmSource
    display_id: str = ""
    """As users type it: "8_2" for an array task, "26+1" for a het component, else the job id."""
    cluster: str = ""
    user: str = ""
    uid: int | None = None
    slurm_state: SlurmState | None = None
    """None where Slurm's word is unknown to us or no source gave one: `state` is then unknown."""
    state_text: str = ""
    """Slurm's own words, as "CANCELLED by 1001"."""
    exit_code: int | None = None
    """The batch script's exit code with the 128 that sacct before 25.11 subtracts added back where that is
    certain; None if unknown or not ended."""
    exit_code_may_lack_128: bool = False
    """True where the source subtracts 128 and nothing tells 9 from 137: "exit 9" alone would be a guess."""
    signal: int | None = None
    """The signal that ended it, 0 for none."""
    submit: datetime | None = None
    eligible: datetime | None = None
    start: datetime | None = None
    end: datetime | None = None
    elapsed_s: int | None = None
    time_limit_s: int | None = None
    """None for no limit, the partition's own, or unknown."""
    nodes: int | None = None
    node_list: str = ""
    cpus: int | None = None
    gpus: int | None = None
    """0 where Slurm lists the allocation and it holds none."""
    requested_memory_bytes: int | None = None
    max_rss_bytes: int | None = None
    """The largest over all steps and tasks."""
    reason: str = ""
    """Slurm's Reason: why it waits, or why it ended."""
    failed_node: str = ""
    """The node whose failure ended it, where Slurm names one (23.02 and later)."""
    restarts: int | None = None
    """How often Slurm had requeued it before this leg."""
    work_dir: str = ""
    """Bytes that are not UTF-8 are kept as surrogate escapes, as in Python's own paths."""
    name: str = ""
    comment: str = ""
    submit_line: str = ""
    std_out: str = ""
    """Its output file, with Slurm's % patterns filled in where the source fills them in."""
    std_err: str = ""
    out_of_memory_evidence: str = ""
    """What shows a memory kill behind another state: "step 9.0 used 1342562304 of 1258291200 bytes"."""
    is_forgotten: bool = False
    """True where accounting calls it alive and the controller does not know it: its end is lost or late."""

    @property
    def key(self) -> tuple[str, str, datetime | None]:
        """What makes this leg one and the same in every source: cluster, raw id, submit time."""
        return (self.cluster, self.job_id, self.submit)

    @property
    def state(self) -> State:
        """The experiment's state if this is its latest attempt."""
        if self.slurm_state is None:
            return State.UNKNOWN
        if self.slurm_state is SlurmState.FAILED and self.out_of_memory_evidence:
            return State.OUT_OF_MEMORY
        return self.slurm_state.state

    @property
    def is_alive(self) -> bool:
        """True while Slurm may still run this leg."""
        return self.slurm_state is not None and self.slurm_state.phase is Phase.ALIVE

    @property
    def base_id(self) -> JobId:
        """The id that users know and %A prints: the array's, the het job's leader's, or its own."""
        return JobId(re.split(r"[_+]", self.display_id, maxsplit=1)[0] or self.job_id)

    @property
    def task_id(self) -> str | None:
        """Its index in a job array, as %a prints it; None for no array, or for many tasks in one record."""
        found = re.fullmatch(r"[0-9]+_([0-9]+)", self.display_id)
        return found[1] if found else None


class SourceReport(Struct, frozen=True):
    """How one Slurm source answered: `detail` is one line, empty when there is nothing to tell."""

    source: SlurmSource
    answered: bool
    detail: str = ""

    @property
    def line(self) -> str:
        """Source and detail in one line; Slurm's commands begin most of theirs with their own name."""
        own = f"{self.source.value}: "
        return f"{own}{self.detail.removeprefix(own)}" if self.detail else self.source.value


class Observation(Struct, frozen=True, kw_only=True):
    """Everything Slurm said about a set's jobs, and who was asked."""

    attempts: tuple[Attempt, ...] = ()
    """Ended and living legs, each once, oldest submit first."""
    asked: tuple[SourceReport, ...] = ()
    summaries: tuple[JobId, ...] = ()
    """Jobs of ours that ran in the set to write its report; they are no part of it."""
    observed_at: datetime | None = None
    """When Slurm was asked; used to judge grace periods, never printed in a report."""

    @property
    def accounting_answered(self) -> bool:
        """True when the accounting database itself spoke, so that a missing record means something."""
        return any(r.answered and r.source in (SlurmSource.PYSLURM, SlurmSource.SACCT) for r in self.asked)
