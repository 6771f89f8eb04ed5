"""Slurm is asked once for a whole set, with patience where accounting lags, and not at all where unwanted."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from afterall import pipeline
from afterall.model import (
    Attempt,
    JobId,
    Observation,
    SetLayout,
    SlurmSource,
    SlurmState,
    SourceReport,
    State,
)
from afterall.pipeline import (
    Patience,
    Reading,
    files_only,
    handed_over,
    own_commands,
    patient,
    recorded,
    report,
    survey,
)
from cli.cli_ground import Slurm

ENDED = datetime(2026, 11, 23, 8, tzinfo=UTC)


class _Slurm:
    """Says one answer after the other, the last one for ever, and counts how often it was asked."""

    def __init__(self, *answers: Observation) -> None:
        self._answers: Sequence[Observation] = answers
        self.asked = 0

    def __call__(self, layout: SetLayout) -> Observation:
        """Answer."""
        self.asked += 1
        return self._answers[min(self.asked, len(self._answers)) - 1]


def said(*states: SlurmState, queue_answers: bool = True, work_dir: str = "/set/run") -> Observation:
    """Return an observation of one job for each state, as accounting tells them."""
    attempts = tuple(
        Attempt(
            job_id=JobId(str(number)),
            source=SlurmSource.SACCT,
            slurm_state=state,
            submit=ENDED,
            start=ENDED,
            end=ENDED,
            elapsed_s=0,
            work_dir=work_dir,
        )
        for number, state in enumerate(states, start=1)
    )
    asked = (SourceReport(SlurmSource.SACCT, True), SourceReport(SlurmSource.SQUEUE, queue_answers))
    return Observation(attempts=attempts, asked=asked, observed_at=ENDED)


LAYOUT = SetLayout(path="/set", name="set", owner_uid=1001, experiments=())
RUNNING, COMPLETED = SlurmState.RUNNING, SlurmState.COMPLETED
SHORT = Patience(total_s=20, first_s=0.001, longest_s=0.004)


def test_a_report_asks_accounting_once(set_dir: Path, slurm: Slurm) -> None:
    """Five experiments, one query, whatever else is asked."""
    slurm.records(set_dir)
    outcome = report(set_dir, pipeline.slurm(own_commands()))
    assert len(outcome.report.experiments) == 5
    assert {experiment.state for experiment in outcome.report.experiments} == {State.COMPLETED, State.FAILED}
    assert len(slurm.calls("sacct")) == 1
    assert len(slurm.calls("squeue")) == 1


def test_a_set_that_changes_meanwhile_asks_no_more(set_dir: Path, slurm: Slurm) -> None:
    """Files are read again with the same word of Slurm's."""
    slurm.records(set_dir)

    def write_on(step: str, done: int = 0, total: int = 0) -> None:
        with open(set_dir / "1B_rank4/slurm-4101.out", "a") as log:
            log.write("more\n")

    report(set_dir, pipeline.slurm(own_commands()), Reading(progress=write_on))
    assert len(slurm.calls("sacct")) == 1


def test_patience_ends_as_soon_as_the_set_is_over() -> None:
    """Asked again while a job lives, and no more once none does."""
    observer = _Slurm(said(RUNNING, COMPLETED), said(RUNNING, COMPLETED), said(COMPLETED, COMPLETED))
    assert patient(observer, SHORT)(LAYOUT) == said(COMPLETED, COMPLETED)
    assert observer.asked == 3


def test_a_set_that_is_over_is_asked_about_once() -> None:
    """Nothing is waited for where nothing is to come."""
    observer = _Slurm(said(COMPLETED))
    begun = time.monotonic()
    patient(observer, Patience(total_s=60, first_s=30))(LAYOUT)
    assert (observer.asked, time.monotonic() - begun < 10) == (1, True)


def test_patience_has_an_end() -> None:
    """After its time the last word is taken, living jobs and all."""
    observer = _Slurm(said(RUNNING))
    begun = time.monotonic()
    answer = patient(observer, Patience(total_s=0.2, first_s=0.05, longest_s=0.1))(LAYOUT)
    waited_s = time.monotonic() - begun
    assert answer == said(RUNNING)
    assert 0.2 <= waited_s < 5
    assert 3 <= observer.asked <= 5


def test_a_silent_queue_is_waited_for() -> None:
    """While squeue does not answer nobody knows that no job is left."""
    observer = _Slurm(said(COMPLETED, queue_answers=False), said(COMPLETED))
    assert patient(observer, SHORT)(LAYOUT) == said(COMPLETED)
    assert observer.asked == 2


def test_a_record_that_is_not_whole_yet_is_waited_for() -> None:
    """For some seconds a short job's row lacks its directory; what it says meanwhile is not relied on."""
    observer = _Slurm(said(COMPLETED, work_dir=""), said(COMPLETED))
    assert patient(observer, SHORT)(LAYOUT) == said(COMPLETED)
    assert observer.asked == 2


def test_the_job_that_asks_does_not_wait_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """A summary job that runs in the set is alive while it writes the report."""
    monkeypatch.setenv("SLURM_JOB_ID", "2")
    observer = _Slurm(said(COMPLETED, RUNNING))
    patient(observer, Patience(total_s=60, first_s=30))(LAYOUT)
    assert observer.asked == 1


def test_what_was_asked_elsewhere_is_passed_on(set_dir: Path) -> None:
    """The worker's answer is the survey's, and nobody is asked again."""
    observation = recorded(set_dir.parent / "sacct.txt")(survey(set_dir, files_only).layout)
    assert survey(set_dir, handed_over(observation)).observation == observation


def test_files_alone_ask_nobody(set_dir: Path, slurm: Slurm) -> None:
    """Nothing of Slurm's is run; the logs' names are the only source."""
    surveyed = survey(set_dir, files_only)
    assert [source.source for source in surveyed.observation.asked] == [SlurmSource.LOG]
    assert slurm.calls("sacct") == slurm.calls("squeue") == []


def test_a_recording_counts_for_a_set_that_was_moved(set_dir: Path) -> None:
    """Records of a directory of the set's name are the set's, wherever it lies now."""
    moved = set_dir.rename(set_dir.parent / "elsewhere")
    (moved.parent / "there").mkdir()
    moved = moved.rename(moved.parent / "there" / set_dir.name)
    surveyed = survey(moved, recorded(moved.parents[1] / "sacct.txt"))
    assert [attempt.job_id for attempt in surveyed.observation.attempts] == [
        "4101",
        "4102",
        "4103",
        "4104",
        "4105",
    ]
