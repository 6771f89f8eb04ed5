"""RESULTS.md holds every section of report-spec in its order, and says only what is so."""

import re
from typing import Any

import pytest
from msgspec.structs import replace

from afterall.model import (
    ComparedAt,
    Completion,
    Direction,
    Finding,
    FindingCode,
    Ranking,
    Report,
    SetStatus,
    Severity,
    Side,
    SlurmSource,
    SlurmState,
    Source,
    SourceReport,
    State,
    Storage,
    Verdict,
)
from afterall.model.notes import DEFAULT_NOTES, NOTES_BEGIN, NOTES_END, parse_old_report, seal
from afterall.render.documents import render
from afterall.render.sections.issues import IN_THE_OVERVIEW, TOLD_ELSEWHERE
from afterall.settings import SetSettings
from render.render_mixed import mixed_report, unfinished_report
from render.render_reports import (
    RUNS,
    fact,
    failed_after_training,
    make_attempt,
    make_checkpoint,
    make_comparison,
    make_evaluation,
    make_experiment,
    make_ranking,
    make_storage,
    make_summary,
    spec_files,
    spec_report,
    tiny_report,
)
from render.render_strings import MARKDOWN

SECTIONS = [
    "Overview",
    "Checkpoint Verification",
    "Training Results Summary",
    "Key Findings",
    "Storage Summary",
    "Issues and Notes",
    "Next Steps",
    "Your Notes",
    "Appendix: Useful Commands",
]


def markdown(report: Report, notes: str = "", **settings: Any) -> str:
    """Return the rendered report."""
    chosen = SetSettings(**settings)
    return render(report, chosen, notes, {})[chosen.report].decode()


def headings(document: str) -> list[tuple[int, int, str]]:
    """Return each heading's line, level and text; comments in fenced commands are none."""
    tokens = MARKDOWN.parse(document)
    return [
        (token.map[0], int(token.tag[1]), tokens[n + 1].content)
        for n, token in enumerate(tokens)
        if token.type == "heading_open" and token.map
    ]


def section(document: str, heading: str) -> str:
    """Return the text under one heading, up to the next of the same or a higher level."""
    every = headings(document)
    place = [text for _, _, text in every].index(heading)
    line, level, _ = every[place]
    end = next((at for at, other, _ in every[place + 1 :] if other <= level), None)
    return "\n".join(document.split("\n")[line + 1 : end]) + "\n"


def subheadings(document: str, heading: str) -> list[str]:
    """Return the headings directly under one of the report's sections."""
    return [text for _, level, text in headings(section(document, heading)) if level == 3]


def empty_report() -> Report:
    """Return a report on a set without experiments."""
    storage = Storage(size_bytes=0, allocated_bytes=0, experiments=())
    summary = make_summary(
        (), status=SetStatus.INCOMPLETE, title=None, description=None, first=None, last=None
    )
    return Report(set=summary, experiments=(), storage=storage)


@pytest.mark.parametrize("report", [spec_report(), mixed_report(), unfinished_report(), empty_report()])
def test_every_section_is_there_in_order(report: Report) -> None:
    """All sections stand in report-spec's order, and none is empty."""
    document = markdown(report)
    assert [text for _, level, text in headings(document) if level == 2] == SECTIONS
    assert document.startswith("# Experiment Report: ")
    for heading in SECTIONS:
        assert section(document, heading).strip()


@pytest.mark.parametrize("report", [spec_report(), mixed_report(), unfinished_report(), empty_report()])
def test_every_subsection_has_something_under_it(report: Report) -> None:
    """No heading is followed by another of its level or by the end."""
    blocks = [token for token in MARKDOWN.parse(markdown(report)) if token.level == 0]
    for n in (n for n, token in enumerate(blocks) if token.type == "heading_open"):
        following = blocks[n + 2] if n + 2 < len(blocks) else None
        assert following is not None
        assert following.type != "heading_open" or following.tag > blocks[n].tag


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


def test_all_epochs_saved_is_said_only_when_true() -> None:
    """One damaged checkpoint of twelve, and the sentence is another."""
    assert "All experiments saved checkpoints for **epochs 0, 1, and 2**.\n" in markdown(spec_report())
    files = spec_files("Llama-3.2-1B-Instruct", 4)
    bad = make_checkpoint("1B_rank4/epoch_2", 2, files, verdict=Verdict.CORRUPT)
    kept = make_experiment("1B_rank4").checkpoints[:2]
    runs = (make_experiment("1B_rank4", checkpoints=(*kept, bad)), make_experiment("1B_rank64", 2))
    told = section(markdown(tiny_report(*runs)), "Checkpoint Verification")
    assert "All experiments saved" not in told
    assert "1 of 2 experiments have all their checkpoints, complete; 1 checkpoint is damaged" in told
    assert "| ✓         | ✓         | ✗         | epoch_2 corrupt |" in told


def test_different_epochs_are_not_called_the_same() -> None:
    """Experiments with different checkpoints do not share one sentence."""
    short = make_experiment("1B_rank4", checkpoints=make_experiment("1B_rank4").checkpoints[:2])
    told = section(markdown(tiny_report(short, make_experiment("1B_rank64", 2))), "Checkpoint Verification")
    assert "All experiments saved" not in told
    assert "| —         | Complete |" in told


def test_many_checkpoints_are_counted() -> None:
    """Beyond eight columns checkpoints are numbers, so the table stays readable."""
    files = spec_files("Llama-3.2-1B-Instruct", 4)
    many = tuple(make_checkpoint(f"a/epoch_{n}", n, files) for n in range(30))
    told = section(markdown(tiny_report(make_experiment("a", checkpoints=many))), "Checkpoint Verification")
    assert "| a            |      30 |  30 |    0 |   0 | Epoch 29 | Complete |" in told


def test_contents_tell_deviations() -> None:
    """Checkpoints with other files than the rest are told apart by their paths."""
    whole = spec_files("Llama-3.2-1B-Instruct", 4)
    without = {name: kept for name, kept in whole.items() if "tokenizer" not in name}
    saved = (*make_experiment("a").checkpoints[:2], make_checkpoint("a/epoch_2", 2, without))
    told = section(markdown(tiny_report(make_experiment("a", checkpoints=saved))), "Checkpoint Contents")
    kinds = r"full model weights, adapter weights, .*tokenizer files and configs"
    assert re.search(f"<summary>a/epoch_0 and a/epoch_1 contain {kinds}</summary>", told)
    assert re.search("<summary>a/epoch_2 contains full model weights, adapter weights, .*</summary>", told)
    assert told.count("Tokenizer files and configs (") == told.count("okenizer files and configs<") == 1


def test_report_specs_table_is_reproduced() -> None:
    """The results table has report-spec's columns and numbers."""
    told = section(markdown(spec_report()), "Training Results Summary")
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in told.split("\n") if line.startswith("|")
    ]
    assert rows[0][:8] == [
        *("Experiment", "Model", "LoRA Rank", "Epochs", "Steps", "Final Loss", "Val Loss", "Tokens/sec/GPU")
    ]
    assert rows[2][:8] == [
        "1B_rank4",
        "Llama-3.2-1B-Instruct",
        "4",
        "3",
        "1,500",
        "0.00154",
        "0.02345",
        "1,224",
    ]
    assert rows[5][:8] == [
        "3B_rank64",
        "Llama-3.2-3B-Instruct",
        "64",
        "3",
        "3,000",
        "0.00027",
        "0.01830",
        "486",
    ]


def durations(document: str) -> tuple[str, list[str]]:
    """Return the heading of the durations' column, and its cells."""
    told = section(document, "Training Results Summary").partition("### ")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in told.split("\n") if line[:2] == "| "]
    (place,) = [n for n, cell in enumerate(rows[0]) if cell.startswith(("Duration", "Training Time"))]
    return rows[0][place], [row[place] for row in rows[1:]]


def test_durations_are_report_specs() -> None:
    """Each stands in a column, the trainer's own beside the job's; in words the shortest and longest."""
    document = markdown(spec_report())
    heading, cells = durations(document)
    assert heading == "Duration (Training)"
    assert (cells[0], cells[2][:5]) == ("4:41 (4:16)", "22:34")
    assert section(document, "Training Duration").strip() == (
        "*Duration (Training)*: the elapsed time of each experiment's job, start-up and saving included; in "
        "brackets training alone, by the trainer's own clock. Of those that came to their end the shortest "
        "took ~4.7 minutes (1B_rank4), the longest ~22.6 minutes (3B_rank4)."
    )


def test_without_a_job_a_duration_is_the_trainers() -> None:
    """Where no Slurm source tells how long a job took, the column says by which clock its times are."""
    run = make_experiment("a", attempts=())
    document = markdown(tiny_report(run, make_experiment("b", attempts=(), metrics={})))
    assert durations(document) == ("Training Time", ["4:16", "—"])
    told = section(document, "Training Duration")
    assert "No Slurm source tells how long the jobs took. *Training Time* is by the trainer's own" in told


def test_a_duration_that_grows_says_so() -> None:
    """A running job's time is so far; runs that did not come to their end are no shortest or longest."""
    alive = make_experiment("a", attempts=(make_attempt(1, slurm_state=SlurmState.RUNNING),), metrics={})
    cut = make_experiment("b", completion=Completion(False), state=State.FAILED, metrics={})
    document = markdown(tiny_report(alive, cut))
    assert durations(document) == ("Duration", ["4:41 so far", "4:41"])
    assert "shortest" not in section(document, "Training Duration")
    both = markdown(tiny_report(make_experiment("a"), make_experiment("b", 2)))
    assert "Those that came to their end took ~4.7 minutes each." in both


def test_missing_values_have_their_reason() -> None:
    """A dash is explained, and a column nobody filled is left out with a word."""
    told = section(markdown(mixed_report()), "Training Results Summary")
    assert "Val Loss" not in told
    assert "- No run logged final validation loss or throughput.\n" in told
    assert "- **rank64_seed1** lacks everything (—): never submitted.\n" in told


def test_nan_is_shown_and_never_best() -> None:
    """A diverged run's loss is NaN in the table and behind all others in the ranking."""
    document = markdown(mixed_report())
    assert "| 30 of 75 |          NaN |" in document
    assert "diverged: rank64_seed0 (NaN)." in section(document, "1. Best Run")


def test_wide_tables_are_split() -> None:
    """With many varying parameters the results fill two tables of bearable width."""
    document = markdown(spec_report())
    lines = [line for line in document.split("\n") if line.startswith("| 1B_rank4 ")]
    assert max(line.count("|") - 1 for line in lines) <= 11


def test_a_comparison_says_both_numbers_and_the_right_direction() -> None:
    """The lower loss is called lower, by the factor of both numbers, at the step where both stand."""
    told = section(markdown(spec_report()), "2. LoRA Rank Impact")
    assert (
        "- **Final training loss:** rank 64 was lower than rank 4 in 2 of 2 comparisons: "
        "Llama-3.2-1B-Instruct 4.3× lower (0.00036 vs 0.00154, step 1,500); "
        "Llama-3.2-3B-Instruct 1.1× lower (0.00027 vs 0.00031, step 3,000)\n"
    ) in told
    assert (
        "\n  - Llama-3.2-3B-Instruct: rank 4 was 1.1× lower than rank 64 (0.01656 vs 0.01830, step 3,000)\n"
        in told
    )


def test_a_training_loss_that_agrees_is_folded() -> None:
    """Where it goes the validation loss's way in each pair it stands behind a fold that says so, in full."""
    pairs = [
        make_comparison(a, b, "model", metric)
        for metric in ("final_val_loss", "final_loss")
        for a, b in (("1B_rank4", "3B_rank4"), ("1B_rank64", "3B_rank64"))
    ]
    fold = "<summary>Final training loss: agrees in both comparisons</summary>\n\n- **Final training loss:** "
    told = section(markdown(spec_report(comparisons=tuple(pairs))), "2. Model Impact")
    assert fold + "Llama-3.2-3B-Instruct was lower than Llama-3.2-1B-Instruct in 2 of 2" in told
    assert told.index("**Final validation loss:**") < told.index("<details>")
    for changed in (
        (*pairs[:2], replace(pairs[2], within_noise=True), pairs[3]),
        (*pairs[:2], replace(pairs[2], b=replace(pairs[2].b, value=9.0)), pairs[3]),
        (pairs[0], *pairs[2:]),
    ):
        assert "<details>" not in section(markdown(spec_report(comparisons=changed)), "2. Model Impact")
    asked = markdown(spec_report(comparisons=tuple(pairs)), metrics={"final_loss": "min"})
    assert "<details>" not in section(asked, "2. Model Impact")
    apart = replace(pairs[3], compared_at=ComparedAt.NEITHER, same_step=False)
    told = section(markdown(spec_report(comparisons=(*pairs[:3], apart))), "2. Model Impact")
    assert "Final training loss: agrees; 1 more at different points of training</summary>" in told


def test_a_ranking_that_says_the_same_is_named_only() -> None:
    """The training loss's order is told where it is another, where runs are unfinished, or when asked for."""
    losses = (make_ranking("final_val_loss"), make_ranking("final_loss"))
    halved = {name: value / 2 for name, value in losses[0].values.items()}
    alike = replace(losses[1], order=losses[0].order, values=halved)
    cut = replace(alike, unfinished=alike.order[-1:])
    told = section(markdown(spec_report(rankings=(losses[0], alike))), "1. Best Run")
    assert "; the same order by final training loss. The last checkpoint" in told
    assert "- Final training loss" not in told
    for other in (losses[1], cut):
        told = section(markdown(spec_report(rankings=(losses[0], other))), "1. Best Run")
        assert "- Final training loss: **" in told
        assert "the same order" not in told
    asked = markdown(spec_report(rankings=(losses[0], alike)), metrics={"final_loss": "min"})
    assert "- Final training loss: **" in section(asked, "1. Best Run")


def test_throughput_that_agrees_with_time_is_folded() -> None:
    """Faster and of higher throughput is one message; where they part, both are told."""
    time = make_comparison("1B_rank4", "3B_rank4", "model", "train_seconds")
    rate = make_comparison("1B_rank4", "3B_rank4", "model", "tokens_per_second_per_gpu")
    told = section(markdown(spec_report(comparisons=(time, rate))), "2. Training Efficiency")
    assert "<summary>Throughput (tokens/s per GPU): agrees</summary>" in told
    turned = replace(rate, a=replace(rate.a, value=1.0))
    told = section(markdown(spec_report(comparisons=(time, turned))), "2. Training Efficiency")
    assert "<details>" not in told
    assert "- **Throughput (tokens/s per GPU):** " in told


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"compared_at": ComparedAt.NEITHER, "same_step": False}, "not at the same point of training"),
        ({"confounders": (("batch_size", 8, 16),)}, "but batch size (8 vs 16) differs too"),
        (
            {"confounders": (("batch_size", 8, 16), ("seed", 1, 2))},
            "but batch size (8 vs 16), seed (1 vs 2) differ too",
        ),
        ({"same_seeds": False}, "the seeds differ"),
        ({"within_noise": True, "noise_sd": 0.1, "p_value": 0.4}, "rank 64 and rank 4 tie"),
        (
            {"within_noise": False, "noise_sd": 0.1, "p_value": 0.012},
            "more than seeds alone explain (p = 0.012)",
        ),
    ],
)
def test_caveats_stand_with_their_comparison(changes: dict[str, Any], words: str) -> None:
    """What weakens a comparison is said in the same line, and no ratio where none may be claimed."""
    comparison = make_comparison("1B_rank4", "1B_rank64", "lora_rank", "final_loss", **changes)
    told = section(markdown(spec_report(comparisons=(comparison,))), "2. LoRA Rank Impact")
    assert words in told
    assert ("×" in told) == ("tie" not in words and "point" not in words)


def test_without_numbers_nobody_is_best() -> None:
    """No run is crowned, nor found free of anomalies, where none left a number."""
    bare = make_experiment("a", metrics={}, completion=Completion(None), state=State.UNKNOWN)
    told = section(markdown(tiny_report(bare)), "Key Findings")
    assert "None can be named: no experiment has numbers to be ranked by." in told
    assert "No run left numbers to judge." in told


def test_the_best_of_two_names_where_it_lies() -> None:
    """The best run is told with the path of its last good checkpoint."""
    told = section(markdown(spec_report()), "1. Best Run")
    assert "The last checkpoint of 3B_rank4 lies in `3B_rank4/epoch_2`." in told


def test_unfinished_runs_stand_apart_in_the_ranking() -> None:
    """A run that did not reach its end is never ranked with those that did."""
    ranking = make_ranking("final_loss", unfinished=("3B_rank64",))
    told = section(markdown(spec_report(rankings=(ranking,))), "1. Best Run")
    assert "**3B_rank4** (0.00031), then 1B_rank64" in told
    assert "unfinished: 3B_rank64 (0.00027)" in told


def test_the_spoiled_exit_code_is_explained_once() -> None:
    """Four jobs with one cause are one issue that quotes the log's line and links to it."""
    told = section(markdown(spec_report()), "SLURM Exit Code Issue")
    assert (
        "⚠️ **All 4 experiments**: marked `FAILED` by Slurm (exit code 1:0) despite successful training"
        in told
    )
    assert "([1B_rank4/slurm-1.out](1B_rank4/slurm-1.out), line 840; alike in 3 more):\n" in told
    assert told.count("are the same file") == 1
    for word in ("**Cause:**", "**Resolution:**", "**Impact:** None on the training"):
        assert word in told


def test_different_causes_are_all_quoted() -> None:
    """Two tracebacks of one kind stand under one heading, each with its own line."""
    lines = ("KeyError: 'text'", "torch.AcceleratorError: CUDA error")
    found = tuple(
        Finding(
            code=FindingCode.LINE_TRACEBACK,
            experiment=name,
            evidence={"exception": quote.partition(":")[0]},
            quote=quote,
            sources=(Source(f"{name}/slurm-1.out", "line 9"),),
        )
        for name, quote in zip(("1B_rank4", "1B_rank64"), lines, strict=True)
    )
    told = section(
        markdown(tiny_report(make_experiment("1B_rank4"), make_experiment("1B_rank64", 2), findings=found)),
        "Python Error",
    )
    assert "- **1B_rank4**: ended with `KeyError`." in told
    for quote in lines:
        assert quote in told


def test_a_failure_points_to_the_finding_that_explains_it() -> None:
    """A job's failure whose cause is told elsewhere refers to that heading instead of repeating it."""
    failed = Finding(
        code=FindingCode.JOB_FAILED,
        experiment="1B_rank4",
        evidence={"job_id": "1", "state": "FAILED", "cause": "line_cuda_out_of_memory"},
    )
    cause = Finding(
        code=FindingCode.LINE_CUDA_OUT_OF_MEMORY, experiment="1B_rank4", quote="CUDA out of memory"
    )
    document = markdown(tiny_report(make_experiment("1B_rank4"), findings=(failed, cause)))
    assert "**Cause:** See *GPU Memory Exhausted*.  \n" in section(document, "Job Failed")
    untold = ((1, "its log holds no line that explains it"), (None, "no log of it was found"))
    for logs, unexplained in untold:
        known = replace(failed, evidence={**failed.evidence, "logs": logs})
        alone = markdown(tiny_report(make_experiment("1B_rank4"), findings=(known,)))
        assert f"**Cause:** Not known: {unexplained}.  \n" in section(alone, "Job Failed")


def test_graver_issues_come_first() -> None:
    """Errors stand before warnings, and information is a list at the end."""
    assert subheadings(markdown(mixed_report()), "Issues and Notes") == [
        "Out of Memory",
        "Loss Not Finite",
        "Truncated File",
        "Evaluation Failed",
        "Never Submitted",
        "Notes",
    ]


def test_a_milder_case_of_a_grave_code_is_a_note() -> None:
    """A finding's own severity decides where it stands."""
    mild = Finding(code=FindingCode.FILE_EMPTY, experiment="a", subject="a/x", severity=Severity.INFO)
    told = section(markdown(tiny_report(make_experiment("a"), findings=(mild,))), "Issues and Notes")
    assert "No problem was found." in told
    assert "- **a**: `a/x` has 0 bytes.\n" in told


def test_no_issue_is_said_to_be_none() -> None:
    """A set without findings says so."""
    told = section(markdown(tiny_report(make_experiment("a"))), "Issues and Notes")
    assert told.strip() == "No problem was found."


def test_every_finding_is_told() -> None:
    """Each code of FindingCode, found in one report, has its place in it."""
    found = tuple(Finding(code=code, experiment="a", subject="a/x") for code in FindingCode)
    document = markdown(tiny_report(make_experiment("a"), findings=found))
    graver = [code for code in FindingCode if code.severity is not Severity.INFO]
    notes = section(document, "Issues and Notes").rpartition("### Notes\n")[2]
    elsewhere = (*TOLD_ELSEWHERE, *IN_THE_OVERVIEW)
    milder = [code for code in FindingCode if code.severity is Severity.INFO and code not in elsewhere]
    assert len(subheadings(document, "Issues and Notes")) == len(graver) + 1
    assert notes.count("\n- ") == len(milder)
    assert section(document, "Key Findings").count("*") >= len(TOLD_ELSEWHERE)


def test_commands_hold_real_paths() -> None:
    """The appendix works on this set: its directory, logs, checkpoints, wandb runs and job ids."""
    told = section(markdown(spec_report()), "Appendix: Useful Commands")
    assert "\ncd /scratch/gpfs/lab/cap_8L_llama32_lora_comparison_2025-10-18\n" in told
    assert "tr '\\r' '\\n' < 1B_rank4/slurm-1.out | less -R\n" in told
    assert "wandb sync 1B_rank4/logs/wandb/offline-run-20251018_070252-l3t2l8qm\n" in told
    assert "sacct --duplicates -j 1,2,3,4 " in told


def test_commands_without_an_object_are_left_out() -> None:
    """No wandb, checkpoint, log or accounting command stands in a set that has none of them."""
    bare = make_experiment("a", wandb_runs=(), checkpoints=(), logs=(), attempts=())
    told = subheadings(markdown(tiny_report(bare)), "Appendix: Useful Commands")
    assert told == ["Write This Report Again", "Experiment Files"]


def test_paths_in_commands_are_quoted() -> None:
    """A directory with blanks, quotes and control characters is one word of the shell."""
    name = "it's a\x1b[31m run"
    told = section(markdown(tiny_report(make_experiment(name))), "Check Checkpoint Contents")
    assert "$'it\\x27s a\\x1b\\x5b31m run'" in told


def test_files_are_linked_relatively() -> None:
    """Logs, configurations, batch scripts and evaluation scripts are links below the report."""
    told = section(markdown(spec_report()), "Experiment Files")
    for target in ("slurm-1.out", "finetune.yaml", "finetune.slurm", "eval.py"):
        assert f"](1B_rank4/{target})" in told


def test_notes_survive_byte_for_byte() -> None:
    """What a person wrote between the markers stands there unchanged, markup, bytes and all."""
    notes = "\n<b>mine</b> | `x\n\n\n## My heading\n\\_ caf\udce9\n"
    document = render(spec_report(), SetSettings(), notes, {})["RESULTS.md"]
    text = document.decode("utf-8", "surrogateescape")
    assert f"{NOTES_BEGIN}{notes}{NOTES_END}" in text
    assert parse_old_report(seal(text)).notes == notes


def test_without_notes_there_is_an_invitation() -> None:
    """A first report invites to write, and its markers stand in it once."""
    document = markdown(spec_report())
    assert f"{NOTES_BEGIN}{DEFAULT_NOTES}{NOTES_END}" in document
    assert document.count(NOTES_BEGIN) == document.count(NOTES_END) == 1


def test_sections_that_the_settings_omit_are_named_at_the_end() -> None:
    """The others stay as they are, in their order."""
    whole = markdown(spec_report())
    omitted = markdown(spec_report(), omit=("appendix", "storage"))
    kept = [name for name in SECTIONS if name not in ("Storage Summary", "Appendix: Useful Commands")]
    assert [text for _, level, text in headings(omitted) if level == 2] == kept
    assert omitted.endswith("*Left out, as `afterall.toml` says: storage, appendix.*\n")
    assert "Left out" not in whole
    notes = omitted.index("## Your Notes")
    assert whole.startswith(omitted[: omitted.index("## Issues and Notes")].partition("## Storage")[0])
    assert omitted[omitted.index("## Next Steps") : notes] in whole


def test_the_same_report_gives_the_same_bytes() -> None:
    """Rendering twice gives equal documents."""
    assert render(mixed_report(), SetSettings(), "", {}) == render(mixed_report(), SetSettings(), "", {})


def test_the_reports_companions_keep_their_names() -> None:
    """Whatever the report is called, programs find its facts under one name."""
    documents = render(spec_report(), SetSettings(report="SUMMARY.md", figures=False), "", {})
    assert sorted(documents) == [
        "RESULTS.json",
        *(f"RESULTS_files/{name}.csv" for name in ("checkpoints", "curves", "experiments")),
        "SUMMARY.md",
    ]
    assert "RESULTS.md" not in documents["SUMMARY.md"].decode()


def test_four_runs_fit_a_sitting() -> None:
    """A report on four runs is read on three screens of sixty lines, its folds closed."""
    closed = re.sub(r"(?s)(<summary>.*?</summary>).*?</details>", r"\1", markdown(spec_report()))
    assert closed.count("\n") <= 180


def test_thirty_runs_stay_readable() -> None:
    """A report on thirty runs grows by its tables' rows alone, and keeps its lists short."""
    runs = tuple(make_experiment(f"run{n}", n) for n in range(30))
    found = tuple(
        Finding(code=FindingCode.LOG_MISSING, experiment=e.name, evidence={"job_id": "7"}) for e in runs
    )
    document = markdown(tiny_report(*runs, findings=found))
    assert document.count("\n") <= 400
    assert re.search(r"(?m)^\| run29 .* 4:41 ", section(document, "Training Results Summary"))
    assert "**All 30 experiments**: no log of job 7 was found." in document


def test_dates_of_files_are_called_so() -> None:
    """A date that only file times tell is marked as such."""
    run = (make_experiment("a"),)
    report = tiny_report(*run, set=make_summary(run, dates_from_files=True))
    assert "**Date:** October 18, 2025 (from file times)  \n" in markdown(report)


def test_several_attempts_are_said_to_be_the_latests_time() -> None:
    """Where a run needed several jobs, durations are said to be the last one's."""
    twice = make_experiment(
        "a", attempts=(make_attempt(1, slurm_state=SlurmState.NODE_FAIL), make_attempt(2))
    )
    told = section(markdown(tiny_report(twice)), "Training Duration")
    assert "each experiment's latest attempt" in told


def test_storage_is_report_specs() -> None:
    """Components and totals stand in tables, with adapters alone beside the full size."""
    told = section(markdown(spec_report()), "Storage Summary")
    assert "| Adapter (rank 64)         |                   82 MB |                  172 MB |" in told
    assert "3 Epochs (Full Model)" in told
    assert re.search(r"\| 3B_rank64 +\| +19.4 GB \| +516 MB \| +19.4 GB \|", told)


def test_a_run_slower_than_planned_says_how_far_it_came() -> None:
    """Steps and epochs are "reached of planned" where they differ."""
    metrics = {**make_experiment("a").metrics, "global_step": fact(700), "epochs": fact(1.4)}
    told = section(markdown(tiny_report(make_experiment("a", metrics=metrics))), "Training Results Summary")
    assert "700 of 1,500" in told
    assert "1.4 of 3" in told


def test_storage_of_nothing_is_nothing() -> None:
    """An experiment without checkpoints has a dash for their size."""
    bare = make_experiment("a", checkpoints=())
    report = tiny_report(bare, storage=make_storage((bare,)))
    assert re.search(r"\| a +\| +— \| +— \| +90 kB \|", section(markdown(report), "Storage Summary"))


def test_scorers_with_the_same_scores_are_told_once() -> None:
    """Two scorers that gave every run the same score share a line, and both are named."""
    values = {"1B_rank4": 0.65, "1B_rank64": 0.85}
    both = tuple(
        Ranking(
            metric=f"capitalization/{scorer}/accuracy",
            direction=Direction.UP,
            order=("1B_rank64", "1B_rank4"),
            values=values,
            checkpoint="final",
        )
        for scorer in ("match", "includes")
    )
    told = section(markdown(spec_report(rankings=both)), "1. Best Run")
    assert (
        "- `capitalization/match/accuracy` and `capitalization/includes/accuracy` on the final checkpoint: "
        "**1B_rank64** (0.85), then 1B_rank4 (0.65). The last"
    ) in told


def test_a_mean_loss_that_agrees_is_not_repeated() -> None:
    """The mean of the last steps' losses is told only where it orders the runs otherwise than the last."""
    last = make_ranking("final_loss")
    agreeing = make_ranking("mean_last_loss")
    turned = make_ranking("mean_last_loss", order=tuple(reversed(agreeing.order)))
    assert "Mean training loss" not in section(
        markdown(spec_report(rankings=(last, agreeing))), "1. Best Run"
    )
    assert "Mean training loss" in section(markdown(spec_report(rankings=(last, turned))), "1. Best Run")


def test_scores_stand_with_their_standard_errors() -> None:
    """A score has its standard error beside it in the table and in comparisons."""
    evaluation = make_evaluation("1B_rank4")
    scored = make_experiment("1B_rank4", evaluations=(evaluation,))
    side = Side(
        experiment="1B_rank4", setting=4, value=0.925, step=1500, source=evaluation.source, stderr=0.019
    )
    other = Side(experiment="1B_rank64", setting=64, value=0.5, step=1500, source=Source("elsewhere.eval"))
    comparison = make_comparison("1B_rank4", "1B_rank64", "lora_rank", "final_loss")
    comparison = replace(
        comparison, metric="capitalization/match/accuracy", direction=Direction.UP, a=side, b=other
    )
    report = spec_report(experiments=(scored, make_experiment("1B_rank64", 2)), comparisons=(comparison,))
    document = markdown(report)
    assert "|    0.925 ± 0.019 |" in document
    assert "rank 4 was 1.9× higher than rank 64 (0.925 ± 0.019 vs 0.500, step 1,500)" in document


def test_scorers_with_the_same_scores_share_a_column() -> None:
    """What two scorers gave alike throughout stands once under both names; the log is linked at the end."""
    scores = {"match/accuracy": 0.65, "includes/accuracy": 0.65, "f1/mean": 0.5}
    evaluation = make_evaluation("a", metrics=scores, checkpoint="epoch_2", source=Source("a/x y.eval"))
    document = markdown(tiny_report(make_experiment("a", evaluations=(evaluation,))))
    assert "|   f1/mean |   includes/accuracy and match/accuracy |   Samples |" in document
    assert "; evaluations [epoch_2](a/x%20y.eval)\n" in section(document, "Experiment Files")


def test_an_evaluation_without_a_column_of_its_own_tells_its_scores() -> None:
    """Of five scores four have columns; whoever has none of these shows its own, others nothing more."""
    common = {"acc": 0.5, "f1": 0.25, "em": 0.5, "bleu": 0.75}
    odd = {"ppl": 12.5, "ppl_stderr": 0.5, "bits": 0.75}
    runs = [
        make_experiment(name, evaluations=(make_evaluation(name, metrics=scores),))
        for name, scores in (("a", common), ("b", common), ("c", odd))
    ]
    document = markdown(tiny_report(*runs))
    assert "Other Scores" in document
    assert re.search(r"\| c +\|.*\| ppl 12\.5[0-9]* ± 0\.50?, bits 0\.75 +\|", document)
    assert "Other Scores" not in markdown(tiny_report(*runs[:2]))


def test_the_speed_of_all_gpus_together_is_told_where_nobody_knows_that_of_one() -> None:
    """As of a trainer that logs it for all, where Slurm does not say how many there were."""
    run = make_experiment("a", metrics={"tokens_per_second": fact(1234.0)})
    document = markdown(tiny_report(run))
    assert "Tokens/sec |" in document
    assert "throughput" not in document.partition("## Training Results Summary")[2].partition("## ")[0]


def test_long_paths_are_linked_by_a_short_name() -> None:
    """The middle of a long file name is left out of a link's words, never of its target."""
    path = f"run/eval/logs/2026-11-23T07-18-12-00-00_{'task' * 9}_GGzDtqfNq5wwZw4YJs2A3E.eval"
    failed = Finding(
        code=FindingCode.EVALUATION_FAILED, experiment="a", quote="x", sources=(Source(path, "header.json"),)
    )
    told = markdown(tiny_report(make_experiment("a"), findings=(failed,)))
    assert f"([…/2026-11-23T07-18-12-…wZw4YJs2A3E.eval]({path}), header.json):" in told


def test_many_findings_of_one_run_are_one_line() -> None:
    """What is wrong with many files of one experiment is told by the first and a count."""
    found = tuple(
        Finding(code=FindingCode.MODE_PRIVATE, experiment="a", subject=f"a/epoch_{n}/adapter.safetensors")
        for n in range(5)
    )
    told = section(
        markdown(tiny_report(make_experiment("a"), findings=found)), "Weights Only Their Owner Can Read"
    )
    assert "`a/epoch_0/adapter.safetensors` can be read by its owner alone" in told
    assert "and 4 more alike.  \n" in told
    assert "`a/epoch_1" not in told


def test_an_evaluation_that_failed_does_not_spoil_the_training() -> None:
    """The status stays a success, and says what failed after training."""
    failed = Finding(code=FindingCode.EVALUATION_FAILED, experiment="a", subject="a/x.eval")
    document = markdown(tiny_report(make_experiment("a"), findings=(failed,)))
    assert "**Status:** ✓ The experiment completed successfully; 1 evaluation failed (see [Issues" in document


def test_anomalies_claim_no_more_than_was_looked_at() -> None:
    """A set without anomalies says what was looked for, and in how many runs."""
    told = section(markdown(spec_report()), "Key Findings")
    assert "None in 4 runs with numbers: no NaN or infinite loss, no run of 0 steps" in told


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
