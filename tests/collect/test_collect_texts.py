"""Notes, messages and log lines: any bytes can be read, and no value breaks out of its place."""

import json
import logging
import os
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.collect.decisions import log_to_stderr, render_decision, tell, warn
from afterall.collect.item import SetItem
from afterall.collect.json_text import dump, load
from afterall.collect.messages import Answer, LookedSet, Person, Place, Request, Resolved
from afterall.collect.privacy import for_person
from afterall.model import Attempt, JobId, Observation, SlurmSource, SlurmState

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize("kind", [Answer, Request, SetItem])
@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_record_or_none(kind: type[Answer], data: bytes) -> None:
    """Reading is total."""
    assert load(data, kind) is None or isinstance(load(data, kind), kind)


@given(_JSON)
def test_any_json_is_an_answer_or_none(value: object) -> None:
    """A user's process may say what it likes."""
    for told in (value, {"answer": value}, {"answer": {"type": "looked", "sets": [value]}}):
        assert load(json.dumps(told).encode(), Answer) is None or isinstance(told, dict)


def test_depth_does_not_end_the_worker() -> None:
    """A million brackets are no record."""
    assert load(b"[" * 1_000_000, Answer) is None


def test_a_naive_time_is_no_time() -> None:
    """Times of notes and answers can always be compared."""
    text = '{"set_dir": "/a", "since": "2026-11-23T12:00:00"}'
    assert load(text.encode(), LookedSet) is None


@given(st.binary(max_size=100))
def test_every_path_survives(path: bytes) -> None:
    """A path is bytes, whatever they mean."""
    work_dir = path.decode("utf-8", "surrogateescape")
    answer = Answer(Resolved((Place(work_dir=work_dir),)))
    data = dump(answer)
    assert data.isascii()
    assert load(data, Answer) == answer


def test_a_decision_is_one_line_of_words() -> None:
    """Plain words stand as they are, absent ones are left out."""
    line = render_decision("waits", {"set": "/a/b", "state": "siblings", "uid": 7, "until": None})
    assert line == "action=waits set=/a/b state=siblings uid=7"


@given(st.text())
def test_no_value_breaks_out_of_its_line(value: str) -> None:
    """Line breaks, quotes and terminal codes of a user's are escaped."""
    line = render_decision("waits", {"set": value})
    assert line.isascii()
    assert line.isprintable()
    inner = line.removeprefix("action=waits set=")
    assert inner[:1] != '"' or '"' not in inner[1:-1].replace("\\\\", "").replace('\\"', "")


def test_a_byte_that_is_no_text_is_shown_as_such() -> None:
    """An admin can tell which directory is meant."""
    assert render_decision("x", {"set": "/a\udcff b\n"}) == 'action=x set="/a\\xff b\\n"'


@pytest.fixture
def own_logger() -> Iterator[None]:
    """Leave the worker's logger as it was."""
    logger = logging.getLogger("afterall.collect")
    before = (logger.handlers, logger.propagate, logger.level)
    yield
    logger.handlers, logger.propagate = before[0], before[1]
    logger.setLevel(before[2])


def test_decisions_go_to_stderr(capsys: pytest.CaptureFixture[str], own_logger: None) -> None:
    """Each with its time and level."""
    log_to_stderr()
    tell("ended", claimed=3)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.endswith("Z INFO action=ended claimed=3\n")


def test_journald_is_told_a_priority(capfd: pytest.CaptureFixture[str], own_logger: None) -> None:
    """In the place of the time, which it adds itself; not where JOURNAL_STREAM is of another stream."""
    found = os.fstat(2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JOURNAL_STREAM", f"{found.st_dev}:{found.st_ino}")
        log_to_stderr()
        tell("ended", claimed=3)
        warn("kept", event="7.n1.3.0")
        patch.setenv("JOURNAL_STREAM", f"{found.st_dev}:{found.st_ino + 1}")
        log_to_stderr()
        tell("ended")
    lines = capfd.readouterr().err.splitlines()
    assert lines[:2] == ["<6>INFO action=ended claimed=3", "<4>WARNING action=kept event=7.n1.3.0"]
    assert lines[2].endswith("Z INFO action=ended")


def _attempt(uid: int | None, work_dir: str) -> Attempt:
    return Attempt(
        job_id=JobId("7"),
        source=SlurmSource.SACCT,
        uid=uid,
        user="other",
        slurm_state=SlurmState.FAILED,
        work_dir=work_dir,
        name="secret",
        comment="secret",
        submit_line="sbatch --export=TOKEN=secret",
    )


@pytest.mark.parametrize(
    ("uid", "work_dir", "known"),
    [
        (1001, "/elsewhere", {"name", "comment", "submit_line", "state"}),
        (1002, "/sweep/rank4", {"name", "state"}),
        (1002, "/sweep", {"name", "state"}),
        (1002, "/sweeping", set()),
        (1002, "/sweep/../home", set()),
        (1002, "", set()),
        (None, "/elsewhere", set()),
    ],
)
def test_a_user_learns_of_others_jobs_only_what_he_may(
    uid: int | None, work_dir: str, known: set[str]
) -> None:
    """His own in full; a colleague's in this set without what that one wrote about it; of others nothing."""
    observation = Observation(attempts=(_attempt(uid, work_dir),))
    (told,) = for_person(observation, Person(1001, None, "me"), "/sweep").attempts
    fields = {name for name in ("name", "comment", "submit_line") if getattr(told, name)}
    assert fields | ({"state"} if told.slurm_state else set()) == known
    assert (told.job_id, told.uid) == ("7", uid)


def test_no_set_is_the_whole_file_system() -> None:
    """A set called "/" would hold everybody's jobs."""
    observation = Observation(attempts=(_attempt(1002, "/home/other"),))
    (told,) = for_person(observation, Person(1001, None, "me"), "/").attempts
    assert told.slurm_state is None
