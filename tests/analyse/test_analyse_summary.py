"""The set's status, counts, dates and own words."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from afterall.analyse import analyse
from afterall.analyse.summary import status_of
from afterall.model import (
    Completion,
    Experiment,
    FileRole,
    LogFile,
    SetStatus,
    SlurmState,
    State,
    StoredFile,
)
from afterall.settings import SetSettings
from analyse.analyse_made import (
    MORNING,
    SET,
    attempt,
    entry,
    evaluation,
    experiment,
    failed,
    material,
    trained,
    unsubmitted,
)

RUNNING = experiment(
    "r",
    state=State.RUNNING,
    completion=Completion(None),
    attempts=(attempt(state=SlurmState.RUNNING, end=None),),
)
UNKNOWN = experiment("u", state=State.UNKNOWN, completion=Completion(None), attempts=())


@pytest.mark.parametrize(
    ("experiments", "status"),
    [
        ([trained("a", 1), trained("b", 2)], SetStatus.COMPLETE),
        ([trained("a", 1), RUNNING], SetStatus.INCOMPLETE),
        ([failed("a"), RUNNING], SetStatus.INCOMPLETE),
        ([trained("a", 1), unsubmitted("b")], SetStatus.INCOMPLETE),
        ([trained("a", 1), UNKNOWN], SetStatus.INCOMPLETE),
        ([trained("a", 1), failed("b")], SetStatus.FAILED),
        ([trained("a", 1), failed("b"), unsubmitted("c"), UNKNOWN], SetStatus.FAILED),
        ([], SetStatus.INCOMPLETE),
    ],
)
def test_status_follows_from_the_experiments(experiments: list[Experiment], status: SetStatus) -> None:
    """Living jobs make a set incomplete; else a failure makes it failed; else all must have trained."""
    assert status_of(experiments) is status


def test_a_failed_job_whose_training_ended_counts_as_trained() -> None:
    """Slurm's FAILED does not make a set failed when the files show training's own end."""
    spoiled = failed("a", completion=Completion(True))
    report = analyse(material(spoiled, trained("b", 1)))
    assert (report.set.status, report.set.trained) == (SetStatus.COMPLETE, 2)


def test_a_completed_job_whose_training_did_not_end_has_failed() -> None:
    """Slurm's COMPLETED does not hide that training stopped early."""
    assert status_of([experiment("a", completion=Completion(False))]) is SetStatus.FAILED


def test_a_completed_job_without_any_file_to_tell_counts_as_trained() -> None:
    """Where no file tells whether training ended, Slurm's COMPLETED does."""
    assert status_of([experiment("a", completion=Completion(None))]) is SetStatus.COMPLETE


def test_unknown_with_an_early_end_has_failed() -> None:
    """An experiment that only its log speaks of has failed where the log shows an early end."""
    assert status_of([replace(UNKNOWN, completion=Completion(False))]) is SetStatus.FAILED


def test_a_job_that_the_controller_forgot_does_not_live() -> None:
    """Accounting's RUNNING of a job that slurmctld does not know keeps no set waiting."""
    lost = attempt(state=SlurmState.RUNNING, end=None, is_forgotten=True)
    forgotten = experiment("a", state=State.UNKNOWN, completion=Completion(True), attempts=(lost,))
    assert status_of([forgotten]) is SetStatus.COMPLETE


def test_counts_leave_out_states_without_experiments() -> None:
    """Counts are by state, in the order of the states."""
    counts = analyse(material(failed("a"), trained("b", 1), trained("c", 1))).set.counts
    assert list(counts.items()) == [(State.COMPLETED, 2), (State.FAILED, 1)]


def test_dates_are_of_the_jobs() -> None:
    """The set runs from its first start to its last end, over earlier attempts too."""
    early = attempt(
        "1", SlurmState.FAILED, start=MORNING - timedelta(days=1), end=MORNING - timedelta(hours=23)
    )
    summary = analyse(material(experiment("a", attempts=(early, attempt("2"))))).set
    assert (summary.first, summary.last) == (MORNING - timedelta(days=1), MORNING + timedelta(seconds=25))
    assert not summary.dates_from_files


def test_files_date_a_set_without_jobs() -> None:
    """Without any start, what training wrote dates the set, and the summary says so."""
    log = StoredFile(entry("a/slurm-1.out"), FileRole.LOG)
    weights = StoredFile(
        entry("a/model.safetensors", mtime_ns=log.entry.mtime_ns + 10**9), FileRole.FULL_WEIGHTS
    )
    copied = StoredFile(entry("a/config.json", mtime_ns=0), FileRole.MODEL_CONFIG)
    summary = analyse(material(experiment("a", attempts=(), files=(weights, copied, log)))).set
    assert (summary.first, summary.last) == (MORNING, MORNING + timedelta(seconds=1))
    assert summary.dates_from_files


def test_a_file_time_beyond_every_calendar_is_left_out() -> None:
    """A file system may hold times that no date can; they do not date a set."""
    files = tuple(
        StoredFile(entry(f"a/{n}.out", mtime_ns=t), FileRole.LOG) for n, t in enumerate((2**80, -(2**80)))
    )
    assert analyse(material(experiment("a", attempts=(), files=files))).set.first is None


def test_readme_gives_title_and_description_and_settings_go_first() -> None:
    """The README's heading and first paragraph stand unless the settings say otherwise."""
    text = "# Rank sweep\n\nCompares ranks.\n"
    own = analyse(material(readme=text)).set
    assert (own.title, own.description, own.task) == ("Rank sweep", "Compares ranks.", None)
    chosen = SetSettings(title="Mine", task="capitals")
    summary = analyse(material(readme=text, settings=chosen)).set
    assert (summary.title, summary.description, summary.task) == ("Mine", "Compares ranks.", "capitals")


def test_the_task_is_what_all_evaluations_evaluate() -> None:
    """Without a setting, the one task of the evaluations is the set's; two tasks are none."""
    one = experiment("a", evaluations=(evaluation("a/1.eval"), evaluation("a/2.eval")))
    two = experiment("b", evaluations=(evaluation("b/1.eval", task="other"),))
    assert analyse(material(one)).set.task == "capitalization"
    assert analyse(material(one, two)).set.task is None


def test_models_are_listed_once_in_natural_order() -> None:
    """Every model is named once, 1B before 3B before 10B."""
    runs = [trained(f"r{n}", 1, model=f"m-{size}B") for n, size in enumerate((10, 1, 3, 1))]
    assert analyse(material(*runs)).set.models == ("m-1B", "m-3B", "m-10B")


def test_a_moved_set_tells_where_its_jobs_ran() -> None:
    """Working directories that end as the experiments' do, under another path, are where the set was."""
    runs = [experiment(n, attempts=(attempt(work_dir=f"/old/place/{n}"),)) for n in ("a", "b")]
    assert analyse(material(*runs)).set.moved_from == "/old/place"


@pytest.mark.parametrize("work_dir", ["", "relative/a", f"{SET}/a", SET, "/home/researcher", "/a/b"])
def test_a_set_that_stayed_has_not_moved(work_dir: str) -> None:
    """A directory of the set itself, or one that is no experiment's, moves nothing."""
    assert analyse(material(experiment("a", attempts=(attempt(work_dir=work_dir),)))).set.moved_from is None


def test_jobs_submitted_from_the_top_of_a_moved_set_tell_it_too() -> None:
    """An array submitted from the set's own directory ran under the set's name."""
    assert (
        analyse(material(experiment("a", attempts=(attempt(work_dir="/old/sweep"),)))).set.moved_from
        == "/old/sweep"
    )


def test_logs_alone_do_not_make_a_run_alive() -> None:
    """An unknown experiment with a log neither lives nor failed."""
    assert status_of([replace(UNKNOWN, logs=(LogFile("u/slurm-1.out"),))]) is SetStatus.INCOMPLETE
