import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.discover.layout.job_records import parse_state_file, parse_submit_log, read_job_records
from afterall.discover.layout.scripts import find_scripts, is_batch_script
from afterall.discover.reading import read_ends, read_head
from afterall.discover.walk import WalkLimits, walk
from afterall.model import JobId
from discover.discover_trees import grow


def test_only_the_ends_of_a_file_are_read(tmp_path: Path) -> None:
    """Head and tail come with a line break between them, a short file whole and once."""
    grow(tmp_path, {"a/long": "x" * 100 + "y" * 100, "a/short": "0123456789"})
    assert read_ends(str(tmp_path), "a/long", 3, 2) == b"xxx\nyy"
    assert read_ends(str(tmp_path), "a/short", 8, 2) == b"0123456789"
    assert read_head(str(tmp_path), "a/long", 5) == b"xxxxx"


@pytest.mark.parametrize(
    "path", ["link", "a/out/secret", "a/fifo", "missing", "a", "../secret", "a//x", "", "/etc/passwd", "\0"]
)
def test_what_is_no_plain_file_of_the_set_reads_as_nothing(tmp_path: Path, path: str) -> None:
    """Links at the end or on the way, FIFOs, directories and ways out of the set give no byte."""
    grow(tmp_path, {"secret": "no", "set/a/x": "yes"})
    (tmp_path / "set/link").symlink_to(tmp_path / "secret")
    (tmp_path / "set/a/out").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "set/a/fifo")
    assert read_head(str(tmp_path / "set"), path, 10) == b""


def test_reading_leaves_no_descriptor_open(tmp_path: Path) -> None:
    """Whatever happens on the way, nothing stays open."""
    grow(tmp_path, {"a/b/c": "x"})
    before = os.listdir("/proc/self/fd")
    for path in ("a/b/c", "a/b", "a/x/c", "a/../c", "nothing"):
        read_ends(str(tmp_path), path, 1, 1)
    walk(str(tmp_path), WalkLimits())
    assert len(os.listdir("/proc/self/fd")) == len(before)


def test_a_batch_script_is_known_by_its_directives(tmp_path: Path) -> None:
    """A shell script is one when #SBATCH begins a line of its first 4 KiB; a name like *.slurm is enough."""
    late = "#!/bin/sh\n" + "# x\n" * 2000 + "#SBATCH -n1\n"
    grow(
        tmp_path,
        {
            "a/run.sh": "#!/bin/bash\n#SBATCH -n1\n", "a/submit": "#!/bin/bash -l\n  #SBATCH -n1\n",
            "a/plain.sh": "#!/bin/sh\n",
            "a/text.sh": "#SBATCH -n1\n", "a/late.sh": late, "a/empty.slurm": "",
            "wandb/code/x.sh": "#!/bin/sh\n#SBATCH -n1\n",
            "a/echo.sh": "#!/bin/sh\necho '#SBATCH'\n", "a/1_submission.sh": "#!/bin/sh\n#SBATCH -n1\n",
        },
    )  # fmt: skip
    listed = walk(str(tmp_path), WalkLimits()).entries
    assert sorted(find_scripts(str(tmp_path), listed)) == ["a/empty.slurm", "a/run.sh", "a/submit"]


def test_only_so_many_files_are_looked_into(tmp_path: Path) -> None:
    """Beyond the limit the nearest to the set's directory are preferred."""
    grow(tmp_path, dict.fromkeys(("a/b/c.sh", "z.sh", "a/b.sh"), "#!/bin/sh\n#SBATCH -n1\n"))
    listed = walk(str(tmp_path), WalkLimits()).entries
    assert sorted(find_scripts(str(tmp_path), listed, most_reads=2)) == ["a/b.sh", "z.sh"]


STATE = (
    b'{"rank4": {"job_id": "5", "state": "RUNNING"}, "rank8": {"job_id": 6}, "x": {"job_id": "oops"}, "y": 3}'
)
LOG = b"""[2026-11-23 07:00:00] SUBMIT_JOB: rank4
Command: sbatch finetune.slurm
Job ID: 5
[2026-11-23 07:00:01] SUBMIT_JOB: rank8
Error: invalid partition
[2026-11-23 07:00:02] SUBMIT_JOB: rank16
Result: Job ID: 7
[2026-11-23 08:00:02] OOM_RETRY: rank16
[2026-11-23 08:00:02] SUBMIT_JOB: rank16
Job ID: 8
"""


def test_a_submitters_state_file_gives_each_runs_job() -> None:
    """Only entries with a number for a job count."""
    assert parse_state_file(STATE) == (("rank4", "5"), ("rank8", "6"))
    assert parse_state_file(b'{"runs": ' + STATE + b"}") == (("rank4", "5"), ("rank8", "6"))


def test_a_submitters_log_gives_each_submission() -> None:
    """A submission that failed takes no later one's id, and a retry gives the run a second job."""
    assert parse_submit_log(LOG) == (("rank4", "5"), ("rank16", "7"), ("rank16", "8"))


def test_records_are_read_from_the_set_and_its_logs(tmp_path: Path) -> None:
    """State files and run logs are put together; those of evaluations and of experiments are not read."""
    grow(
        tmp_path,
        {
            "logs/run-torchtune.state.json": STATE, "logs/run-torchtune.log": LOG,
            "logs/run-inspect.log": LOG,
            "rank4/run-x.log": LOG.replace(b"Job ID: 5", b"Job ID: 55"),
            "logs/inspect-eval.state.json": b'{"rank4": {"job_id": "66"}}',
        },
    )  # fmt: skip
    listed = walk(str(tmp_path), WalkLimits()).entries
    assert read_job_records(str(tmp_path), listed) == {
        "rank4": (JobId("5"),), "rank16": (JobId("7"), JobId("8")), "rank8": (JobId("6"),),
    }  # fmt: skip


@given(
    st.one_of(
        st.binary(),
        st.recursive(st.none() | st.text() | st.integers(), st.lists).map(repr).map(str.encode),
    )
)
def test_any_bytes_are_records_or_none(data: bytes) -> None:
    """Both parsers are total."""
    for pairs in (parse_state_file(data), parse_submit_log(data)):
        assert all(job_id.replace("_", "").isdecimal() for _, job_id in pairs)
    is_batch_script(data)


def test_a_deeply_nested_state_file_is_no_record() -> None:
    """A hundred thousand brackets raise nothing."""
    assert parse_state_file(b'{"a":' * 100_000 + b"1" + b"}" * 100_000) == ()
