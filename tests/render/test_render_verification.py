"""What `afterall verify --json` prints is what its schema says, and writing it fast changes no byte.

After a change of the records, `PYTHONPATH=tests python tests/render/test_render_verification.py` writes the
published schema anew.
"""

import cProfile
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from afterall.model import Finding, FindingCode, Scalar, Severity
from afterall.render import document, json_writing
from afterall.render.document import render_verification
from afterall.render.remedies import Remedies
from afterall.render.results import Verification, verification_schema
from render.render_reports import spec_report
from render.render_strings import STRINGS

SCHEMA_FILE = Path(__file__).parents[2] / "docs" / "reference" / "verify.schema.json"
CHECKPOINTS = [one for experiment in spec_report().experiments for one in experiment.checkpoints]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | STRINGS


def schema_text() -> str:
    """Return the schema as it is published."""
    return json.dumps(verification_schema(), indent=2) + "\n"


def written_slowly(records: Any) -> bytes:
    """Return records as the standard library indents them, every value made one that JSON can hold."""
    values = json_writing._plain(msgspec.to_builtins(records))
    text = json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False)
    escaped = json_writing._UNSEEN_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return f"{escaped}\n".encode()


def record_of(evidence: dict[str, Scalar], words: str) -> Any:
    """Return the record of a checkpoint with a finding of this evidence, and `words` wherever words stand."""
    finding = Finding(code=FindingCode.HEADER_INVALID, subject=words, evidence=evidence, quote=words)
    checkpoint = replace(CHECKPOINTS[0], name=words, path=words, findings=(finding,))
    return document._checkpoint(checkpoint, Remedies([checkpoint]))


def test_the_published_schema_is_the_codes() -> None:
    """docs/reference/verify.schema.json equals what the records give."""
    assert SCHEMA_FILE.read_text("utf-8") == schema_text()


def test_it_is_what_the_schema_says() -> None:
    """A strict decoder that knows the schema alone reads it, and nothing is left over."""
    written = render_verification(CHECKPOINTS)
    decoded = msgspec.json.decode(written, type=Verification, strict=True)
    assert msgspec.to_builtins(decoded) == json.loads(written)
    assert len(decoded.checkpoints) == len(CHECKPOINTS) > 3


def test_a_finding_says_what_it_means_and_what_to_do() -> None:
    """Consequence, action and the exact command stand beside the message."""
    path = f"{CHECKPOINTS[0].path}/.tmp x"
    found = Finding(code=FindingCode.TEMPORARY_FILE, subject=path, severity=Severity.ERROR)
    (checkpoint,) = json.loads(render_verification([replace(CHECKPOINTS[0], findings=(found,))]))[
        "checkpoints"
    ]
    (told,) = checkpoint["findings"]
    assert told["severity"] == "error"
    assert told["message"] == f"{path} was left over by an interrupted save."
    assert told["consequence"] == "It only takes space."
    assert told["action"] == "Delete it once no job of the run is alive."
    assert told["command"] == f"rm -- '{path}'"


def test_what_needs_no_words_is_empty() -> None:
    """A note has neither consequence nor action nor command."""
    found = Finding(code=FindingCode.CHECKSUM_NOT_COMPUTED, subject="x.pt")
    (checkpoint,) = json.loads(render_verification([replace(CHECKPOINTS[0], findings=(found,))]))[
        "checkpoints"
    ]
    (told,) = checkpoint["findings"]
    assert (told["consequence"], told["action"], told["command"]) == ("", "", "")


def test_the_fast_writer_writes_the_same_bytes() -> None:
    """A whole report, with floats, times and quotes, is as the standard library would write it."""
    records = document.document(spec_report())
    assert json_writing._quickly(records) is not None
    assert json_writing.json_text(records) == written_slowly(records)


@settings(max_examples=150, deadline=None)
@given(STRINGS, st.dictionaries(STRINGS, SCALARS, max_size=4))
def test_any_value_is_written_the_same(words: str, values: dict[str, Scalar]) -> None:
    """Undecodable bytes, unseen characters, NaN and endless integers make no difference between the two."""
    records = record_of(values, words)
    assert json_writing.json_text(records) == written_slowly(records)


@pytest.mark.parametrize("value", [math.nan, math.inf, 2**63, -(2**70), "\udce9"])
def test_what_json_lacks_takes_the_slow_way(value: Scalar) -> None:
    """Such a value is noticed, not written as null or refused."""
    assert json_writing._quickly(record_of({"value": value}, "x")) is None


def test_many_checkpoints_take_few_steps_of_python() -> None:
    """A tenth at most of what the standard library takes to indent them: the fast writer leaves it to C."""
    records = [record_of({"files": 3}, f"run/epoch_{n}") for n in range(50)]

    def steps(write: Callable[[Any], bytes]) -> int:
        profile = cProfile.Profile(builtins=False)
        profile.runcall(write, records)
        return sum(entry.callcount for entry in profile.getstats())

    assert steps(written_slowly) > 10 * steps(json_writing.json_text)


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text(), "utf-8")
