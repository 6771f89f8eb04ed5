"""List every state Slurm can give a job, and what each means for an experiment.

Source: doc/html/job_state_codes.shtml (12 states, 17 flags), enum job_states and its flags in slurm/slurm.h,
job_state_string() in src/common/slurm_protocol_defs.c, releases 20.11 to 25.11.
"""

from enum import Enum, StrEnum
from typing import NewType, Self

JobId = NewType("JobId", str)
"""Slurm's raw numeric job id, as text: an array task and a het component have their own."""


class State(StrEnum):
    """How an experiment stands, in RESULTS.json's words."""

    COMPLETED = "completed"
    FAILED = "failed"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    OUT_OF_MEMORY = "out_of_memory"
    NODE_FAIL = "node_fail"
    PREEMPTED = "preempted"
    RUNNING = "running"
    PENDING = "pending"
    NOT_SUBMITTED = "not_submitted"
    UNKNOWN = "unknown"

    @property
    def is_alive(self) -> bool:
        """True while a job of this state may still change the experiment's files."""
        return self in (State.RUNNING, State.PENDING)


class Phase(Enum):
    """Where a Slurm state stands in a job's life."""

    ALIVE = "alive"
    """Queued, running, suspended, completing: the job will write more."""
    ENDED = "ended"
    """Over for good."""
    ENDED_OR_REQUEUED = "ended or requeued"
    """Over, unless Slurm starts another leg: wait out the grace period first."""
    ELSEWHERE = "elsewhere"
    """A federation sibling runs it; this cluster's record says nothing."""


class SlurmState(Enum):
    """A state as Slurm's commands spell it, its phase, and the experiment's state it stands for."""

    PENDING = ("PENDING", Phase.ALIVE, State.PENDING)
    RUNNING = ("RUNNING", Phase.ALIVE, State.RUNNING)
    SUSPENDED = ("SUSPENDED", Phase.ALIVE, State.RUNNING)
    COMPLETED = ("COMPLETED", Phase.ENDED, State.COMPLETED)
    CANCELLED = ("CANCELLED", Phase.ENDED, State.CANCELLED)
    FAILED = ("FAILED", Phase.ENDED, State.FAILED)
    TIMEOUT = ("TIMEOUT", Phase.ENDED, State.TIMEOUT)
    NODE_FAIL = ("NODE_FAIL", Phase.ENDED_OR_REQUEUED, State.NODE_FAIL)
    PREEMPTED = ("PREEMPTED", Phase.ENDED_OR_REQUEUED, State.PREEMPTED)
    BOOT_FAIL = ("BOOT_FAIL", Phase.ENDED_OR_REQUEUED, State.NODE_FAIL)
    DEADLINE = ("DEADLINE", Phase.ENDED, State.TIMEOUT)
    OUT_OF_MEMORY = ("OUT_OF_MEMORY", Phase.ENDED, State.OUT_OF_MEMORY)
    # Flags: Slurm's commands print them in place of the base state.
    LAUNCH_FAILED = ("LAUNCH_FAILED", Phase.ENDED_OR_REQUEUED, State.FAILED)
    RECONFIG_FAIL = ("RECONFIG_FAIL", Phase.ENDED_OR_REQUEUED, State.FAILED)
    REQUEUED = ("REQUEUED", Phase.ENDED_OR_REQUEUED, State.PENDING)
    REQUEUE_FED = ("REQUEUE_FED", Phase.ALIVE, State.PENDING)
    REQUEUE_HOLD = ("REQUEUE_HOLD", Phase.ALIVE, State.PENDING)
    SPECIAL_EXIT = ("SPECIAL_EXIT", Phase.ALIVE, State.PENDING)
    RESV_DEL_HOLD = ("RESV_DEL_HOLD", Phase.ALIVE, State.PENDING)
    RESIZING = ("RESIZING", Phase.ALIVE, State.RUNNING)
    CONFIGURING = ("CONFIGURING", Phase.ALIVE, State.RUNNING)
    POWER_UP_NODE = ("POWER_UP_NODE", Phase.ALIVE, State.RUNNING)
    COMPLETING = ("COMPLETING", Phase.ALIVE, State.RUNNING)
    STOPPED = ("STOPPED", Phase.ALIVE, State.RUNNING)
    SIGNALING = ("SIGNALING", Phase.ALIVE, State.RUNNING)
    STAGE_OUT = ("STAGE_OUT", Phase.ALIVE, State.RUNNING)
    UPDATE_DB = ("UPDATE_DB", Phase.ALIVE, State.RUNNING)
    EXPEDITING = ("EXPEDITING", Phase.ALIVE, State.PENDING)
    REVOKED = ("REVOKED", Phase.ELSEWHERE, State.UNKNOWN)

    phase: Phase
    state: State

    def __new__(cls, word: str, phase: Phase, state: State) -> Self:
        """Make the word the value, so that a record can be written and read back."""
        member = object.__new__(cls)
        member._value_ = word
        member.phase = phase
        member.state = state
        return member

    @property
    def is_terminal(self) -> bool:
        """True when no further leg can follow under the same record."""
        return self.phase is Phase.ENDED
