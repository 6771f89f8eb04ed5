"""The hook's record of one ending, whole, for each of Slurm's three ways to call it."""

import os
import stat
import subprocess

import pytest

from hook.hook_runs import CONTEXTS, EPILOG, EPILOG_SLURMCTLD, JOBCOMP, Hook, read_record


def test_the_nodes_epilog_notes_all_that_slurmd_tells(hook: Hook) -> None:
    """A record of the slurmd Epilog holds each fact of its environment under its own key."""
    assert hook.record(EPILOG) == {
        "context": b"epilog_slurmd",
        "job_id": b"4711",
        "uid": b"1001",
        "gid": b"1002",
        "restarts": b"1",
        "exit": b"3:0",
        "user": b"alice",
        "cluster": b"lab",
        "node": b"n1",
        "partition": b"gpu",
        "comment": b"afterall, please",
        "work_dir": b"/scratch/alice/lora ranks/rank_8",
    }


def test_the_controllers_epilog_knows_array_and_name(hook: Hook) -> None:
    """A record of EpilogSlurmctld tells the task's array, its index even if 0, and the job's name."""
    assert hook.record(EPILOG_SLURMCTLD) == {
        "context": b"epilog_slurmctld",
        "job_id": b"4711",
        "array_job_id": b"4700",
        "array_task_id": b"0",
        "uid": b"1001",
        "gid": b"1002",
        "restarts": b"0",
        "exit": b"0:9",
        "user": b"alice",
        "cluster": b"lab",
        "partition": b"gpu",
        "name": b"rank 8",
        "work_dir": b"/scratch/alice",
    }


def test_jobcomp_knows_state_and_submission(hook: Hook) -> None:
    """A record of jobcomp/script has the job's uid under every shell, and no array if there is none."""
    assert hook.record(JOBCOMP) == {
        "context": b"jobcomp",
        "job_id": b"4711",
        "het_job_id": b"4709",
        "uid": b"1001",
        "gid": b"1002",
        "submit": b"1795478001",
        "exit": b"3:0",
        "state": b"FAILED",
        "user": b"alice",
        "partition": b"gpu",
        "name": b"rank 8",
        "work_dir": b"/scratch/alice",
    }


@pytest.mark.parametrize("context", CONTEXTS)
def test_a_job_id_is_enough(hook: Hook, context: str) -> None:
    """Whatever Slurm leaves unset, an ending with a job id is noted."""
    env = {"JOBID": "7"} if context == "jobcomp" else {"SLURM_JOB_ID": "7", "SLURM_SCRIPT_CONTEXT": context}
    # bash has a UID of its own, which must not pass for the job's.
    assert hook.record(env) == {"context": context.encode(), "job_id": b"7"}


@pytest.mark.parametrize("job_id", ["", "0", "007", "-1", "12a", "4_1", "12345678901", "1\n2", " 1", "$(id)"])
@pytest.mark.parametrize("context", CONTEXTS)
def test_no_job_no_record(hook: Hook, context: str, job_id: str) -> None:
    """Without a job id that Slurm could have given, nothing is written."""
    env = dict(CONTEXTS[context])
    env["JOBID" if context == "jobcomp" else "SLURM_JOB_ID"] = job_id
    hook.run(env)
    assert hook.take() == []


@pytest.mark.parametrize(
    "context", ["prolog_slurmd", "prolog_slurmctld", "task_epilog", "srun", "x\ny", "../x"]
)
def test_a_hook_in_the_wrong_place_writes_nothing(hook: Hook, context: str) -> None:
    """Called where no job ended, as a prolog or a task's epilog, the hook notes no ending."""
    hook.run({**EPILOG, "SLURM_SCRIPT_CONTEXT": context})
    assert hook.take() == []


@pytest.mark.parametrize(("node", "context"), [("n1", b"epilog_slurmd"), (None, b"epilog_slurmctld")])
def test_slurm_before_20_11_is_recognised(hook: Hook, node: str | None, context: bytes) -> None:
    """Without SLURM_SCRIPT_CONTEXT the node's name tells the two epilogs apart."""
    env = {
        key: value for key, value in EPILOG.items() if key not in ("SLURM_SCRIPT_CONTEXT", "SLURMD_NODENAME")
    }
    assert hook.record({**env, **({"SLURMD_NODENAME": node} if node else {})})["context"] == context


def test_only_the_owner_reads_records(hook: Hook) -> None:
    """A record's file has mode 0600 whatever umask the hook was started with."""
    subprocess.run(hook.argv, executable=hook.shell, env=EPILOG, umask=0, check=True)
    (path,) = (hook.spool / "new").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_endings_at_one_moment_are_all_noted(hook: Hook) -> None:
    """Twenty hooks of one job at once leave twenty records: none replaces another."""
    started = [subprocess.Popen(hook.argv, executable=hook.shell, env=EPILOG) for _ in range(20)]
    assert [process.wait(30) for process in started] == [0] * 20
    assert [read_record(record)["job_id"] for record in hook.take()] == [b"4711"] * 20


@pytest.mark.parametrize("node", ["gpu07.lab.example", "../../etc/x", "n 1", "n" * 80, "n\n1", "", "*"])
def test_a_records_name_is_plain(hook: Hook, node: str) -> None:
    """A record's file name begins with the job id and has no odd byte, whatever the node is called."""
    hook.run({**EPILOG, "SLURMD_NODENAME": node, "SLURM_NODELIST": ""})
    (name,) = os.listdir(hook.spool / "new")
    assert name.startswith("4711.")
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")
    assert len(name) < 120
