"""Every finding and every next step has words, with all of its evidence and with none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.model import Finding, FindingCode, NextStep, NextStepKind, Scalar, Severity
from afterall.render.composing import names_in
from afterall.render.sections.next_steps import told
from afterall.render.sentences import fill, message, sentence
from afterall.render.words.findings import WORDINGS, checkpoints, shards, weight_files, weight_values
from afterall.render.words.formats import FORMATS
from afterall.render.words.metrics import Digits
from afterall.render.words.steps import STEPS
from afterall.scan.checkpoints.formats import FORMATS as FORMATS_READ
from render.render_strings import MARKDOWN, STRINGS

EVERY_FORM = [
    (code, name, forms)
    for code, wording in WORDINGS.items()
    for name in ("says", "cause", "unexplained", "impact", "resolution")
    for forms in (getattr(wording, name),)
]

CHECKPOINT_CODES = [
    code for module in (checkpoints, shards, weight_files, weight_values) for code in module.WORDINGS
]


def test_every_code_has_words() -> None:
    """The registry is complete over FindingCode and holds nothing else."""
    assert set(WORDINGS) == set(FindingCode)


def test_every_kind_of_step_has_words() -> None:
    """The registry is complete over NextStepKind and holds nothing else."""
    assert set(STEPS) == set(NextStepKind)


@pytest.mark.parametrize(("code", "name", "forms"), EVERY_FORM)
def test_the_last_form_needs_no_evidence(code: FindingCode, name: str, forms: tuple[str, ...]) -> None:
    """Whatever evidence is missing, there is a sentence."""
    assert names_in(forms[-1]) <= {"subject"}
    assert name != "says" or forms[-1]


@pytest.mark.parametrize("code", FindingCode)
def test_no_form_hides_another(code: FindingCode) -> None:
    """No alternative needs all that a later one needs and so makes it unreachable."""
    for name in ("says", "cause", "impact", "resolution"):
        forms = getattr(WORDINGS[code], name)
        for place, form in enumerate(forms):
            assert not any(
                names_in(form) <= names_in(later) for later in forms[place + 1 :] if names_in(later)
            ), form


@pytest.mark.parametrize("code", FindingCode)
def test_a_finding_is_told_without_evidence(code: FindingCode) -> None:
    """A bare finding gives one plain sentence that ends in a full stop."""
    plain = message(Finding(code=code, subject="epoch_0/x"))
    assert plain.endswith(".")
    assert not plain.endswith("..")
    assert "{" not in plain


@pytest.mark.parametrize("code", CHECKPOINT_CODES)
def test_what_is_wrong_with_a_checkpoint_has_a_consequence_and_an_action(code: FindingCode) -> None:
    """Every code of checkpoints that is more than a note says what it means and what to do."""
    if code.severity is not Severity.INFO:
        wording = WORDINGS[code]
        assert all(wording.impact), code
        assert all(wording.resolution), code


def test_values_beyond_are_told_with_all_that_was_measured() -> None:
    """The numbers as the report writes them, the values as they are set, and whose numbers they are."""
    details: dict[str, Scalar] = {
        "parameter": "batch_size",
        "value": 2048,
        "edge": "largest",
        "trend": "lower",
        "tried": "256, 512, 1024",
        "metric": "final_val_loss",
        "measured": "1.23, 1.1, 0.9",
    }
    begin = (
        "Try batch size 2048, beyond the largest value tried: final validation loss was lower with each "
        "value towards it (1.23, 1.10, and 0.90 at 256, 512, and 1024; "
    )
    digits = Digits({"final_val_loss": [1.23, 0.9]})
    tails: list[tuple[dict[str, Scalar], str]] = [
        ({"step": 1500, "is_single": True}, "step 1,500, one run each)."),
        ({"epoch": 2.0}, "epoch 2, means where a setting ran more than once)."),
        (
            {"step": 50, "is_single": True, "moves_with": "lora_alpha"},
            "step 50, one run each); LoRA alpha went along with it.",
        ),
    ]
    for more, end in tails:
        assert (
            told(NextStep(kind=NextStepKind.BEYOND_RANGE, details={**details, **more}), 3, digits=digits)
            == begin + end
        )


def test_a_score_in_a_step_is_code_as_everywhere() -> None:
    """Of lm-evaluation-harness without "none"; a loss is told in words."""
    details: dict[str, Scalar] = {"loss": "final_val_loss", "task": "arc", "metric": "none/acc"}
    more: dict[str, Scalar] = {
        "parameter": "lora_rank",
        "value": 64,
        "edge": "largest",
        "trend": "higher",
        "tried": "4, 8, 16",
        "metric": "arc/none/acc",
        "measured": "0.5, 0.6, 0.7",
        "step": 50,
    }
    step = NextStep(kind=NextStepKind.BEYOND_RANGE, details=more)
    assert ": `arc/acc` was higher with each value" in told(step, 3)
    compare = told(NextStep(kind=NextStepKind.COMPARE_EVALUATIONS, details=details), 3)
    assert compare.startswith("Compare `acc` of `arc` with final validation loss")


def test_values_between_are_written_as_in_the_tables() -> None:
    """1e-5 beside 3e-5, and listed as a sentence lists them."""
    details: dict[str, Scalar] = {
        "parameter": "learning_rate",
        "values": "3e-05, 0.0001, 0.0003",
        "lower": 1e-5,
        "upper": 1e-3,
    }
    step = NextStep(kind=NextStepKind.INTERMEDIATE_VALUES, details=details)
    assert told(step, 3) == "Try learning rate 3e-5, 0.0001, and 0.0003, between 1e-5 and 0.001."


@pytest.mark.parametrize("code", FindingCode)
def test_headings_are_distinct(code: FindingCode) -> None:
    """Two kinds of finding never bear the same heading."""
    titles = [wording.title for wording in WORDINGS.values()]
    assert titles.count(WORDINGS[code].title) == 1


@given(
    st.sampled_from(FindingCode), STRINGS, st.none() | st.booleans() | st.integers() | st.floats() | STRINGS
)
def test_hostile_evidence_stays_words(code: FindingCode, subject: str, value: Scalar) -> None:
    """Evidence of any kind and content adds no markup to any form of a code."""
    wording = WORDINGS[code]
    every = (*wording.says, *wording.cause, *wording.unexplained, *wording.impact, *wording.resolution)
    names = {name for form in every for name in names_in(form)} - {"subject"}
    evidence: dict[str, Scalar] = {name: value for name in sorted(names)}  # noqa: C420
    finding = Finding(code=code, subject=subject, evidence=evidence)
    for form in every:
        tokens = MARKDOWN.parse("x " + fill((form,), finding))
        assert len(tokens) == 3
        assert {child.type for child in tokens[1].children or []} <= {"text", "text_special", "code_inline"}
    assert "\n" not in message(finding)
    assert "\n" not in sentence(finding)


def test_the_most_telling_form_is_used() -> None:
    """A sentence tells what the evidence has, and leaves out what it lacks."""
    full: dict[str, Scalar] = {
        "job_id": "12",
        "state": "FAILED",
        "exit_code": 1,
        "signal": 0,
        "elapsed_s": 90,
    }
    code = FindingCode.JOB_FAILED
    assert (
        sentence(Finding(code=code, evidence=full))
        == "job 12 ended `FAILED` (exit code 1:0) after 1.5 minutes"
    )
    assert (
        sentence(Finding(code=code, evidence={"job_id": "12", "state": "FAILED"})) == "job 12 ended `FAILED`"
    )
    assert sentence(Finding(code=code)) == "the job failed"


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ({}, ""),
        ({"nodes": "n[1-2]"}, "; on n[1-2]"),
        ({"nodes": "n1", "none_there": True}, "; on n1, where none of them ran"),
        ({"nodes": "n1", "equals_there": 2}, "; on n1, where 2 of them ran too"),
        (
            {"shared_node": "n9", "slow_runs": 2},
            "; on the same node: n9, where the 2 slow runs ran and none of the others",
        ),
    ],
)
def test_where_a_slow_run_ran_is_told(place: dict[str, Scalar], words: str) -> None:
    """By rates and by times, with what is known of its equals' nodes, and never why."""
    more: dict[str, Scalar] = {"longer": 0.5, "equals": 3, **place}
    rate: dict[str, Scalar] = {"measure": "tokens_per_second_per_gpu_median", "value": 500}
    time: dict[str, Scalar] = {"measure": "train_seconds", "value_s": 900, "usual_s": 600, "slowest_s": 606}
    found = Finding(code=FindingCode.STRAGGLER, evidence={**more, **rate, "usual": 750, "slowest": 745})
    begin = "Needed 50 % more time for the same work than the median of 3 runs that ought to be as fast: "
    assert message(found) == f"{begin}median throughput 500 against 750 (the slowest of them 745){words}."
    found = Finding(code=FindingCode.STRAGGLER, evidence={**more, **time})
    times = "15 minutes against 10 minutes (the slowest of them 10.1 minutes)"
    assert message(found) == f"{begin}training time {times}{words}."


def test_a_message_names_its_experiment() -> None:
    """RESULTS.json's message is a sentence that can stand alone."""
    finding = Finding(
        code=FindingCode.FILE_EMPTY, experiment="rank4", subject="rank4/epoch_0/model.safetensors"
    )
    assert message(finding) == "rank4: rank4/epoch_0/model.safetensors has 0 bytes."
    assert message(Finding(code=FindingCode.WALK_TRUNCATED, evidence={"entries": 5})).startswith(
        "Only 5 entries"
    )


@given(st.sampled_from(NextStepKind), STRINGS)
def test_a_step_is_told_with_any_details(kind: NextStepKind, value: str) -> None:
    """A next step's sentence holds any details as words."""
    names = {name for form in STEPS[kind].says for name in names_in(form)} - {"who"}
    step = NextStep(kind=kind, experiments=("a", value), details=dict.fromkeys(sorted(names), value))
    tokens = MARKDOWN.parse("x " + told(step, 3))
    assert {child.type for child in tokens[1].children or []} <= {"text", "text_special", "code_inline"}


def test_one_is_not_told_as_many() -> None:
    """A count stands with its noun in the right number."""

    def told(tensors: int) -> str:
        evidence: dict[str, Scalar] = {"tensors": tensors, "first": "w"}
        return message(Finding(code=FindingCode.TENSOR_MISSING, subject="i.json", evidence=evidence))

    assert told(1) == "i.json promises 1 tensor that no shard holds, w among them."
    assert told(2000) == "i.json promises 2,000 tensors that no shard holds, w among them."


def test_every_format_has_a_name() -> None:
    """What a file is instead of what it should be is told in words, for every format that is recognised."""
    assert {one.name for one in FORMATS_READ} - FORMATS.keys() == set()
    evidence: dict[str, Scalar] = {"is": "web-page", "expected": "safetensors"}
    found = Finding(code=FindingCode.FILE_NOT_ITS_FORMAT, subject="x.safetensors", evidence=evidence)
    assert message(found) == "x.safetensors is a web page, not a safetensors file."
