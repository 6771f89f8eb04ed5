"""Every telling line of a log is told with what it means and what to do, by names that its row gives."""

import pytest

from afterall.model import Finding, FindingCode, Scalar
from afterall.render.composing import names_in
from afterall.render.sentences import fill, message
from afterall.render.words.findings import WORDINGS
from afterall.scan.logs.signatures import SIGNATURES
from render.render_reports import make_experiment, tiny_report
from render.test_render_jobs import markdown
from scan.telling_lines import TELLING
from scan.trace_reading import last_part

CODES = [code for code in FindingCode if code.value.startswith("line_")]
WEIGHED = {"went_on"}
"""What scanning adds to any line below which training went on."""
RAISED = {"count", "exception", "frame"}
OF_TRACEBACKS = RAISED | {
    "rank",
    "exit_code",
    "signal",
    "is_launchers",
    "is_interrupt",
    "is_usage",
    "went_on",
    "first_exception",
    "first_frame",
}


@pytest.mark.parametrize("code", CODES)
def test_a_line_has_a_consequence_and_an_action(code: FindingCode) -> None:
    """Every code on lines says what it means for the results and what to do about it."""
    assert all(WORDINGS[code].impact)
    assert all(WORDINGS[code].resolution)


@pytest.mark.parametrize("code", CODES)
def test_words_ask_for_nothing_that_no_line_gives(code: FindingCode) -> None:
    """Each name in a form is a group of one of the code's rows, or known of every exception."""
    groups = {name for row in SIGNATURES if row.code is code for name in row.pattern.groupindex}
    known = OF_TRACEBACKS if code is FindingCode.LINE_TRACEBACK else groups | RAISED | WEIGHED
    wording = WORDINGS[code]
    for form in (*wording.says, *wording.cause, *wording.impact, *wording.resolution):
        assert names_in(form) <= known, form


@pytest.mark.parametrize("code", [code for code in CODES if code is not FindingCode.LINE_TRACEBACK])
def test_every_sentence_is_said_of_a_real_line(code: FindingCode) -> None:
    """No form of what is said is without a line of the tests' table that leads to it."""
    unsaid = set(WORDINGS[code].says[:-1])
    for text in [text for own, text in TELLING if own is code]:
        for finding in last_part(f"{text}\n".encode()).findings:
            if finding.code is code:
                unsaid -= {form for form in unsaid if names_in(form) <= set(finding.evidence)}
                assert message(finding).endswith(".")
                assert fill(WORDINGS[code].resolution, finding)
    assert not unsaid


def issue_on(*findings: Finding) -> str:
    """Return the issue that a report on experiments a, b and c makes of findings of one code."""
    report = tiny_report(*(make_experiment(name) for name in "abc"), findings=findings)
    return markdown(report).partition("## Issues and Notes")[2].partition("## Next Steps")[0]


def test_each_of_two_cases_has_its_own_advice() -> None:
    """Where one code has two reasons, each experiment's advice stands behind its name."""
    port = Finding(code=FindingCode.LINE_NCCL, experiment="a", evidence={"port": "29500"})
    lost = [Finding(code=FindingCode.LINE_NCCL, experiment=name) for name in "bc"]
    told = issue_on(port, *lost)
    assert "**Resolution:** **a**: Give each job a port of its own" in told
    assert "**b and c**: Look for the first rank that failed" in told


def test_advice_that_holds_for_all_names_none() -> None:
    """Where all have the same reason, the advice is said once."""
    lost = [Finding(code=FindingCode.LINE_NCCL, experiment=name) for name in "ab"]
    assert "**Resolution:** Look for the first rank that failed" in issue_on(*lost)


def test_a_traceback_is_told_by_what_came_of_it() -> None:
    """One that training went on after ended nothing, and refused arguments have no traceback to read."""
    error: dict[str, Scalar] = {"exception": "OSError", "frame": "load.py, line 3"}
    ended = Finding(code=FindingCode.LINE_TRACEBACK, experiment="a", evidence=error)
    passed = Finding(code=FindingCode.LINE_TRACEBACK, experiment="b", evidence={**error, "went_on": True})
    refused = Finding(code=FindingCode.LINE_TRACEBACK, experiment="c", evidence={"is_usage": True})
    told = issue_on(ended, passed, refused)
    assert "**a**: ended with `OSError` in `load.py, line 3`" in told
    assert "**b**: met `OSError` in `load.py, line 3`, and training went on" in told
    assert "**c**: its arguments were refused" in told
    assert "**b**: Training went on after it" in told
