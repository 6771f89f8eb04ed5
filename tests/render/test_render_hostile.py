"""A report on a hostile set has the structure of one on a harmless set, whatever its names and logs hold."""

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it.token import Token

from afterall.model import (
    ExperimentLayout,
    Finding,
    FindingCode,
    JobId,
    LogFile,
    NextStep,
    NextStepKind,
    Report,
    SlurmSource,
    SlurmState,
    Source,
    SourceReport,
    State,
    VaryingParameter,
)
from afterall.model.notes import NOTES_BEGIN, NOTES_END
from afterall.render.documents import render
from afterall.render.escaping import line, shown
from afterall.settings import SetSettings
from render.render_reports import (
    fact,
    make_attempt,
    make_checkpoint,
    make_evaluation,
    make_experiment,
    make_summary,
    spec_files,
    tiny_report,
)
from render.render_strings import MARKDOWN, STRINGS

OURS = {NOTES_BEGIN, NOTES_END}
WORDS = STRINGS.filter(lambda value: bool(value.strip()))


def hostile_report(name: str, words: str, path: str) -> Report:
    """Return a report with `name` for an experiment, `words` in every text, and `path` in every path."""
    layout = ExperimentLayout(
        name=name,
        path=path,
        roots=(path,),
        configs=(f"{path}/c.yaml",),
        scripts=(f"{path}/s.slurm",),
        eval_scripts=(f"{path}/eval.py",),
    )
    attempt = make_attempt(
        slurm_state=SlurmState.FAILED,
        state_text=words,
        exit_code=1,
        reason=words,
        node_list=words,
        name=words,
    )
    first = make_experiment(
        name,
        layout=layout,
        state=State.FAILED,
        attempts=(attempt,),
        logs=(LogFile(f"{path}/x.out", JobId("1")),),
        trainer=words,
        parameters={"model": fact(words, path), "lora_rank": fact(words, path), f"k.{words}": fact(words)},
        checkpoints=(
            make_checkpoint(f"{path}/epoch_0", 0, spec_files("Llama-3.2-1B-Instruct", 4), name=words),
        ),
        evaluations=(
            make_evaluation(name, task=words, checkpoint=words, source=Source(f"{path}/e.eval", words)),
        ),
        wandb_runs=(f"{path}/wandb",),
    )
    second = make_experiment("plain", 2, parameters={"model": fact("m"), "lora_rank": fact(8)})
    varying = VaryingParameter(name=f"k.{words}", values=(words, 8), by_experiment={name: words, "plain": 8})
    return tiny_report(
        first,
        second,
        set=make_summary(
            (first, second),
            name=words,
            path=f"/{path}",
            title=words,
            description=words,
            models=(f"m-{words}", "n"),
            moved_from=path,
            asked=(SourceReport(SlurmSource.SACCT, answered=False, detail=words),),
        ),
        varying=(varying,),
        findings=hostile_findings(name, words, path),
        next_steps=(
            NextStep(
                kind=NextStepKind.EVALUATE, experiments=(name,), command="true", details={"checkpoint": words}
            ),
        ),
    )


def hostile_findings(name: str, words: str, path: str) -> tuple[Finding, ...]:
    """Return two findings of one code, one of another, and a note."""
    evidence: dict[str, Any] = {"job_id": words, "state": words, "exit_code": 1, "signal": 0}
    source = Source(f"{path}/x.out", words)
    return (
        Finding(
            code=FindingCode.EXIT_CODE_SPOILED,
            experiment=name,
            evidence=evidence,
            quote=f"q{words}",
            sources=(source,),
        ),
        Finding(code=FindingCode.EXIT_CODE_SPOILED, experiment="plain", evidence={"state": "FAILED"}),
        Finding(code=FindingCode.FILE_EMPTY, experiment=name, subject=f"{path}/{words}"),
        Finding(code=FindingCode.JOB_PENDING, experiment=name, evidence={"job_id": "1", "reason": words}),
    )


def parse(report: Report) -> list[Token]:
    """Return the tokens of a rendered report."""
    return MARKDOWN.parse(render(report, SetSettings(), "", {})["RESULTS.md"].decode())


def blocks(tokens: list[Token]) -> list[tuple[str, str, int]]:
    """Return what a document consists of: kinds, tags and depths of its blocks, in order."""
    return [(token.type, token.tag, token.level) for token in tokens]


def inlines(tokens: list[Token]) -> Counter[str]:
    """Return how many inline elements of each kind there are, text and code apart: code may become text."""
    every = (child.type for token in tokens for child in token.children or [])
    return Counter(kind for kind in every if kind not in ("text", "text_special", "code_inline"))


HARMLESS = parse(hostile_report("harmless", "words", "some/path"))


@settings(max_examples=80, deadline=None)
@given(WORDS, WORDS, WORDS)
def test_no_string_changes_the_structure(name: str, words: str, path: str) -> None:
    """Tables, rows, columns, headings, lists, fences, links and emphasis are those of a harmless set."""
    tokens = parse(hostile_report(name, words, path))
    assert blocks(tokens) == blocks(HARMLESS)
    assert inlines(tokens) == inlines(HARMLESS)


@settings(max_examples=50, deadline=None)
@given(WORDS, WORDS, WORDS)
def test_no_string_becomes_html_or_leads_away(name: str, words: str, path: str) -> None:
    """The only HTML is our comments; links are relative; nothing unseen is left anywhere."""
    report = hostile_report(name, words, path)
    document = render(report, SetSettings(), "", {})["RESULTS.md"].decode()
    tokens = MARKDOWN.parse(document)
    html = [token.content.strip() for token in tokens if token.type == "html_block"]
    assert sorted(part for block in html for part in block.split("\n") if part.startswith("<!--")) == sorted(
        OURS
    )
    children = [child for token in tokens for child in token.children or []]
    assert not [child for child in children if child.type in ("html_inline", "image")]
    for child in children:
        if child.type == "link_open":
            assert ":" not in str(child.attrs["href"])
    outside = document.replace(NOTES_BEGIN, "").replace(NOTES_END, "")
    assert all(shown(row) == row for row in outside.split("\n"))


@settings(max_examples=30, deadline=None)
@given(WORDS)
def test_a_name_reads_as_itself_in_every_table(name: str) -> None:
    """The first cell of an experiment's row shows its name, unseen characters spelled out."""
    tokens = parse(hostile_report(name, "words", "path"))
    cells = [
        "".join(child.content for child in tokens[n + 1].children or [])
        for n, token in enumerate(tokens)
        if token.type == "td_open" and tokens[n - 1].type == "tr_open"
    ]
    assert cells.count(line(name, 120)) >= 3


@settings(max_examples=30, deadline=None)
@given(STRINGS, STRINGS)
def test_every_document_can_be_written(name: str, words: str) -> None:
    """Whatever the strings, all documents are rendered, twice the same."""
    report = hostile_report(name, words, name)
    assert render(report, SetSettings(), "", {}) == render(report, SetSettings(), "", {})


@settings(max_examples=30, deadline=None)
@given(st.text())
def test_notes_are_passed_through(notes: str) -> None:
    """Any notes stand in the report as they were given."""
    document = render(hostile_report("a", "b", "c"), SetSettings(), notes, {})["RESULTS.md"].decode()
    assert not notes or f"{NOTES_BEGIN}{notes}{NOTES_END}" in document
