"""Probe a lock between the tasks of one Slurm step: the first holds it, the others try, each on its own node.

Invariant: every task ends, also where the others never come. They tell each other what they did by files in
the set, which are opened to be written: only that makes an NFS client ask its server whether they are there.
"""

import os
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from afterall.diagnose.check import Check, doubt, good, unknown
from afterall.diagnose.lock_trial import Trial, Turn, try_once, trying
from afterall.diagnose.locking import AREA, HARMLESS, not_lockable
from afterall.diagnose.probing import place_in

PATIENCE_S = 60.0
_LET_IN_WITHIN_S = 10.0
_PAUSE_S = 0.1
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_ONE_A_NODE = "srun -N2 --ntasks-per-node=1 afterall doctor SET"


class Task(Struct, frozen=True, kw_only=True):
    """One of the tasks that `srun` started together."""

    number: int
    count: int
    step: str
    """Job and step, as "1234.0"."""
    node: str
    kernel: str
    """The kernel's boot id: two tasks with one id share one kernel, whatever their nodes are called."""


class _Word(Struct, frozen=True, kw_only=True):
    """What one task tells the others."""

    node: str
    kernel: str
    trial: Trial


def task_here() -> Task | None:
    """Return which task of a step of several this process is by its environment, None where it is none.

    SLURM_STEP_NUM_TASKS is set by srun alone: a batch script has SLURM_NTASKS too, and runs once.
    """
    number, count = os.environ.get("SLURM_PROCID", ""), os.environ.get("SLURM_STEP_NUM_TASKS", "")
    if not number.isdecimal() or not count.isdecimal() or int(count) < 2:
        return None
    step = f"{os.environ.get('SLURM_JOB_ID', '')}.{os.environ.get('SLURM_STEP_ID', '')}"
    node = os.environ.get("SLURMD_NODENAME") or socket.gethostname()
    with suppress(OSError):
        kernel = _BOOT.read_text().strip()
        return Task(
            number=int(number), count=int(count), step=step.replace("/", ""), node=node, kernel=kernel
        )
    return None


def check_nodes(set_dir: Path, task: Task, patience_s: float = PATIENCE_S) -> Iterator[Check]:
    """Yield, as the first task, what the others met while this one held the lock."""
    with place_in(set_dir, task.step) as place:
        others = range(1, task.count)
        with trying(place / "lock") as mine:
            _say(place, "held", task, mine)
            tried = _hear_all(place, "tried", others, patience_s)
        _say(place, "freed", task, mine)
        if mine.turn is not Turn.TAKEN:
            yield not_lockable(mine)
            return
        waited = [number for number, word in tried.items() if word and word.trial.turn is Turn.KEPT_OUT]
        again = _hear_all(place, "again", waited, patience_s)
        _say(place, "end", task, mine)
    for number, word in tried.items():
        yield _between_nodes(task, number, word, again.get(number), patience_s)


def take_part(set_dir: Path, task: Task, patience_s: float = PATIENCE_S) -> None:
    """Try for the lock, as any other task, while the first holds it and once it does no more."""
    with suppress(OSError), place_in(set_dir, task.step) as place:
        if _hear(place, "held", 0, patience_s) is None:
            return
        _say(place, "tried", task, try_once(place / "lock"))
        if _hear(place, "freed", 0, patience_s) is None:
            return
        until = time.monotonic() + _LET_IN_WITHIN_S
        while (trial := try_once(place / "lock")).turn is Turn.KEPT_OUT and time.monotonic() < until:
            time.sleep(_PAUSE_S)
        _say(place, "again", task, trial)
        _hear(place, "end", 0, patience_s)


def _between_nodes(
    first: Task, number: int, tried: _Word | None, again: _Word | None, patience_s: float
) -> Check:
    if tried is None:
        found = (
            f"did not answer within {patience_s:g} s: not started, or this path is another directory there"
        )
        return unknown(AREA, f"task {number}", found, f"{_ONE_A_NODE}, SET being on a shared file system.")
    if tried.kernel == first.kernel:
        found = f"ran on the host of {first.node} too: nothing is shown of two nodes"
        return unknown(AREA, tried.node, found, _ONE_A_NODE)
    match tried.trial.turn:
        case Turn.FAILED | Turn.NO_LOCKS:
            return unknown(AREA, tried.node, f"could not try for the lock: {tried.trial.how}")
        case Turn.TAKEN:
            found = f"got the lock while {first.node} held it: it holds on one node only"
            return doubt(AREA, tried.node, found, HARMLESS)
        case Turn.KEPT_OUT if again is None or again.trial.turn is not Turn.TAKEN:
            found = f"was kept out while {first.node} held the lock, and afterwards too"
            return doubt(AREA, tried.node, found, "Look at the file server's lock manager. " + HARMLESS)
        case Turn.KEPT_OUT:
            found = f"was kept out while {first.node} held the lock, and let in afterwards"
            return good(AREA, tried.node, found)


def _say(place: Path, what: str, task: Task, trial: Trial) -> None:
    """Leave a word for the others; its last byte tells that it is whole."""
    word = msgspec.json.encode(_Word(node=task.node, kernel=task.kernel, trial=trial)) + b"\n"
    with suppress(OSError):
        descriptor = os.open(place / f"{task.number}.{what}", os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            os.write(descriptor, word)
        finally:
            os.close(descriptor)


def _hear_all(place: Path, what: str, numbers: Iterable[int], patience_s: float) -> dict[int, _Word | None]:
    """Return each task's word, None for those that did not come; all are waited for together."""
    until = time.monotonic() + patience_s
    return {n: _hear(place, what, n, max(0.0, until - time.monotonic())) for n in numbers}


def _hear(place: Path, what: str, number: int, patience_s: float) -> _Word | None:
    """Return one task's word as soon as it is there, None where it does not come in time."""
    until = time.monotonic() + patience_s
    while True:
        try:
            descriptor = os.open(place / f"{number}.{what}", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            try:
                said = os.read(descriptor, 4096)
            finally:
                os.close(descriptor)
            if said.endswith(b"\n"):
                return msgspec.json.decode(said, type=_Word)
        except (OSError, msgspec.MsgspecError):
            return None  # the first task has ended and taken the place with it
        if time.monotonic() >= until:
            return None
        time.sleep(_PAUSE_S)
