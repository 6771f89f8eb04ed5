"""The worker reads what the hook writes: each key of docs/reference/spool.md arrives in its own field."""

import os
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from afterall.events import Event, parse_event
from hook.hook_runs import CONTEXTS, EPILOG, EPILOG_SLURMCTLD, JOBCOMP, KEYS, Hook, read_record


def events(hook: Hook, env: dict[str, str] | dict[bytes, bytes]) -> list[Event]:
    """Run the hook and return its records as the worker reads them."""
    hook.run(env)
    return [parse_event(record, "4711.x.1.0") for record in hook.take()]


def as_record(event: Event) -> dict[str, str]:
    """Return an event's facts under the keys of the record that it was read from."""
    facts = {
        "context": str(event.context),
        "job_id": event.job_id,
        "array_job_id": event.array_job_id,
        "array_task_id": event.array_task_id,
        "het_job_id": event.het_job_id,
        "uid": event.uid,
        "gid": event.gid,
        "restarts": event.restarts,
        "submit": None if event.submit is None else int(event.submit.timestamp()),
        "exit": event.exit,
        "state": event.state,
        "user": event.user,
        "cluster": event.cluster,
        "node": event.node,
        "partition": event.partition,
        "name": event.job_name,
        "comment": event.comment,
        "work_dir": event.work_dir,
        "omitted": ",".join(event.omitted),
    }
    assert set(facts) == KEYS - {"end"}
    return {key: str(value) for key, value in facts.items() if value not in (None, "")}


@pytest.mark.parametrize("context", CONTEXTS)
def test_every_fact_arrives(hook: Hook, context: str) -> None:
    """Nothing that the hook wrote is lost or changed on the way into the worker's event."""
    (event,) = events(hook, CONTEXTS[context])
    written = {key: value.decode() for key, value in hook.record(CONTEXTS[context]).items()}
    assert as_record(event) == written


def test_the_three_contexts_write_every_key(hook: Hook) -> None:
    """Each key of the format is written in at least one context, so that none goes untested."""
    written: set[str] = set()
    for env in (EPILOG, EPILOG_SLURMCTLD, JOBCOMP, {**EPILOG, "SLURM_JOB_USER": "a\nb"}):
        written |= set(hook.record(env))
    assert written == KEYS - {"end"}


def test_submission_is_a_time(hook: Hook) -> None:
    """The submission time of jobcomp/script arrives as an aware time."""
    (event,) = events(hook, JOBCOMP)
    assert event.submit == datetime.fromtimestamp(1795478001, UTC)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=st.binary(max_size=300).map(lambda value: value.replace(b"\0", b"")))
def test_any_bytes_are_read_back(shared_hook: Hook, text: bytes) -> None:
    """Whatever bytes a user put into directory and comment, the worker reads back those bytes."""
    env = {key.encode(): value.encode() for key, value in EPILOG.items()}
    env |= {b"SLURM_JOB_WORK_DIR": b"/" + text, b"SLURM_JOB_COMMENT": text}
    shared_hook.run(env)
    (data,) = shared_hook.take()
    event, written = parse_event(data, "4711.x.1.0"), read_record(data)
    assert os.fsencode(event.work_dir) == written.get("work_dir", b"")
    assert os.fsencode(event.comment) == written.get("comment", b"")
