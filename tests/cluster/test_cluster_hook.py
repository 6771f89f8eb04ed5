"""The hook under a real Slurm: one readable event for each ending, and never a drained node."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from afterall.events import Event, parse_event
from cluster.cluster_config import HOOKS
from cluster.cluster_hooks import make_spool
from cluster.cluster_processes import until
from cluster.cluster_slurm import Slurm
from cluster.cluster_worker import Site
from hook.hook_runs import CONTEXTS, install

KINDS = {"epilog": "epilog_slurmd", "epilog_slurmctld": "epilog_slurmctld", "jobcomp": "jobcomp"}
"""The ways to call the hook, and the context that its record then tells."""


def read_events(slurm: Slurm, count: int = 1) -> list[Event]:
    """Return the spool's events as the worker reads them, by job id; there must be exactly `count`."""
    events = [parse_event(path.read_bytes(), path.name) for path in slurm.wait_events(count)]
    assert len(events) == count, events
    return sorted(events, key=lambda event: int(event.job_id))


@pytest.mark.parametrize("nodes", [1, 2, 4])
@pytest.mark.parametrize("kind", KINDS)
def test_an_ending_leaves_one_event(slurm: Slurm, kind: str, nodes: int) -> None:
    """A job on any number of nodes leaves one event that names job, user, exit and directory."""
    slurm.install_hook(kind)
    cwd = slurm.user.directory("runs/lora rank 8")
    job_id = slurm.sbatch(cwd, f"--nodes={nodes}", "--comment=afterall", "--job-name=r 8", script="exit 3")
    assert slurm.wait(job_id) == ("FAILED",)
    (event,) = read_events(slurm)
    assert event.context == KINDS[kind]
    assert (event.job_id, event.uid, event.gid) == (job_id, slurm.user.uid, slurm.user.gid)
    assert (event.user, event.work_dir, event.exit) == (slurm.user.name, str(cwd), "3:0")
    assert event.comment == ("" if kind == "jobcomp" else "afterall")
    assert event.job_name == ("" if kind == "epilog" else "r 8")
    assert event.state == ("FAILED" if kind == "jobcomp" else "")
    assert event.node == ("n1" if kind == "epilog" else "")
    assert (event.array_job_id, event.het_job_id, event.omitted) == (None, None, ())
    assert slurm.nodes_drained() == ""


@pytest.mark.parametrize("kind", KINDS)
def test_red_hats_sh_tells_the_jobs_uid(slurm: Slurm, kind: str) -> None:
    """Where /bin/sh is bash, whose UID is its own, the event still has the job's."""
    shell = slurm.place.base / "sh"
    if not shell.exists():
        shell.symlink_to("/bin/bash")
    slurm.install_hook(kind, shell=str(shell))
    slurm.wait(slurm.sbatch(slurm.user.home))
    assert read_events(slurm)[0].uid == slurm.user.uid


def test_each_task_and_component_leaves_one_event(slurm: Slurm) -> None:
    """An array's tasks and a het job's components each end by themselves and name what they belong to."""
    slurm.install_hook("jobcomp")
    array = slurm.sbatch(slurm.user.home, "--array=0-2", script='test "$SLURM_ARRAY_TASK_ID" != 1')
    het = slurm.sbatch(slurm.user.home, "-n1", ":", "-n1")
    assert sorted(slurm.wait(array)) == ["COMPLETED", "COMPLETED", "FAILED"]
    slurm.wait(het)
    events = read_events(slurm, 5)
    tasks = {event.array_task_id: event for event in events if event.array_job_id == array}
    assert {index: task.state for index, task in tasks.items()} == {
        "0": "COMPLETED",
        "1": "FAILED",
        "2": "COMPLETED",
    }
    assert [event.job_id for event in events if event.het_job_id == het] == [het, str(int(het) + 1)]


def test_cancelled_while_pending_only_jobcomp_knows(slurm: Slurm) -> None:
    """A job that never started leaves no event through the epilogs and one through jobcomp/script."""
    slurm.install_hook(*HOOKS)
    job_id = slurm.sbatch(slurm.user.home, "--hold")
    slurm.wait(job_id, "PENDING")
    slurm.run_as_user(["scancel", job_id], slurm.user.home)
    slurm.wait(job_id, "CANCELLED")
    (event,) = read_events(slurm)
    assert (event.context, event.state) == ("jobcomp", "CANCELLED")


def test_a_requeued_job_leaves_an_event_of_its_leg(slurm: Slurm) -> None:
    """Requeue calls the hook though the job goes on: jobcomp says PENDING, the epilog the restart."""
    slurm.install_hook("epilog", "jobcomp")
    job_id = slurm.sbatch(slurm.user.home, script="sleep 60")
    slurm.wait(job_id, "RUNNING")
    slurm.run("scontrol", "requeue", job_id)
    events = {str(event.context): event for event in read_events(slurm, 2)}
    assert events["jobcomp"].state == "PENDING"
    assert events["epilog_slurmd"].job_id == job_id
    assert slurm.wait(job_id, "PENDING") == ("PENDING",)


@pytest.fixture(params=["missing", "a file", "full", "read-only"])
def bad_spool(request: pytest.FixtureRequest, slurm: Slurm) -> Iterator[Path]:
    """Give a spool that takes no record: none, a file, a file system that is full or read-only."""
    path = make_spool(slurm.place.base / "bad-spool", "slurm")
    options = {"full": "size=4k", "read-only": "size=64k"}.get(request.param)
    if options:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", path], check=False)
        if mounted.returncode:
            pytest.skip("this machine's root may not mount a tmpfs")
        for name in ("new", "tmp"):
            (path / name).mkdir(mode=0o777)
    if request.param == "full":
        (path / "filler").write_bytes(b"x" * 4096)
    elif request.param == "read-only":
        subprocess.run(["mount", "-o", "remount,ro", path], check=True)
    else:
        shutil.rmtree(path)
    if request.param == "a file":
        path.write_text("no directory")
    yield path
    if options:
        subprocess.run(["umount", path], check=True)
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def test_a_spool_that_takes_nothing_drains_no_node(slurm: Slurm, bad_spool: Path) -> None:
    """With the spool missing, full, read-only or a file, jobs end as ever and every node stays in service."""
    slurm.install_hook(*HOOKS, spool=bad_spool)
    job_ids = [slurm.sbatch(slurm.user.home, f"--nodes={nodes}") for nodes in (1, 2, 4)]
    assert [slurm.wait(job_id) for job_id in job_ids] == [("COMPLETED",)] * 3
    assert slurm.nodes_drained() == ""
    if bad_spool.is_dir():
        assert {path.name for path in bad_spool.rglob("*")} <= {"new", "tmp", "filler"}


def test_an_epilog_that_fails_drains_its_node(slurm: Slurm) -> None:
    """Slurm does drain a node whose epilog fails, so that an empty `sinfo -R` means something."""
    slurm.put_script("epilog", "#!/bin/sh\nexit 1\n")
    slurm.wait(slurm.sbatch(slurm.user.home))
    until(slurm.nodes_drained, lambda reasons: "Epilog error" in reasons, "a drained node", 20)


def completing_s(slurm: Slurm) -> float:
    """Run a job of an instant and return how long it was seen COMPLETING, in seconds."""
    job_id = slurm.sbatch(slurm.user.home)
    seen: list[float] = []

    def look() -> tuple[str, ...]:
        states = slurm.states(job_id)
        if "COMPLETING" in states:
            seen.append(time.monotonic())
        return states

    until(look, lambda states: states == ("COMPLETED",), "the job's end", 60)
    return seen[-1] - seen[0] if seen else 0.0


def test_nothing_holds_the_job_in_completing(slurm: Slurm) -> None:
    """A child that keeps an epilog's output delays the job's end by its own length; the hook does not."""
    slurm.put_script("epilog", "#!/bin/sh\n/bin/sleep 6 &\nexit 0\n")
    held_s = completing_s(slurm)
    slurm.install_hook(*HOOKS)
    assert completing_s(slurm) < held_s / 2
    assert held_s > 3
    assert len(read_events(slurm, 3)) == 3


def test_slurm_sets_what_the_hook_reads(slurm: Slurm) -> None:
    """The variables of the hook's own tests are those that this Slurm sets in each context."""
    seen = make_spool(slurm.spool, "slurm")
    for kind in HOOKS:
        part, whole = seen / "tmp" / kind, seen / "new" / kind
        slurm.put_script(kind, f"#!/bin/sh\n/usr/bin/env >{part}\n/bin/mv {part} {whole}\n")
    slurm.wait(slurm.sbatch(slurm.user.home, "--array=0", "--comment=afterall"))
    slurm.wait_events(len(KINDS))
    for kind, context in KINDS.items():
        names = {line.partition("=")[0] for line in (seen / "new" / kind).read_text().splitlines()}
        assert set(CONTEXTS[context]) - {"HETJOBID", "HETJOBOFFSET"} <= names, kind
        assert ("PATH" in names) == (kind == "jobcomp")


@pytest.mark.parametrize(
    "nodes", ["n1", "n[1-4]", "n[2,4]", "a[08-11]b,n1", "r[0-1]n[4-5]", "gpu-[001,003-004]-ib", "b1,a1"]
)
def test_the_first_node_is_slurms(slurm: Slurm, tmp_path: Path, nodes: str) -> None:
    """Of the nodes that Slurm itself expands a list to, the first writes and no other."""
    hook = install(tmp_path, "dash")
    names = slurm.run("scontrol", "show", "hostnames", nodes).split()
    writers = []
    for name in names:
        hook.run({**CONTEXTS["epilog_slurmd"], "SLURM_NODELIST": nodes, "SLURMD_NODENAME": name})
        writers += [name] * len(hook.take())
    assert writers == names[:1]


def test_the_hook_is_installed_readable_for_root_alone(slurm: Slurm) -> None:
    """Records belong to the user that the hook ran as, and nobody else may read them."""
    for kind, owner in (("epilog", 0), ("jobcomp", slurm.spool.parent.joinpath("state").stat().st_uid)):
        slurm.install_hook(kind)
        slurm.wait(slurm.sbatch(slurm.user.home))
        (path,) = slurm.wait_events(1)
        assert (path.stat().st_uid, path.stat().st_mode & 0o777) == (owner, 0o600)
        assert os.listdir(slurm.spool / "tmp") == []


def test_the_doctor_finds_the_installation_good(slurm: Slurm, python: str) -> None:
    """On a cluster as it is installed, all is well but what a test has none of: systemd and a time limit."""
    slurm.install_hook("epilog")
    site = Site(slurm, python)
    argv = [python, "-I", "-m", "afterall", "doctor", "--config", str(site.config), "--json"]
    done = subprocess.run(
        argv, env={"PATH": slurm.env["PATH"]}, cwd="/", capture_output=True, check=False, timeout=60
    )
    assert done.stdout, done.stderr.decode()
    checks = json.loads(done.stdout)
    wrong = [check for check in checks if check["outcome"] == "wrong"]
    assert (done.returncode, wrong) == (0, []), done.stderr.decode()
    good = {check["area"] for check in checks if check["outcome"] == "good"}
    assert good == {"program", "slurm", "hook", "spool"}
