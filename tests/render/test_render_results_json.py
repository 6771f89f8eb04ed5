"""RESULTS.json holds every fact with its source, and is what its schema says.

After a change of the records, `PYTHONPATH=tests python tests/render/test_render_results_json.py` writes the
published schema anew.
"""

import json
import math
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterall.model import Finding, FindingCode, Report, Scalar, State
from afterall.render.documents import render
from afterall.render.results import Results, results_schema
from afterall.settings import SetSettings
from render.render_mixed import mixed_report, unfinished_report
from render.render_reports import fact, make_attempt, make_experiment, spec_report, tiny_report
from render.render_strings import STRINGS

SCHEMA_FILE = Path(__file__).parents[2] / "docs" / "reference" / "results.schema.json"


def schema_text() -> str:
    """Return the schema as it is published."""
    return json.dumps(results_schema(), indent=2) + "\n"


def written(report: Report) -> bytes:
    """Return a report's RESULTS.json."""
    return render(report, SetSettings(), "", {})["RESULTS.json"]


def document(report: Report) -> dict[str, Any]:
    """Return it decoded by a parser that knows no NaN."""

    def refuse(word: str) -> float:
        raise AssertionError(word)

    decoded = json.loads(written(report), parse_constant=refuse)
    assert isinstance(decoded, dict)
    return decoded


@pytest.mark.parametrize("report", [spec_report(), mixed_report(), unfinished_report()])
def test_it_is_what_the_schema_says(report: Report) -> None:
    """A strict decoder that knows the schema alone reads the document, and nothing is left over."""
    decoded = msgspec.json.decode(written(report), type=Results, strict=True)
    assert msgspec.to_builtins(decoded) == document(report)


def test_the_published_schema_is_the_codes() -> None:
    """docs/reference/results.schema.json equals what the records give."""
    assert SCHEMA_FILE.read_text("utf-8") == schema_text()


def test_it_has_the_documented_shape() -> None:
    """Top level, experiment, attempt and metric have the keys that programs rely on."""
    found = document(spec_report())
    assert list(found) == ["schema", "set", "experiments", "findings", "storage", "next_steps"]
    assert found["schema"] == 1
    assert found["set"]["status"] == "complete"
    assert found["set"]["counts"] == {"failed": 4}
    assert found["set"]["date"] == "2025-10-18"
    experiment = found["experiments"][0]
    assert experiment["state"] == "failed"
    assert experiment["training_completed"] is True
    assert experiment["parameters"]["lora_rank"] == 4
    assert experiment["parameter_sources"]["lora_rank"] == {"file": "1B_rank4/finetune.yaml", "where": ""}
    assert experiment["metrics"]["final_loss"] == {
        "value": 0.00154,
        "unit": "nats",
        "source": {"file": "1B_rank4/slurm-1.out", "where": "line 812"},
    }
    attempt = experiment["attempts"][0]
    assert attempt["start"] == "2025-10-18T07:02:35Z"
    assert (attempt["exit_code"], attempt["signal"], attempt["slurm_state"]) == (1, 0, "FAILED")
    checkpoint = experiment["checkpoints"][0]
    assert (checkpoint["verdict"], checkpoint["tier"], len(checkpoint["files"])) == ("ok", "quick", 7)


def test_findings_have_words_evidence_and_sources() -> None:
    """A finding is a code, a severity, a sentence, its evidence, its quote and where that stands."""
    found = document(spec_report())["findings"][0]
    assert found["code"] == "exit_code_spoiled"
    assert found["severity"] == "warning"
    assert found["message"].startswith("1B_rank4: marked FAILED by Slurm (exit code 1:0)")
    assert found["evidence"]["exit_code"] == 1
    assert found["quote"].startswith("mv: 'slurm-1.out' and ")
    assert found["sources"] == [{"file": "1B_rank4/slurm-1.out", "where": "line 840"}]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        (10**400, "Infinity"),
        (2**70, 2.0**70),
    ],
)
def test_numbers_that_json_lacks_are_strings(value: float, told: object) -> None:
    """NaN, infinities and endless integers are written so that every parser reads them."""
    report = tiny_report(make_experiment("a", metrics={"final_loss": fact(value)}))
    assert document(report)["experiments"][0]["metrics"]["final_loss"]["value"] == told


def test_it_is_indented_text_with_a_last_newline() -> None:
    """The file can be read by people and compared by lines."""
    data = written(spec_report())
    assert data.startswith(b'{\n  "schema": 1,\n  "set": {\n')
    assert data.endswith(b"}\n")
    assert written(spec_report()) == data


def test_undecodable_names_and_controls_are_spelled() -> None:
    """A byte of a name that is no UTF-8 is spelled out; what a terminal acts on stands as a JSON escape."""
    report = tiny_report(
        make_experiment("caf\udce9", attempts=(make_attempt(state_text="a\x9b31m\u202eb\x1b"),))
    )
    data = written(report)
    assert document(report)["experiments"][0]["name"] == "caf\\xe9"
    assert document(report)["experiments"][0]["attempts"][0]["slurm_state"] == "a\x9b31m\u202eb\x1b"
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", data.decode())


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | STRINGS


@settings(max_examples=60, deadline=None)
@given(STRINGS, st.dictionaries(STRINGS, SCALARS, max_size=3), st.sampled_from(FindingCode))
def test_any_report_is_valid(words: str, values: dict[str, Scalar], code: FindingCode) -> None:
    """Whatever names, values and evidence hold, the document is one that the schema describes."""
    facts = {name: fact(value, words, words) for name, value in values.items()}
    finding = Finding(code=code, experiment=words, subject=words, evidence=values, quote=words)
    experiment = make_experiment(words, parameters=facts, metrics=facts, state=State.UNKNOWN)
    msgspec.json.decode(written(tiny_report(experiment, findings=(finding,))), type=Results, strict=True)


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text(), "utf-8")
