"""Each problem stands once under Issues and Notes, with its cause and what helps."""

from msgspec.structs import replace

from afterall.model import Finding, FindingCode, Severity, Source
from afterall.render.sections.issues import IN_THE_OVERVIEW, TOLD_ELSEWHERE
from render.render_mixed import mixed_report
from render.render_reports import make_experiment, spec_report, tiny_report
from render.render_sections import markdown, section, subheadings


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
