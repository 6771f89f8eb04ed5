"""Check the table of Slurm's states against Slurm's own lists."""

import pytest

from afterall.model import Phase, SlurmState, State

BASE_STATES = """
BOOT_FAIL CANCELLED COMPLETED DEADLINE FAILED NODE_FAIL OUT_OF_MEMORY PENDING PREEMPTED RUNNING SUSPENDED
TIMEOUT
"""
"""doc/html/job_state_codes.shtml, "Job states", from 22.05 to 25.11; enum job_states in slurm/slurm.h."""

FLAGS = """
COMPLETING CONFIGURING EXPEDITING LAUNCH_FAILED POWER_UP_NODE RECONFIG_FAIL REQUEUED REQUEUE_FED REQUEUE_HOLD
RESIZING RESV_DEL_HOLD REVOKED SIGNALING SPECIAL_EXIT STAGE_OUT STOPPED UPDATE_DB
"""
"""The same page, "Job flags": those of October 2024 and EXPEDITING of 25.11."""

SQUEUE_22_05 = """
BOOT_FAIL CANCELLED COMPLETED CONFIGURING COMPLETING DEADLINE FAILED NODE_FAIL OUT_OF_MEMORY PENDING PREEMPTED
RUNNING RESV_DEL_HOLD REQUEUE_FED REQUEUE_HOLD REQUEUED RESIZING REVOKED SIGNALING SPECIAL_EXIT STAGE_OUT
STOPPED SUSPENDED TIMEOUT
"""
"""squeue(1) of 22.05.8, JOB STATE CODES: what its text output prints."""

NOT_FINISHED = {"PENDING", "RUNNING", "SUSPENDED"}
"""Every other base state is IS_JOB_FINISHED in src/common/slurm_protocol_defs.h: it stands after these."""

BY_WORD = {state.value: state for state in SlurmState}


def test_the_table_is_complete() -> None:
    """The table holds every base state and every flag, and nothing else."""
    assert set(BY_WORD) == {*BASE_STATES.split(), *FLAGS.split()}


def test_the_table_holds_what_squeue_prints() -> None:
    """No word of squeue's is unknown."""
    assert set(SQUEUE_22_05.split()) <= set(BY_WORD)


@pytest.mark.parametrize("word", BASE_STATES.split())
def test_base_states_end_where_slurm_says(word: str) -> None:
    """A base state is over exactly where Slurm's own IS_JOB_FINISHED is true."""
    assert (BY_WORD[word].phase is Phase.ALIVE) == (word in NOT_FINISHED)


@pytest.mark.parametrize("word", ["NODE_FAIL", "PREEMPTED", "BOOT_FAIL", "REQUEUED"])
def test_what_slurm_may_requeue_is_not_over(word: str) -> None:
    """A state that may be followed by another leg under the same id is not terminal."""
    assert BY_WORD[word].phase is Phase.ENDED_OR_REQUEUED
    assert not BY_WORD[word].is_terminal


@pytest.mark.parametrize("state", list(SlurmState), ids=str)
def test_living_states_stand_for_living_experiments(state: SlurmState) -> None:
    """A living Slurm state is a living experiment, an ended one is not, but for a leg that waits again."""
    assert state.state.is_alive == (state.phase is Phase.ALIVE or state is SlurmState.REQUEUED)


def test_no_state_is_taken_for_completed() -> None:
    """Only Slurm's own COMPLETED is completed."""
    assert [state for state in SlurmState if state.state is State.COMPLETED] == [SlurmState.COMPLETED]
