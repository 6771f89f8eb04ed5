"""A spool record becomes an event or is refused with the reason, whatever bytes it holds."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from afterall.errors import BadEvent
from afterall.events import MAX_RECORD_BYTES, Context, Event, parse_event
from afterall.model import JobId
from events.events_records import ENDING, record


def test_an_epilogs_record_is_read_whole() -> None:
    """Every key of the hook's has its place in the event."""
    assert parse_event(record(ENDING), "1234.n1") == Event(
        name="1234.n1",
        context=Context.EPILOG_SLURMD,
        job_id=JobId("1234"),
        uid=1001,
        gid=1001,
        user="researcher",
        cluster="lab",
        work_dir="/scratch/researcher/sweep/rank4",
        exit="0:0",
        restarts=0,
        node="n1",
    )


def test_jobcomps_own_keys_are_read() -> None:
    """State, submit time, array and het ids come as numbers and times."""
    event = parse_event(
        record(
            {
                **ENDING,
                "context": b"jobcomp",
                "state": b"TIMEOUT",
                "submit": b"1763900000",
                "array_job_id": b"1200",
                "array_task_id": b"0",
                "het_job_id": b"1100",
                "comment": b"afterall please",
                "name": b"train",
                "partition": b"gpu",
            }
        ),
        "x",
    )
    assert event.submit == datetime(2025, 11, 23, 12, 13, 20, tzinfo=UTC)
    assert (event.array_job_id, event.array_task_id, event.het_job_id) == ("1200", "0", "1100")
    assert (event.state, event.comment, event.job_name, event.partition) == (
        "TIMEOUT",
        "afterall please",
        "train",
        "gpu",
    )
    assert event.job_ids == ("1234", "1200", "1100")


@pytest.mark.parametrize("none", [b"", b"0", b"4294967294", b"4294967295", b"(null)"])
def test_slurms_words_for_none_are_none(none: bytes) -> None:
    """A job that is no array task and no het component has its own id alone."""
    values = {**ENDING, "array_job_id": none, "array_task_id": b"4294967294", "het_job_id": none}
    event = parse_event(record(values), "x")
    assert (event.array_job_id, event.array_task_id, event.het_job_id) == (None, None, None)
    assert event.job_ids == ("1234",)


def test_bytes_that_are_not_utf_8_survive() -> None:
    """A path is bytes, and comes back as the same bytes."""
    event = parse_event(record({**ENDING, "work_dir": b"/x/\xff\xfe"}), "x")
    assert event.work_dir.encode("utf-8", "surrogateescape") == b"/x/\xff\xfe"


def test_a_value_that_did_not_fit_is_named() -> None:
    """A directory with a line break in its name is left out by the hook and told as left out."""
    event = parse_event(record({**ENDING, "work_dir": b"/x/a\nend=1", "comment": b"c" * 257}), "x")
    assert event.work_dir == ""
    assert event.omitted == ("work_dir", "comment")


def test_a_directory_that_is_not_absolute_is_none() -> None:
    """Nothing is ever looked up relative to the worker's own directory."""
    assert parse_event(record({**ENDING, "work_dir": b"rank4"}), "x").work_dir == ""


def test_keys_that_are_not_known_are_skipped() -> None:
    """A newer hook may write more than this worker reads."""
    assert parse_event(record({**ENDING, "sluid": b"sX"}), "x") == parse_event(record(ENDING), "x")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "does not begin with 'afterall-event 1'"),
        (b"afterall-event 2\nend=1\n", "does not begin with 'afterall-event 1'"),
        (b"afterall-event 1\n", "does not end with 'end=1': it was cut"),
        (b"afterall-event 1", "does not end with 'end=1': it was cut"),
        (record(ENDING)[:-1] + b"2\n", "does not end with 'end=1': it was cut"),
        (record(ENDING) + b"\n", "does not end with 'end=1': it was cut"),
        (b"afterall-event 1\nnothing\nend=1\n", "line 2 is not key=value"),
        (b"afterall-event 1\n\nend=1\n", "line 2 is not key=value"),
        (b"afterall-event 1\nJob_Id=1\nend=1\n", "line 2 is not key=value"),
        (b"afterall-event 1\nuid=1\nuid=2\nend=1\n", "line 3 gives uid a second time"),
        (b"afterall-event 1\nend=1\nuid=2\nend=1\n", "line 2 gives end a second time"),
        (b"afterall-event 1\nuid=1\0\nend=1\n", "holds a NUL or a carriage return"),
        (b"afterall-event 1\r\nend=1\n", "holds a NUL or a carriage return"),
        (record({**ENDING, "job_id": b"12a"}), "job_id is not a number"),
        (record({**ENDING, "job_id": b"-1"}), "job_id is not a number"),
        (record({**ENDING, "job_id": "١".encode()}), "job_id is not a number"),
        (record({**ENDING, "job_id": b"12345678901"}), "job_id is not a number"),
        (record({**ENDING, "job_id": b"0"}), "has no job_id"),
        (record({k: v for k, v in ENDING.items() if k != "job_id"}), "has no job_id"),
        (record({k: v for k, v in ENDING.items() if k != "uid"}), "has no uid"),
        (record({**ENDING, "uid": b"4294967295"}), "has no uid"),
        (record({**ENDING, "gid": b"wheel"}), "gid is not a number"),
        (record({**ENDING, "context": b"prolog"}), "has no context that is known here"),
        (b"afterall-event 1\n" + b"x" * MAX_RECORD_BYTES, "is longer than 4096 bytes"),
    ],
)
def test_what_is_wrong_with_a_record_is_told(data: bytes, problem: str) -> None:
    """The reason stands beside the record in quarantine; -1 as a uid would have meant root."""
    with pytest.raises(BadEvent) as raised:
        parse_event(data, "1234.n1")
    assert str(raised.value) == f"event 1234.n1: {problem}"


@given(st.integers(min_value=0, max_value=len(record(ENDING)) - 2))
def test_a_record_that_was_cut_anywhere_is_refused(length: int) -> None:
    """Only its last line break may be missing: a full disk leaves no event that says less than was meant."""
    with pytest.raises(BadEvent):
        parse_event(record(ENDING)[:length], "x")


@given(st.binary(max_size=5000))
@example(record({**ENDING, "uid": b"\xff"}))
@example(record({**ENDING, "submit": b"9999999999"}))
def test_any_bytes_give_an_event_or_our_error(data: bytes) -> None:
    """The parser is total."""
    with suppress(BadEvent):
        assert parse_event(data, "x").uid < 2**32 - 2


_VALUE = st.binary(max_size=300)


@given(
    st.dictionaries(st.sampled_from(["user", "cluster", "comment", "name", "state", "node", "exit"]), _VALUE)
)
def test_what_the_writer_says_is_what_is_read(values: dict[str, bytes]) -> None:
    """Round trip: every text value comes back byte for byte, or is named as left out."""
    event = parse_event(record({**ENDING, **values}), "x")
    for key, value in values.items():
        read = getattr(event, "job_name" if key == "name" else key)
        if key in event.omitted:
            assert read == ""
        else:
            expected = b"" if value == b"(null)" else value
            assert read.encode("utf-8", "surrogateescape") == expected
