"""Every finding's evidence is what other facts say, computed anew."""

from collections.abc import Callable

import pytest

from afterall.model import FindingCode
from claims.claims_checking import differences
from claims.claims_lines import quotes_of
from claims.claims_reading import Json, Told, lines_of
from claims.claims_registry import CHECKERS, OF_VERIFY, UNCHECKED
from claims.claims_sets import SETS

ToldOf = Callable[[str], Told]


@pytest.mark.parametrize("name", SETS)
def test_all_evidence_follows_from_other_facts(name: str, told: ToldOf) -> None:
    """Each number of each finding is computed anew, from the files or from other facts, and is the same."""
    report = told(name)
    wrong = []
    for finding in report.findings:
        computed = CHECKERS[finding["code"]](report, finding)
        who = f"{finding['code']} of {finding['experiment']} ({finding['subject']})"
        wrong += [f"{who}: {each}" for each in differences(finding["evidence"], computed)]
    assert wrong == []


@pytest.mark.parametrize("name", SETS)
def test_every_code_of_a_set_has_a_checker(name: str, told: ToldOf) -> None:
    """A finding that nobody checks does not pass unseen."""
    assert {finding["code"] for finding in told(name).findings} - set(CHECKERS) == set()


@pytest.mark.parametrize("name", SETS)
def test_quoted_lines_stand_where_the_findings_say(name: str, told: ToldOf) -> None:
    """The line of the file at the number given is the line that is quoted."""
    wrong = [
        (finding["quote"], lines_of(path)[place - 1])
        for finding, path, place in quotes_of(told(name))
        if finding["quote"] not in lines_of(path)[place - 1]
    ]
    assert wrong == []


def test_every_code_has_a_checker_or_a_reason_to_have_none() -> None:
    """A new code is checked too, and no checker is left over from one that was renamed."""
    assert {*CHECKERS, *OF_VERIFY, *UNCHECKED} == {code.value for code in FindingCode}
    assert len(CHECKERS) + len(OF_VERIFY) + len(UNCHECKED) == len(FindingCode)


def test_every_checker_is_used(told: ToldOf) -> None:
    """Each checker meets a finding of its code in one set at least."""
    met = {finding["code"] for name in SETS for finding in told(name).findings}
    assert set(CHECKERS) - met == set()


@pytest.mark.parametrize("name", SETS)
def test_a_wrong_number_would_be_noticed(name: str, told: ToldOf) -> None:
    """Each number of the first finding of every code, made larger, is told or stops its checker."""
    report = told(name)
    first = {finding["code"]: finding for finding in reversed(report.findings)}
    passed = [
        f"{code}: {key}"
        for code, finding in first.items()
        for key, value in finding["evidence"].items()
        if isinstance(value, int | float) and not isinstance(value, bool)
        and _passes(report, {**finding, "evidence": {**finding["evidence"], key: 3 * value + 1_000_003}})
    ]  # fmt: skip
    assert passed == []


def _passes(report: Told, finding: Json) -> bool:
    try:
        return not differences(finding["evidence"], CHECKERS[finding["code"]](report, finding))
    except (AssertionError, LookupError, ValueError):
        return False
