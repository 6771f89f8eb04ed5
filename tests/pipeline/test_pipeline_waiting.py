"""A report waits for its set's end and for accounting's whole record, and never longer than it may."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from afterall.model import Attempt, JobId, Observation, SetLayout, SlurmSource, SlurmState, SourceReport
from afterall.pipeline import Patience, patient

LAYOUT = SetLayout(path="/set", name="set", owner_uid=1001, experiments=())
ANSWERED = (SourceReport(SlurmSource.SACCT, True), SourceReport(SlurmSource.SQUEUE, True))


def _said(state: SlurmState, source: SlurmSource) -> Observation:
    ended = None if state is SlurmState.RUNNING else datetime(2026, 11, 23, 7, tzinfo=UTC)
    leg = Attempt(job_id=JobId("7"), slurm_state=state, source=source, end=ended, work_dir="/set/rank4")
    return Observation(attempts=(leg,), asked=ANSWERED)


RUNNING = _said(SlurmState.RUNNING, SlurmSource.SQUEUE)
TOLD_BY_CONTROLLER = _said(SlurmState.FAILED, SlurmSource.SCONTROL)
RECORDED = _said(SlurmState.FAILED, SlurmSource.SACCT)


def _ask(answers: Sequence[Observation], total_s: float) -> tuple[Observation, int]:
    """Ask a Slurm that gives these answers, the last of them for ever; return what counted and how often."""
    asked: list[Observation] = []

    def speak(layout: SetLayout) -> Observation:
        asked.append(answers[min(len(asked), len(answers) - 1)])
        return asked[-1]

    return patient(speak, Patience(total_s, first_s=0.001))(LAYOUT), len(asked)


@pytest.mark.parametrize(
    "answers", [(RECORDED,), (RUNNING, RECORDED), (RUNNING, TOLD_BY_CONTROLLER, RECORDED)], ids=len
)
def test_the_first_whole_answer_counts(answers: tuple[Observation, ...]) -> None:
    """A job that lives is waited for, and then accounting, which knows what the controller does not."""
    assert _ask(answers, total_s=60) == (RECORDED, len(answers))


@pytest.mark.parametrize("answer", [RUNNING, TOLD_BY_CONTROLLER], ids=["living", "unrecorded"])
def test_what_does_not_come_in_time_is_not_waited_for(answer: Observation) -> None:
    """The last answer counts, and without any patience the first."""
    said, times = _ask((answer,), total_s=0.05)
    assert (said, times > 1) == (answer, True)
    assert _ask((answer,), total_s=0) == (answer, 1)
