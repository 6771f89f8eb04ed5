"""The report's head says what the set is, how it ended, and where that is known from."""

from afterall.model import Completion, Finding, FindingCode, SlurmSource, SourceReport, State
from render.render_mixed import mixed_report, unfinished_report
from render.render_reports import (
    RUNS,
    failed_after_training,
    make_attempt,
    make_experiment,
    make_summary,
    spec_report,
    tiny_report,
)
from render.render_sections import markdown, section


def test_the_title_block_is_report_specs() -> None:
    """Name, date, experiment, models, variants and status stand where report-spec has them."""
    lines = markdown(spec_report()).split("\n")
    assert lines[0] == "# Experiment Report: cap_8L_llama32_lora_comparison_2025-10-18"
    assert lines[2] == "**Date:** October 18, 2025  "
    assert lines[3] == "**Experiment:** LoRA rank comparison for capitalization task  "
    assert lines[4] == "**Models:** Llama-3.2-1B-Instruct and Llama-3.2-3B-Instruct  "
    assert lines[5] == "**Variants:** LoRA rank 4 vs 64  "
    assert lines[6].startswith(
        "**Status:** ✓ All 4 experiments completed successfully; Slurm marked 4 jobs `FAILED`"
    )


def test_a_clean_set_is_simply_complete() -> None:
    """Where Slurm and the files agree, nothing is added to the status."""
    document = markdown(tiny_report(*(make_experiment(name, n) for n, name in enumerate(RUNS, start=1))))
    assert "**Status:** ✓ All 4 experiments completed successfully\n" in document


def test_errors_are_never_called_success() -> None:
    """A set whose training completed but whose weights are damaged is not ticked off."""
    damaged = Finding(code=FindingCode.FILE_EMPTY, experiment="1B_rank4", subject="1B_rank4/epoch_2/x")
    document = markdown(tiny_report(make_experiment("1B_rank4"), findings=(damaged,)))
    assert "**Status:** ⚠️ The experiment completed, but 1 has errors" in document


def test_a_diverged_run_is_not_called_a_success() -> None:
    """Among failures too, a run that came to its end with NaN is told apart from a sound one."""
    lost = Finding(code=FindingCode.LOSS_NOT_FINITE, experiment="a", subject="loss")
    failed = make_experiment("c", state=State.FAILED, completion=Completion(False))
    document = markdown(tiny_report(make_experiment("a"), make_experiment("b"), failed, findings=(lost,)))
    assert "**Status:** ⚠️ 2 of 3 experiments completed, 1 of them diverged; 1 failed\n" in document


def test_failures_are_counted_by_kind() -> None:
    """A set with failures says how many completed, and what became of the others."""
    document = markdown(mixed_report())
    assert (
        "**Status:** ⚠️ 4 of 6 experiments completed successfully; 1 out of memory, 1 not submitted  \n"
        in document
    )
    failed = make_experiment("a", state=State.FAILED, completion=Completion(False))
    assert "**Status:** ✗ The experiment did not complete; 1 failed\n" in markdown(tiny_report(failed))


def test_a_failed_job_of_a_trained_run_is_told_beside_other_failures() -> None:
    """What Slurm calls failed is counted as it would be by who reads its list of jobs."""
    trained = failed_after_training("1B_rank64", 2)
    failed = make_experiment("c", state=State.FAILED, completion=Completion(False))
    document = markdown(tiny_report(make_experiment("a"), trained, failed))
    told = "1 failed, Slurm marked 1 job `FAILED` though training reached its end"
    assert f"**Status:** ⚠️ 2 of 3 experiments completed successfully; {told}\n" in document


def test_an_unfinished_set_says_so_first() -> None:
    """The first thing under the title is that jobs still live."""
    lines = markdown(unfinished_report()).split("\n")
    assert lines[2] == (
        "**⚠️ This report is provisional:** 1 experiment is still running and 1 is waiting; "
        "numbers below may change."
    )
    assert "**Status:** ⚠️ Incomplete: 1 of 3 experiments completed; 1 running, 1 pending\n" in "\n".join(
        lines
    )


def test_jobs_that_go_on_have_not_run_between_two_times() -> None:
    """While a job runs, its start is no end: the report says since when, and that not all have ended."""
    document = markdown(unfinished_report())
    assert "The jobs began at 2025-10-18 07:02:35 UTC, and not all have ended." in document
    assert "ran between" not in document


def test_dates_of_files_are_called_so() -> None:
    """A date that only file times tell is marked as such."""
    run = (make_experiment("a"),)
    report = tiny_report(*run, set=make_summary(run, dates_from_files=True))
    assert "**Date:** October 18, 2025 (from file times)  \n" in markdown(report)


def test_without_slurm_the_report_says_so() -> None:
    """Where only logs spoke, no Slurm source is named as evidence."""
    run = (make_experiment("a"),)
    for asked in ((), (SourceReport(SlurmSource.LOG, answered=True),)):
        told = section(markdown(tiny_report(*run, set=make_summary(run, asked=asked))), "Overview")
        assert "Slurm was not asked: states are read from the runs' own logs and files." in told


def test_silent_sources_are_named() -> None:
    """Where no Slurm source answered, each is named with its reason."""
    run = (make_experiment("a", attempts=()),)
    asked = (SourceReport(SlurmSource.SACCT, answered=False, detail="timed out after 60 s"),)
    told = section(markdown(tiny_report(*run, set=make_summary(run, asked=asked))), "Overview")
    assert "No Slurm source answered. (Slurm accounting (sacct): timed out after 60 s) States are" in told


def test_why_no_source_answered_is_told_once() -> None:
    """The overview leads to the finding, which names each source with its reason."""
    run = (make_experiment("a", attempts=()),)
    asked = (SourceReport(SlurmSource.SACCT, answered=False, detail="timed out after 60 s"),)
    silent = Finding(code=FindingCode.SLURM_UNAVAILABLE, evidence={"tried": "sacct: timed out after 60 s"})
    document = markdown(tiny_report(*run, set=make_summary(run, asked=asked), findings=(silent,)))
    assert "No Slurm source answered. (See [Issues and Notes](#issues-and-notes).) States are" in document
    assert document.count("timed out after 60 s") == 1


def test_that_nobody_asked_slurm_is_told_once() -> None:
    """It is a note only where the overview, which says it, is left out."""
    report = tiny_report(make_experiment("a"), findings=(Finding(code=FindingCode.SLURM_NOT_ASKED),))
    assert "Slurm was not asked: every state" not in markdown(report)
    assert "- Slurm was not asked: every state" in markdown(report, omit=("overview",))


def test_logs_do_not_hide_that_no_slurm_source_answered() -> None:
    """Where logs name the jobs, the reason why Slurm's own sources did not speak is still told."""
    run = (make_experiment("a", attempts=(make_attempt(1, source=SlurmSource.LOG),)),)
    asked = (
        SourceReport(SlurmSource.SACCT, answered=False, detail="sacct: not found"),
        SourceReport(SlurmSource.LOG, answered=True),
    )
    told = section(markdown(tiny_report(*run, set=make_summary(run, asked=asked))), "Overview")
    assert "No Slurm source answered. (Slurm accounting (sacct): sacct: not found)" in told
