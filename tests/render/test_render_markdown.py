"""RESULTS.md holds every section of report-spec in its order, and says only what is so."""

import re

import pytest

from afterall.model import Finding, FindingCode, Report
from afterall.model.notes import DEFAULT_NOTES, NOTES_BEGIN, NOTES_END, parse_old_report, seal
from afterall.render.documents import render
from afterall.settings import SetSettings
from render.render_mixed import mixed_report, unfinished_report
from render.render_reports import fact, make_experiment, spec_report, tiny_report
from render.render_sections import SECTIONS, empty_report, headings, markdown, section, subheadings
from render.render_strings import MARKDOWN


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


def test_a_run_slower_than_planned_says_how_far_it_came() -> None:
    """Steps and epochs are "reached of planned" where they differ."""
    metrics = {**make_experiment("a").metrics, "global_step": fact(700), "epochs": fact(1.4)}
    told = section(markdown(tiny_report(make_experiment("a", metrics=metrics))), "Training Results Summary")
    assert "700 of 1,500" in told
    assert "1.4 of 3" in told
