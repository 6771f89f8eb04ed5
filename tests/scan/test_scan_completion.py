"""Judge by its traces whether training reached its own end."""

import pytest

from afterall.model import Evidence, Fact, Finding, FindingCode, Severity, Source
from afterall.scan import completion as module
from afterall.scan.completion import RULE, judge_completion
from afterall.scan.line_severity import weigh_by_completion, weigh_by_progress
from afterall.scan.traces import Origin, Trace
from scan.run_making import fixture
from scan.trace_reading import last_part

PLACE = Source("f", "line 1")


def trace_with(*kinds: tuple[str, bool]) -> Trace:
    """Return a trace of a log with evidence of these kinds, each with what it speaks for."""
    evidence = tuple(Evidence(kind, speaks, PLACE) for kind, speaks in kinds)
    return Trace(trainer="t", origin=Origin.LOG, file="f", evidence=evidence)


def judged(
    *kinds: tuple[str, bool],
    reached: int | None = None,
    planned: int | None = None,
    lines: tuple[Finding, ...] = (),
) -> tuple[bool | None, str | None]:
    """Return the judgement, and the kind of evidence that it rests on first."""
    facts = {"global_step": reached, "planned_steps": planned}
    metrics = {name: Fact(value, PLACE) for name, value in facts.items() if value is not None}
    found = judge_completion([trace_with(*kinds)], metrics, lines)
    return found.value, found.evidence[0].kind if found.evidence else None


def line(severity: Severity | None = None, code: FindingCode = FindingCode.LINE_TRACEBACK) -> Finding:
    """Return a finding in line 9 of the log."""
    return Finding(code=code, subject="f", sources=(Source("f", "line 9"),), severity=severity)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (judged(), (None, None)),
        (judged(reached=150, planned=150), (True, "planned_steps_reached")),
        (judged(reached=151, planned=150), (True, "planned_steps_reached")),
        (judged(reached=30, planned=150), (False, "planned_steps_not_reached")),
        (judged(reached=30), (None, None)),
        (judged(reached=0, planned=20), (False, "zero_steps")),
        (judged(("final_checkpoint", True), reached=0), (False, "zero_steps")),
        (judged(("done_line", True)), (True, "done_line")),
        (judged(("done_line", True), reached=30, planned=150), (True, "done_line")),
        (judged(("final_checkpoint", True)), (True, "final_checkpoint")),
        (judged(("wandb_exit", True)), (True, "wandb_exit")),
        (judged(("wandb_exit", False)), (False, "wandb_exit")),
        (judged(("wandb_exit", True), reached=30, planned=150), (False, "planned_steps_not_reached")),
        (judged(("wandb_exit", False), reached=150, planned=150), (True, "planned_steps_reached")),
        (judged(("no_wandb_exit", False)), (False, "no_wandb_exit")),
        (judged(("no_wandb_exit", False), reached=150, planned=150), (True, "planned_steps_reached")),
        (judged(("program_ended", True), reached=3, planned=9), (False, "planned_steps_not_reached")),
        (judged(("mlflow_finished", True)), (True, "mlflow_finished")),
        (judged(("mlflow_finished", True), lines=(line(),)), (False, "failure_line")),
        (judged(("mlflow_finished", True), reached=3, planned=9), (False, "planned_steps_not_reached")),
        (judged(("mlflow_failed", False), reached=9, planned=9), (True, "planned_steps_reached")),
        (judged(("mlflow_failed", False)), (False, "mlflow_failed")),
        (judged(("program_ended", True)), (True, "program_ended")),
        (judged(lines=(line(),)), (False, "failure_line")),
        (judged(lines=(line(Severity.WARNING),)), (None, None)),
        (judged(lines=(line(),), reached=150, planned=150), (True, "planned_steps_reached")),
        (judged(("done_line", True), lines=(line(),)), (True, "done_line")),
    ],
)
def test_the_rule_decides_by_its_first_row(
    found: tuple[bool | None, str | None], expected: tuple[bool | None, str | None]
) -> None:
    """Each row of the table decides over those below it, and nothing decides over nothing."""
    assert found == expected


def test_the_table_in_words_is_the_rule() -> None:
    """The documented rows are those that the rule knows, in their order."""
    rows = [row.split("|")[1].strip() for row in (module.__doc__ or "").splitlines() if row.startswith("| ")]
    assert tuple(rows[1:]) == RULE


def test_all_evidence_is_kept_each_once() -> None:
    """What did not decide is told too, in the rule's order, without repetition."""
    found = judge_completion(
        [trace_with(("wandb_exit", True)), trace_with(("done_line", True), ("wandb_exit", True))], {}, ()
    )
    assert [evidence.kind for evidence in found.evidence] == ["done_line", "wandb_exit"]


def test_a_line_above_later_steps_is_milder() -> None:
    """A traceback that training went on after ended nothing; one after the last step may have."""
    bars = b"".join(b"\r1|%d|Loss: 2.5:  50%%|#| 1/2 [00:01<00:01, 1.0it/s]\n" % step for step in (1, 2))
    error = b"Traceback (most recent call last):\nValueError: x\n"
    before, after = last_part(error + bars), last_part(bars + error)
    (passed,) = weigh_by_progress(before.findings, before.traces)
    (last,) = weigh_by_progress(after.findings, after.traces)
    assert (passed.gravity, passed.evidence.get("went_on")) == (Severity.WARNING, True)
    assert (last.gravity, last.evidence.get("went_on")) == (Severity.ERROR, None)


@pytest.mark.parametrize(("steps", "went_on"), [((13,), None), ((13, 14), True)])
def test_one_step_between_the_failures_of_two_ranks_is_no_going_on(
    steps: tuple[int, ...], went_on: bool | None
) -> None:
    """Where a rank fails, rank 0 still logs the step that they were in before it loses the other."""
    log = (
        b"step 12 | loss 5.1114\n[rank1]: Traceback (most recent call last):\n[rank1]: ValueError: bad\n"
        + b"".join(b"step %d | loss 5.1510\n" % step for step in steps)
        + b"[rank0]: Traceback (most recent call last):\n"
        b"[rank0]: RuntimeError: [/x/gloo/transport/tcp/pair.cc:561] Connection closed by peer [::1]:906\n"
    )
    part = last_part(log)
    found = {line.code: line for line in weigh_by_progress(part.findings, part.traces)}
    cause = found[FindingCode.LINE_TRACEBACK]
    assert cause.quote == "ValueError: bad"
    assert (cause.evidence.get("went_on"), cause.gravity is Severity.ERROR) == (went_on, went_on is None)


def test_a_traceback_after_the_end_is_milder() -> None:
    """With training completed, no line is an error, and no line becomes graver."""
    lines = [line(), line(code=FindingCode.LINE_COPY_FAILED), line(Severity.INFO)]
    found = [finding.gravity for finding in weigh_by_completion(lines, is_completed=True)]
    assert found == [Severity.WARNING, Severity.WARNING, Severity.INFO]
    assert weigh_by_completion(lines, is_completed=False) == lines


def test_a_diverged_run_has_still_come_to_its_end() -> None:
    """NaN is another matter than not having trained."""
    traces = last_part(fixture("torchtune/nan-0.6.out")).traces
    assert judge_completion(traces, {}, ()).value is True


@pytest.mark.parametrize(
    ("apart_s", "expected"), [(3600, (False, "no_wandb_exit")), (30, (True, "wandb_exit"))]
)
def test_the_run_file_of_wandb_that_was_written_last_tells_the_end(
    apart_s: int, expected: tuple[bool, str]
) -> None:
    """An earlier program's exit is none of the later one's; processes of one program end together."""
    ends = (("wandb_exit", True), ("no_wandb_exit", False))
    traces = [
        Trace(
            trainer="wandb",
            origin=Origin.HISTORY,
            file=kind,
            evidence=(Evidence(kind, speaks, PLACE),),
            mtime_ns=(1_000_000 + at * apart_s) * 10**9,
        )
        for at, (kind, speaks) in enumerate(ends)
    ]
    found = judge_completion(traces, {}, ())
    assert (found.value, found.evidence[0].kind) == expected
