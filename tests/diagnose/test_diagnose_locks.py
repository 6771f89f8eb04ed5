"""What is told of a lock is what was tried: two processes, two mounts, two nodes; and nothing of it stays."""

import errno
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import pytest

from afterall.diagnose import Check, Outcome, diagnose_set, task_here
from afterall.diagnose.file_systems import check_clock
from afterall.diagnose.lock_trial import FLOCK, LOCK_FILE, Turn, try_once, trying
from afterall.diagnose.locking import check_locking, check_mounts
from afterall.diagnose.nodes import Task, check_nodes
from afterall.diagnose.probing import PREFIX, NotRootsOwn, place_in, real_place
from afterall.errors import PublishRefused
from afterall.publish import locked
from diagnose.diagnose_probes import (
    DOCTOR,
    PASSES_LOCKS_ON,
    checks_of,
    make_set,
    needs_mounts,
    start,
    task,
    twice_mounted,
)

STEP = {"SLURM_JOB_ID": "12", "SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "1"}


def until_empty(directory: Path, limit_s: float = 20) -> None:
    """Wait until nothing of a probe is left in a directory."""
    deadline = time.monotonic() + limit_s
    while left := [name for name in os.listdir(directory) if name.startswith(PREFIX)]:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def test_a_lock_is_tried_without_waiting(tmp_path: Path) -> None:
    """It is flock(2)'s where the file system has that, and free again afterwards."""
    with trying(tmp_path / "lock") as trial:
        assert (trial.turn, trial.how) == (Turn.TAKEN, FLOCK)
    assert try_once(tmp_path / "lock").turn is Turn.TAKEN


def refuse_flock(monkeypatch: pytest.MonkeyPatch, error: int) -> None:
    """Let the file system answer flock(2) with an error."""

    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr("fcntl.flock", refuse)


def test_a_lock_file_where_flock_is_no_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is filelock's way on such a file system, and told as that."""
    refuse_flock(monkeypatch, errno.ENOSYS)
    trial = try_once(tmp_path / "lock")
    assert (trial.turn, trial.how) == (Turn.TAKEN, LOCK_FILE)


@pytest.mark.parametrize("error", [errno.ENOLCK, errno.EOPNOTSUPP, errno.EIO])
def test_a_lock_that_cannot_be_taken_is_told_as_a_report_meets_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    """A doubt where reports are written without it, wrong where they are refused."""
    refuse_flock(monkeypatch, error)
    checks = diagnose_set(make_set(tmp_path / "set"))
    (check,) = [check for check in checks if check.subject == "lock"]
    try:
        with locked(tmp_path / "set", 1):
            assert (check.outcome, "written without" in check.found) == (Outcome.DOUBT, True)
    except PublishRefused:
        assert (error, check.outcome) == (errno.EIO, Outcome.WRONG)


def test_two_mounts_that_share_no_lock_are_told(tmp_path: Path) -> None:
    """Each mount has locks of its own: a doubt, since reports are right all the same."""
    real = make_set(tmp_path / "real")
    with twice_mounted(real, tmp_path) as (first, second):
        found = {c.subject: c for c in diagnose_set(first, second) if c.area == "locking"}
    assert found["lock"].outcome is Outcome.GOOD
    assert "another mount or node was not asked" in found["lock"].found
    assert found[str(second)].outcome is Outcome.DOUBT
    assert "within one mount only" in found[str(second)].found
    assert os.listdir(real) == ["rank4"]


def test_two_mounts_that_share_locks_are_good(tmp_path: Path) -> None:
    """What is taken by one keeps out who comes by the other."""
    with twice_mounted(make_set(tmp_path / "real"), tmp_path, *PASSES_LOCKS_ON) as (first, second):
        found = {c.subject: c for c in diagnose_set(first, second) if c.area == "locking"}
    assert found[str(second)].outcome is Outcome.GOOD


def test_a_bind_mount_is_no_second_mount(tmp_path: Path) -> None:
    """To the kernel it is the same file system with the same locks, and so shows nothing."""
    needs_mounts()
    real, bound = make_set(tmp_path / "real"), tmp_path / "bound"
    bound.mkdir()
    script = f'mount --bind "{real}" "{bound}" && exec "$@"'
    argv = [*DOCTOR, str(real), "--mounted-also-at", str(bound)]
    check = checks_of(start(["unshare", "--mount", "sh", "-c", script, "sh", *argv]))[str(bound)]
    assert (check["outcome"], "two mounts were not tried" in check["found"]) == ("unknown", True)


def test_another_directory_is_no_second_mount(tmp_path: Path) -> None:
    """A path that leads elsewhere is told as such."""
    make_set(tmp_path / "real")
    with place_in(tmp_path / "real") as place:
        (check,) = check_mounts(place, tmp_path)
    assert (check.outcome, "not the same directory" in check.found) == (Outcome.WRONG, True)


def test_only_tasks_of_one_step_take_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only srun tells that there are others; a batch script, which runs once, knows only of SLURM_NTASKS."""
    assert task_here() is None
    for name, value in STEP.items():
        monkeypatch.setenv(name, value)
    found = task_here()
    assert found is not None
    assert (found.number, found.count, found.step) == (1, 2, "12.0")
    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", "1")
    assert task_here() is None
    monkeypatch.delenv("SLURM_STEP_NUM_TASKS")
    monkeypatch.setenv("SLURM_NTASKS", "2")
    assert task_here() is None


@pytest.mark.parametrize("shared", [True, False], ids=["one-lock", "local-locks"])
def test_two_nodes(tmp_path: Path, shared: bool) -> None:
    """One table, the first task's, says whether the other node was kept out and let in again."""
    real = make_set(tmp_path / "real")
    kernels = tmp_path / "kernel1", tmp_path / "kernel2"
    for kernel in kernels:
        kernel.write_text(f"{kernel.name}\n")
    with twice_mounted(real, tmp_path, *(PASSES_LOCKS_ON if shared else ())) as mounts:
        second, first = (task(n, mounts[n], kernels[n]) for n in (1, 0))
        check = checks_of(first)["n2"]
        assert second.communicate(timeout=60) == ("", "")
    assert (first.returncode, second.returncode) == (0, 0)
    assert (check["outcome"], check["found"]) == (
        ("good", "was kept out while n1 held the lock, and let in afterwards")
        if shared
        else ("doubt", "got the lock while n1 held it: it holds on one node only")
    )
    until_empty(real)


def test_three_tasks_on_one_host_show_nothing(tmp_path: Path) -> None:
    """Two tasks below one kernel are not two nodes, whatever Slurm calls them."""
    make_set(tmp_path / "set")
    tasks = [task(number, tmp_path / "set", count=3) for number in (2, 1, 0)]
    checks = checks_of(tasks[-1])
    assert [one.communicate(timeout=60) for one in tasks[:2]] == [("", ""), ("", "")]
    assert {name: checks[name]["outcome"] for name in ("n2", "n3")} == {"n2": "unknown", "n3": "unknown"}
    assert "nothing is shown of two nodes" in checks["n2"]["found"]
    until_empty(tmp_path / "set")


def test_a_task_that_does_not_come_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    """It was not started, or sees another directory under the same path, as with each node's own /tmp."""
    first = Task(number=0, count=2, step="12.0", node="n1", kernel="a")
    (check,) = check_nodes(tmp_path, first, patience_s=0.3)
    assert (check.subject, check.outcome) == ("task 1", Outcome.UNKNOWN)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("task_number", [0, 1])
def test_a_probe_that_is_killed_leaves_nothing(
    tmp_path: Path, number: signal.Signals, task_number: int
) -> None:
    """Whatever signal ends it while it waits for the others, the set is as it was soon after."""
    make_set(tmp_path / "set")
    process = task(task_number, tmp_path / "set")
    deadline = time.monotonic() + 30
    while len(os.listdir(tmp_path / "set")) == 1:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(number)
    process.communicate(timeout=30)
    until_empty(tmp_path / "set")


def test_what_a_dead_node_left_goes_with_the_next_probe(tmp_path: Path) -> None:
    """After an hour; what is younger may be another's, and what is no directory of ours stays."""
    for name in ("old", "young"):
        (tmp_path / f"{PREFIX}{name}").mkdir()
        (tmp_path / f"{PREFIX}{name}" / "lock").write_text("")
    (tmp_path / f"{PREFIX}file").write_text("")
    (tmp_path / "old").mkdir()
    for name in ("old", f"{PREFIX}old", f"{PREFIX}file"):
        os.utime(tmp_path / name, (1, 1))
    with place_in(tmp_path):
        pass
    assert sorted(os.listdir(tmp_path)) == [f"{PREFIX}file", f"{PREFIX}young", "old"]


@pytest.mark.parametrize("kind", ["link", "file"])
def test_a_place_that_is_not_ours_is_left_alone(tmp_path: Path, kind: str) -> None:
    """In a directory that others write too, one may lay a link where the tasks would meet."""
    make_set(tmp_path / "set")
    (tmp_path / "others").mkdir()
    place = tmp_path / "set" / f"{PREFIX}12.0"
    if kind == "link":
        place.symlink_to(tmp_path / "others")
    else:
        place.write_text("")
    first = Task(number=0, count=2, step="12.0", node="n1", kernel="a")
    checks = [check for check in diagnose_set(tmp_path / "set", task=first) if check.subject == "nodes"]
    assert [(check.outcome, "not ours" in check.found) for check in checks] == [(Outcome.UNKNOWN, True)]
    assert os.listdir(tmp_path / "others") == []
    assert os.path.lexists(place)


@pytest.mark.parametrize("whose", ["set", "above"])
def test_root_makes_nothing_where_a_user_could_lead_it_elsewhere(tmp_path: Path, whose: str) -> None:
    """Whoever may rename what root makes could put a link to /etc in its place: nothing is tried."""
    if os.geteuid() != 0:
        pytest.skip("only root is above the users")
    real = make_set(tmp_path / "above" / "set")
    os.chown(real if whose == "set" else real.parent, 61234, 61234)
    first = Task(number=0, count=2, step="12.0", node="n1", kernel="a")
    checks = [c for c in diagnose_set(real, real, first) if c.area == "locking"]
    assert {(check.subject, check.outcome) for check in checks} == {
        (str(real), Outcome.UNKNOWN),
        ("nodes", Outcome.UNKNOWN),
    }
    assert os.listdir(real) == ["rank4"]


def test_a_sticky_directory_of_roots_is_safe(tmp_path: Path) -> None:
    """There, as in /tmp, nobody can rename what is root's."""
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o1777)
    real_place(tmp_path / "open")
    (tmp_path / "open").chmod(0o777)
    if os.geteuid() == 0:
        with pytest.raises(NotRootsOwn):
            real_place(tmp_path / "open")


def test_a_link_in_the_probes_place_is_not_followed(tmp_path: Path) -> None:
    """In a directory that a group shares another may lay one under each name that is written."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    probes: dict[str, Callable[[Path], Iterable[Check]]] = {
        "clock": check_clock,
        "report": check_locking,
        "report.tmp": check_locking,
        "token": partial(check_mounts, also_at=tmp_path),
    }
    for name, probe in probes.items():
        with place_in(tmp_path) as place:
            (place / name).symlink_to(victim)
            with pytest.raises(FileExistsError):
                list(probe(place))
    assert victim.read_text() == "precious"


def test_a_set_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A file system that is mounted read-only gives a clear word, not an exception."""
    needs_mounts()
    make_set(tmp_path / "set")
    script = f'mount --bind "{tmp_path}/set" "{tmp_path}/set" && mount -o remount,bind,ro "{tmp_path}/set"'
    argv = ["unshare", "--mount", "sh", "-c", f'{script} && exec "$@"', "sh", *DOCTOR, str(tmp_path / "set")]
    (check,) = checks_of(start(argv)).values()
    assert (check["outcome"], check["found"]) == (
        "wrong",
        "nothing can be written here: read-only file system",
    )


def test_a_rename_replaces(tmp_path: Path) -> None:
    """The doctor's own word on it, from a process as a user starts one."""
    done = subprocess.run([*DOCTOR, str(make_set(tmp_path / "set"))], capture_output=True, check=True)
    assert b"replaces a file in one step" in done.stdout
