"""Whatever the environment holds, the record stays well-formed and tells no lie."""

import os
import re
from collections.abc import Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hook.hook_runs import CONTEXTS, EPILOG, JOBCOMP, Hook, read_record

TEXT = {
    "user": 256,
    "cluster": 256,
    "partition": 256,
    "work_dir": 1024,
    "state": 64,
    "name": 256,
    "comment": 256,
}
"""The keys that hold text, with the most bytes of each."""

SOURCES = {
    "epilog_slurmd": {
        "user": "SLURM_JOB_USER",
        "cluster": "SLURM_CLUSTER_NAME",
        "partition": "SLURM_JOB_PARTITION",
        "work_dir": "SLURM_JOB_WORK_DIR",
        "comment": "SLURM_JOB_COMMENT",
    },
    "epilog_slurmctld": {
        "user": "SLURM_JOB_USER",
        "cluster": "SLURM_CLUSTER_NAME",
        "partition": "SLURM_JOB_PARTITION",
        "work_dir": "SLURM_JOB_WORK_DIR",
        "comment": "SLURM_JOB_COMMENT",
        "name": "SLURM_JOB_NAME",
    },
    "jobcomp": {
        "user": "USERNAME",
        "cluster": "CLUSTER",
        "partition": "PARTITION",
        "work_dir": "WORK_DIR",
        "state": "JOBSTATE",
        "name": "JOBNAME",
    },
}
NUMBERS = {
    "epilog_slurmd": {"uid": "SLURM_JOB_UID", "gid": "SLURM_JOB_GID", "restarts": "SLURM_JOB_RESTART_COUNT"},
    "epilog_slurmctld": {
        "uid": "SLURM_JOB_UID",
        "gid": "SLURM_JOB_GID",
        "restarts": "SLURM_JOB_RESTART_COUNT",
    },
    "jobcomp": {"uid": "UID", "gid": "GID", "submit": "SUBMIT"},
}
FORGERIES = (
    "\nend=1",
    "x\nuid=0",
    "\nafterall-event 1",
    "\r\nuid=0",
    "$(touch /tmp/x)`id`",
    "'\"\\%s%n",
    "-n",
    "a=b",
)

hostile = st.one_of(
    st.binary(max_size=1100).map(lambda value: value.replace(b"\0", b"")),
    st.text(st.characters(exclude_characters="\0"), max_size=300).map(
        lambda v: v.encode("utf-8", "surrogatepass")
    ),
    st.sampled_from(FORGERIES).map(str.encode),
    st.integers(0, 1100).map(lambda length: b"x" * length),
)
numbers = st.one_of(hostile, st.integers(0, 2**64).map(lambda number: str(number).encode()))
every_run = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def expected(key: str, value: bytes, most: int) -> str:
    """Say what docs/reference/spool.md has become of a text: "kept", "omitted" or "none"."""
    if len(value) > most:
        return "omitted"
    if value in (b"", b"(null)"):
        return "none"
    return "omitted" if re.search(rb"[\x01-\x1f\x7f]", value) else "kept"


def check(record: Mapping[str, bytes], key: str, value: bytes, fate: str) -> None:
    """Compare one key of a record with what should have become of its value."""
    omitted = record.get("omitted", b"").decode().split(",")
    found = "kept" if record.get(key) == value else "omitted" if key in omitted else "none"
    assert found == fate
    assert (key in record) == (fate == "kept")


@pytest.mark.parametrize("context", CONTEXTS)
@every_run
@given(data=st.data())
def test_text_is_kept_whole_or_omitted(shared_hook: Hook, context: str, data: st.DataObject) -> None:
    """A text of any bytes stands in the record exactly as it was, or its key among the omitted."""
    values = {key: data.draw(hostile, key) for key in SOURCES[context]}
    env = {key.encode(): value.encode() for key, value in CONTEXTS[context].items()}
    env |= {SOURCES[context][key].encode(): value for key, value in values.items()}
    record = shared_hook.record(env)
    assert record["job_id"] == b"4711"
    for key, value in values.items():
        check(record, key, value, expected(key, value, TEXT[key]))


@pytest.mark.parametrize("context", CONTEXTS)
@every_run
@given(data=st.data())
def test_numbers_are_digits_or_omitted(shared_hook: Hook, context: str, data: st.DataObject) -> None:
    """A uid, gid, count or time in the record is at most ten digits and what Slurm said."""
    values = {key: data.draw(numbers, key) for key in NUMBERS[context]}
    env = {key.encode(): value.encode() for key, value in CONTEXTS[context].items()}
    env |= {NUMBERS[context][key].encode(): value for key, value in values.items()}
    record = shared_hook.record(env)
    for key, value in values.items():
        if value in (b"", b"(null)", b"4294967294", b"4294967295"):
            assert key not in record
        else:
            check(record, key, value, "kept" if re.fullmatch(rb"[0-9]{1,10}", value) else "omitted")


@pytest.mark.parametrize(
    "value", ["3", "3:", ":9", "3:0:1", "a:b", "-1:0", "3:0\n", "12345678:123456789", " 3:0"]
)
def test_a_malformed_exit_is_omitted(hook: Hook, value: str) -> None:
    """What is not CODE:SIGNAL is no exit status."""
    record = hook.record({**EPILOG, "SLURM_JOB_EXIT_CODE2": value})
    assert "exit" not in record
    assert record["omitted"] == b"exit"


@pytest.mark.parametrize("context", CONTEXTS)
def test_the_longest_values_fit(hook: Hook, context: str) -> None:
    """With each text as long as may be, nothing is omitted and the record has at most 4096 bytes."""
    env = {**CONTEXTS[context], **{SOURCES[context][key]: "/" * TEXT[key] for key in SOURCES[context]}}
    hook.run(env)
    (record,) = hook.take()
    assert "omitted" not in read_record(record)
    assert len(record) < 3000


@pytest.mark.parametrize("context", CONTEXTS)
def test_one_byte_more_is_omitted(hook: Hook, context: str) -> None:
    """Each text that is one byte too long is omitted, and the ending noted with the rest."""
    env = {**CONTEXTS[context], **{SOURCES[context][key]: "/" * (TEXT[key] + 1) for key in SOURCES[context]}}
    record = hook.record(env)
    assert set(record["omitted"].decode().split(",")) == set(SOURCES[context])
    assert record["uid"] == b"1001"


@pytest.mark.parametrize("context", CONTEXTS)
def test_the_largest_environment_loses_no_event(hook: Hook, context: str) -> None:
    """Values as long as the kernel passes on (128 KiB each, 1 MiB together) leave a record without them."""
    longest = "é" * (65000)
    names = ["WORK_DIR", "JOBNAME", "SLURM_JOB_WORK_DIR", "SLURM_JOB_COMMENT", "SLURM_JOB_STDOUT"]
    record = hook.record({**CONTEXTS[context], **dict.fromkeys(names, longest)})
    assert "work_dir" in record["omitted"].decode().split(",")
    assert record["job_id"] == b"4711"


@pytest.mark.parametrize("context", CONTEXTS)
def test_slurms_word_for_none_is_no_value(hook: Hook, context: str) -> None:
    """What Slurm prints for a text that is not set is left out, and not called omitted."""
    record = hook.record({**CONTEXTS[context], **dict.fromkeys(SOURCES[context].values(), "(null)")})
    assert not {*SOURCES[context], "omitted"} & set(record)


def test_bytes_count_not_characters(hook: Hook) -> None:
    """A length is one of bytes in a UTF-8 locale too: 600 two-byte characters do not fit into 1024."""
    env = {**EPILOG, "LC_ALL": "C.UTF-8", "SLURM_JOB_WORK_DIR": "/" + "é" * 600}
    assert hook.record(env)["omitted"] == b"work_dir"


@pytest.mark.parametrize("entries", [10, 2000])
def test_the_environments_order_does_not_matter(hook: Hook, entries: int) -> None:
    """Jobcomp's UID is found behind any number of other variables, under bash as well."""
    env = {f"A{number}": "UID=0" for number in range(entries)} | JOBCOMP
    assert hook.record(env)["uid"] == b"1001"


def test_nothing_in_the_environment_changes_the_hook(hook: Hook) -> None:
    """Shell functions, start-up files, PATH, IFS and the names of its own variables do not reach the hook."""
    trap = hook.script.parent / "trap"
    trap.write_text("exit 1\n")
    functions = ("printf", "command", "read", "umask", "[", "text", "number", "first_node", "mv")
    env = {
        **EPILOG,
        "PATH": str(hook.script.parent),
        "ENV": str(trap),
        "BASH_ENV": str(trap),
        "IFS": "0123456789/",
        "CDPATH": "/tmp",
        "spool": "/nonexistent",
        "record": "x",
        "omitted": "x",
        "nl": "x",
        "bin": "/nonexistent",
        "LC_ALL": "C.UTF-8",
        **{f"BASH_FUNC_{name}%%": "() { echo forged; exit 1; }" for name in functions},
    }
    assert hook.record(env) == hook.record(EPILOG)


def test_no_value_is_run(hook: Hook) -> None:
    """Command substitutions and separators in each variable stay text."""
    for context, env in CONTEXTS.items():
        fixed = (
            "SLURM_SCRIPT_CONTEXT",
            "SLURM_JOB_ID",
            "JOBID",
            "PATH",
            "PWD",
            "SLURM_NODELIST",
            "SLURMD_NODENAME",
        )
        script = f"$(: >{hook.script.parent}/run);`: >{hook.script.parent}/run`"
        hook.run({key: value if key in fixed else script for key, value in env.items()})
        assert len(hook.take()) == 1, context
    assert not os.path.exists(hook.script.parent / "run")
