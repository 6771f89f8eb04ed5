"""Run the hook as Slurm would, under every shell that may be /bin/sh, and read back what it wrote.

`read_record` is written from docs/reference/spool.md alone, so that hook and worker are each checked
against the page and not against each other.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

HOOK = Path(__file__).parents[2] / "hooks" / "afterall-epilog"
SHELLS = ("dash", "bash", "busybox")
"""Debian's, Red Hat's and Alpine's /bin/sh."""

NUMBER_KEYS = ("job_id", "array_job_id", "array_task_id", "het_job_id", "uid", "gid", "restarts", "submit")
TEXT_KEYS = ("exit", "state", "user", "cluster", "node", "partition", "name", "comment", "work_dir")
KEYS = frozenset(("context", *NUMBER_KEYS, *TEXT_KEYS, "omitted", "end"))

EPILOG = {
    "PWD": "/",
    "SLURMD_NODENAME": "n1",
    "SLURM_CLUSTER_NAME": "lab",
    "SLURM_CONF": "/etc/slurm/slurm.conf",
    "SLURM_JOBID": "4711",
    "SLURM_JOB_COMMENT": "afterall, please",
    "SLURM_JOB_DERIVED_EC": "0",
    "SLURM_JOB_EXIT_CODE": "768",
    "SLURM_JOB_EXIT_CODE2": "3:0",
    "SLURM_JOB_GID": "1002",
    "SLURM_JOB_ID": "4711",
    "SLURM_JOB_PARTITION": "gpu",
    "SLURM_JOB_RESTART_COUNT": "1",
    "SLURM_JOB_STDIN": "/dev/null",
    "SLURM_JOB_UID": "1001",
    "SLURM_JOB_USER": "alice",
    "SLURM_JOB_WORK_DIR": "/scratch/alice/lora ranks/rank_8",
    "SLURM_NODELIST": "n[1-2]",
    "SLURM_SCRIPT_CONTEXT": "epilog_slurmd",
    "SLURM_UID": "1001",
}
"""What slurmd 22.05.8 sets, measured; it has no SLURM_JOB_NODELIST."""

EPILOG_SLURMCTLD = {
    "PWD": "/",
    "SLURM_ARRAY_JOB_ID": "4700",
    "SLURM_ARRAY_TASK_COUNT": "2",
    "SLURM_ARRAY_TASK_ID": "0",
    "SLURM_CLUSTER_NAME": "lab",
    "SLURM_JOBID": "4711",
    "SLURM_JOB_ACCOUNT": "(null)",
    "SLURM_JOB_EXIT_CODE2": "0:9",
    "SLURM_JOB_GID": "1002",
    "SLURM_JOB_GROUP": "alice",
    "SLURM_JOB_ID": "4711",
    "SLURM_JOB_NAME": "rank 8",
    "SLURM_JOB_NODELIST": "n[1-2]",
    "SLURM_JOB_PARTITION": "gpu",
    "SLURM_JOB_RESTART_COUNT": "0",
    "SLURM_JOB_UID": "1001",
    "SLURM_JOB_USER": "alice",
    "SLURM_JOB_WORK_DIR": "/scratch/alice",
    "SLURM_SCRIPT_CONTEXT": "epilog_slurmctld",
}
"""What slurmctld 22.05.8 sets for an array's task, measured."""

JOBCOMP = {
    "ACCOUNT": "",
    "ARRAYJOBID": "0",
    "ARRAYTASKID": "4294967294",
    "BATCH": "yes",
    "CLUSTER": "",
    "DERIVED_EC": "0:0",
    "END": "1795478018",
    "EXITCODE": "3:0",
    "GID": "1002",
    "GROUPNAME": "alice",
    "HETJOBID": "4709",
    "HETJOBOFFSET": "2",
    "JOBID": "4711",
    "JOBNAME": "rank 8",
    "JOBSTATE": "FAILED",
    "LIMIT": "UNLIMITED",
    "NODES": "n1",
    "PARTITION": "gpu",
    "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
    "PWD": "/tmp",
    "QOS": "normal",
    "START": "1795478010",
    "SUBMIT": "1795478001",
    "UID": "1001",
    "USERNAME": "alice",
    "WORK_DIR": "/scratch/alice",
}
"""What jobcomp/script of 22.05.8 sets for a het job's component, measured."""

CONTEXTS = {"epilog_slurmd": EPILOG, "epilog_slurmctld": EPILOG_SLURMCTLD, "jobcomp": JOBCOMP}


@dataclass(frozen=True)
class Hook:
    """A copy of the hook with its spool line edited as at installation, and the shell that runs it."""

    script: Path
    spool: Path
    shell: str

    @property
    def argv(self) -> list[str]:
        """The command line; a shell takes its name, and so its rules, from argv[0]."""
        return ["sh", str(self.script)]

    def run(self, env: Mapping[str, str] | Mapping[bytes, bytes], *wrapper: str) -> None:
        """Run the hook, behind `wrapper` if given, and check what always holds: status 0 and silence."""
        argv = [*wrapper, self.shell, str(self.script)] if wrapper else self.argv
        executable = None if wrapper else self.shell
        done = subprocess.run(
            argv, executable=executable, env=env, capture_output=True, check=False, cwd="/", timeout=60
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")

    def take(self) -> list[bytes]:
        """Return the records in the spool and remove them; nothing may be left half-written."""
        assert os.listdir(self.spool / "tmp") == []
        paths = sorted((self.spool / "new").iterdir())
        records = [path.read_bytes() for path in paths]
        for path in paths:
            path.unlink()
        return records

    def record(self, env: Mapping[str, str] | Mapping[bytes, bytes]) -> dict[str, bytes]:
        """Run the hook and return the one record that it must have left."""
        self.run(env)
        (record,) = self.take()
        return read_record(record)


def install(base: Path, shell_name: str) -> Hook:
    """Copy the hook into `base` with a fresh spool beside it, as an admin would."""
    require(shell_name)
    spool = base / "spool"
    for directory in (spool, spool / "new", spool / "tmp"):
        directory.mkdir(mode=0o700)
    text, edited = re.subn(r"(?m)^spool=.*$", f"spool={spool}", HOOK.read_text())
    assert edited == 1
    script = base / "afterall-epilog"
    script.write_text(text)
    script.chmod(0o755)
    shell = Path(str(shutil.which(shell_name)))
    link = base / "sh"
    link.symlink_to(shell)
    return Hook(script, spool, str(link))


def require(program: str) -> None:
    """Skip the test where `program` is not installed; fail it where AFTERALL_CI=1 promises that it is."""
    if shutil.which(program) is None:
        reason = f"{program} is not installed"
        if os.environ.get("AFTERALL_CI") == "1":
            pytest.fail(reason)
        pytest.skip(reason)


def read_record(data: bytes) -> dict[str, bytes]:
    """Return a record's values by key; fail for whatever docs/reference/spool.md does not allow."""
    assert len(data) <= 4096
    assert data.endswith(b"\nend=1\n")
    first, *lines = data.removesuffix(b"\n").split(b"\n")
    assert first == b"afterall-event 1"
    values: dict[str, bytes] = {}
    for line in lines:
        key, equals, value = line.partition(b"=")
        assert equals
        assert key.decode("ascii") in KEYS
        assert key.decode() not in values
        assert value
        assert not re.search(rb"[\x00-\x1f\x7f]", value)
        values[key.decode()] = value
    assert values.pop("end") == b"1"
    return values
