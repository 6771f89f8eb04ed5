"""The hook with nothing at hand, or killed at any moment, drains no node and leaves no half record."""

import os
import random
import signal
import subprocess
import time
from contextlib import suppress

from hook.hook_runs import EPILOG, Hook, read_record

AT_LEAST, AT_MOST, ENOUGH = 60, 600, 10
"""Hooks that are killed at a random instant, some of them too late, and kills that have to land."""


def test_an_empty_environment_is_no_ending(hook: Hook) -> None:
    """Without a single variable, PATH among them, the hook ends well and writes nothing."""
    hook.run({})
    assert hook.take() == []


def test_a_job_id_alone_is_noted_without_a_path(hook: Hook) -> None:
    """The programs that the hook needs are found where they are, not along PATH."""
    record = hook.record({"SLURM_JOB_ID": "4711", "SLURM_SCRIPT_CONTEXT": "epilog_slurmctld"})
    assert record["job_id"] == b"4711"


def test_kill_9_at_any_moment_leaves_whole_records_alone(hook: Hook) -> None:
    """What lies in new/ is whole, what was not finished lies in tmp/, and the next hook is not in its way."""
    instants = random.Random(3)
    killed = tried = 0
    while tried < AT_LEAST or (killed <= ENOUGH and tried < AT_MOST):
        tried += 1
        env = {**EPILOG, "SLURM_NODELIST": "n1", "SLURM_JOB_ID": str(1000 + tried)}
        process = subprocess.Popen(hook.argv, executable=hook.shell, env=env, cwd="/", start_new_session=True)
        time.sleep(instants.random() * 0.004)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        for path in (hook.spool / "new").iterdir():
            read_record(path.read_bytes())
            path.unlink()
    assert killed > ENOUGH
    for path in (hook.spool / "tmp").iterdir():
        path.unlink()
    hook.take()
    hook.run({**EPILOG, "SLURM_NODELIST": "n1"})
    assert len(hook.take()) == 1
