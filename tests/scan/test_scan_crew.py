"""Experiments are scanned alike by one process and by several, whatever befalls a helper."""

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event, Thread

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.model import Experiment, MatchedExperiment, Tier
from afterall.pipeline import Survey, survey
from afterall.scan.checkpoints import Examination, Memory
from afterall.scan.crew import side_by_side
from afterall.scan.crew.frames import Scanned, Task, encoded
from afterall.scan.crew.helper import ARGV, Helper
from afterall.scan.crew.helping import serve
from afterall.scan.crew.side_by_side import processes_worth, scan_experiments
from afterall.scan.experiment import scan_experiment
from afterall.scan.helpers import HOME, Greeting, Lost, cores, receive, send
from golden.golden_sets import CASES, accounting, unpack

MIB = 1 << 20
LATER_NS = 2 * 10**18


def silent(name: str, done: int, total: int) -> None:
    """Listen to nothing."""


def scan(surveyed: Survey, processes: int, memory: Memory | None = None) -> tuple[Experiment, ...]:
    """Scan a set's experiments by so many processes."""
    how = Examination(surveyed.set_dir, memory=memory or Memory(keeps=False))
    return scan_experiments(surveyed.matched.experiments, how, {}, silent, processes)


def children() -> set[int]:
    """Return this process's children."""
    path = Path(f"/proc/self/task/{os.getpid()}/children")
    return {int(pid) for pid in path.read_text().split()}


@pytest.fixture(scope="module", params=CASES)
def golden(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Survey:
    """One of the real sets, not yet read."""
    set_dir = unpack(request.param, tmp_path_factory.mktemp(request.param))
    return survey(set_dir, accounting(request.param))


@pytest.fixture(scope="module")
def alone(golden: Survey) -> str:
    """What this process makes of it alone; repr, because NaN is not equal to itself."""
    return repr(scan(golden, 1))


@pytest.mark.parametrize("processes", [2, 3, 50])
def test_helpers_change_nothing(golden: Survey, alone: str, processes: int) -> None:
    """Real sets, whoever reads which experiment."""
    assert repr(scan(golden, processes)) == alone


def test_a_helper_reads_every_experiment_as_this_process_does(golden: Survey) -> None:
    """Otherwise the tests above might compare what was read here with itself."""
    task = msgspec.msgpack.encode(Task(root=str(golden.set_dir), depth=Tier.QUICK, known=None))
    with Helper() as helper:
        helper.begin(task)
        scanned = tuple(helper.scan(one).experiment for one in golden.matched.experiments)
    assert repr(scanned) == repr(scan(golden, 1))


def test_a_helper_uses_what_is_known(golden: Survey) -> None:
    """Checkpoints that were verified before are not verified again."""
    known = Memory(now_ns=lambda: LATER_NS)
    scan(golden, 1, known)
    task = msgspec.msgpack.encode(Task(root=str(golden.set_dir), depth=Tier.QUICK, known=known.known))
    with Helper() as helper:
        helper.begin(task)
        told = [helper.scan(one) for one in golden.matched.experiments]
    assert {key: raw for each in told for key, raw in each.used.items()} == known.used != {}
    assert not any(each.has_learned for each in told)


def test_what_a_helper_learns_is_remembered(golden: Survey, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if this process had learned it."""

    class Learning(Helper):
        def scan(self, matched: MatchedExperiment) -> Scanned:
            memory = Memory(now_ns=lambda: LATER_NS)
            found = scan_experiment(matched, Examination(golden.set_dir, memory=memory))
            learned.update(memory.used)
            asked.set()
            return Scanned(experiment=found, used=memory.used, has_learned=memory.has_learned)

    learned: dict[bytes, msgspec.Raw] = {}
    asked = Event()
    monkeypatch.setattr(side_by_side, "Helper", Learning)
    monkeypatch.setattr(side_by_side, "scan_experiment", scan_after(asked))
    memory = Memory(now_ns=lambda: 0)
    scan(golden, 2, memory)
    assert memory.used == learned != {}
    assert memory.has_learned


SAYS = "import sys; sys.stdout.buffer.write({}); sys.stdout.flush(); sys.stdin.buffer.read(1)"
FAILING = {
    "is not there": ("/nonexistent/python",),
    "ends at once": ("/bin/false",),
    "says back what it hears": ("/bin/cat",),
    "is of another afterall": (
        sys.executable,
        "-c",
        SAYS.format("(24).to_bytes(8, 'big') + b'\\x81\\xa4home\\xb0/another/afterall'"),
    ),
    "says what nobody understands": (sys.executable, "-c", SAYS.format("bytes(7) + b'\\x05hello'")),
    "says nothing": ("/bin/sleep", "60"),
    "promises more than there is": (sys.executable, "-c", SAYS.format("b'\\x7f' * 100")),
    "promises more than can be": (sys.executable, "-c", SAYS.format("b'\\xff' * 100")),
}


@pytest.mark.parametrize("argv", FAILING.values(), ids=FAILING)
def test_a_helper_that_is_none_is_not_missed(
    golden: Survey, alone: str, argv: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """This process does it all."""
    monkeypatch.setattr(side_by_side, "Helper", lambda: Helper(argv))
    before = children()
    assert repr(scan(golden, 3)) == alone
    assert children() <= before


def test_a_helper_that_is_killed_is_not_missed(
    golden: Survey, alone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At whatever experiment: what it had begun is scanned here."""
    asked = Event()

    class Dying(Helper):
        def scan(self, matched: MatchedExperiment) -> Scanned:
            self.kill()
            asked.set()
            return super().scan(matched)

    monkeypatch.setattr(side_by_side, "Helper", Dying)
    monkeypatch.setattr(side_by_side, "scan_experiment", scan_after(asked))
    assert repr(scan(golden, 2)) == alone
    assert asked.is_set()


def scan_after(asked: Event) -> Callable[..., Experiment]:
    """Leave a helper the time to start and to be asked."""

    def scan_later(matched: MatchedExperiment, how: Examination) -> Experiment:
        asked.wait(60)
        return scan_experiment(matched, how)

    return scan_later


def test_what_a_helper_cannot_do_is_done_here(
    golden: Survey, alone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a name is not UTF-8, or reading failed."""
    monkeypatch.setattr(Helper, "scan", lambda *_: Scanned())
    assert repr(scan(golden, 2)) == alone


def test_without_room_for_a_thread_it_is_done_here(
    golden: Survey, alone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As under a limit of tasks or of address space."""

    def refuse(_: Thread) -> None:
        raise RuntimeError("can't start new thread")

    before = children()
    monkeypatch.setattr(Thread, "start", refuse)
    assert repr(scan(golden, 3)) == alone
    assert children() <= before


def test_an_interrupt_ends_the_helpers(golden: Survey) -> None:
    """Whoever stops the command does not wait for them, and none of them stays."""

    def interrupt(name: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    before = children()
    how = Examination(golden.set_dir)
    with pytest.raises(KeyboardInterrupt):
        scan_experiments(golden.matched.experiments, how, {}, interrupt, 3)
    assert children() <= before


def test_a_helper_ends_with_the_process_that_asks() -> None:
    """Killed at once, as by a time limit, that process can tell it nothing."""
    code = (
        "import time\nfrom afterall.scan.crew.helper import Helper\n"
        "helper = Helper()\nprint(helper._popen.pid, flush=True)\ntime.sleep(60)"
    )
    asking = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert asking.stdout is not None
    helper = int(asking.stdout.readline())
    os.kill(asking.pid, signal.SIGKILL)
    asking.wait()
    asking.stdout.close()
    deadline = time.monotonic() + 20
    while is_running(helper) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(helper)


def is_running(pid: int) -> bool:
    """Tell whether a process lives; what nobody has waited for is dead."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_a_helper_loads_nothing_that_lies_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither from the current directory nor from where the environment says."""
    for name in ("sitecustomize.py", "msgspec.py", "subprocess.py", "afterall.py"):
        (tmp_path / name).write_text(f"open({str(tmp_path / 'loaded')!r}, 'a').close()\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with Helper() as helper:
        helper.begin(msgspec.msgpack.encode(Task(root="/", depth=Tier.QUICK, known=None)))
    assert not (tmp_path / "loaded").exists()


def test_an_experiment_that_fails_a_helper_is_left_to_others(
    golden: Survey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answers that it has nothing, and goes on with the next."""
    monkeypatch.setattr("afterall.scan.crew.helping.scan_experiment", failing)
    asked, answers = io.BytesIO(), io.BytesIO()
    one = msgspec.msgpack.encode(golden.matched.experiments[0])
    for message in (msgspec.msgpack.encode(Task(root="/", depth=Tier.QUICK, known=None)), one, b"\xc1"):
        send(asked, message)
    asked.seek(0)
    with pytest.raises(Lost):
        serve(asked, answers)
    answers.seek(0)
    assert msgspec.msgpack.decode(receive(answers), type=Greeting).home == HOME
    assert [msgspec.msgpack.decode(receive(answers), type=Scanned) for _ in range(2)] == [Scanned()] * 2


def failing(*_: object) -> Experiment:
    """Be a defect."""
    raise RuntimeError


@given(st.binary(max_size=40), st.integers(0, 60))
def test_a_cut_message_is_told(message: bytes, kept: int) -> None:
    """Nothing is made of a part of one."""
    stream = io.BytesIO()
    send(stream, message)
    whole = stream.getvalue()
    if kept < len(whole):
        with pytest.raises(Lost):
            receive(io.BytesIO(whole[:kept]))
    assert receive(io.BytesIO(whole)) == message


def test_a_name_that_is_not_utf_8_cannot_be_sent() -> None:
    """MessagePack has no word for it."""
    assert encoded(os.fsdecode(b"\xff")) is None


@pytest.mark.parametrize(
    ("weights", "on_cores", "processes"),
    [
        ([], 8, 0),
        ([MIB] * 4, 8, 1),
        ([40 * MIB], 8, 1),
        ([40 * MIB] * 2, 8, 2),
        ([20 * MIB] * 2, 8, 2),
        ([MIB] * 1000, 1, 1),
        ([MIB] * 1000, 2, 2),
        ([MIB] * 1000, 128, 4),
    ],
)
def test_how_many_processes_are_worth_their_start(
    weights: Sequence[int], on_cores: int, processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small set is read by one: a helper takes a quarter of a second to start."""
    monkeypatch.setattr(side_by_side, "cores", lambda: on_cores)
    assert processes_worth(weights) == processes


@pytest.mark.parametrize(
    ("given_by_slurm", "most"), [("", 64), ("1", 1), ("0", 64), ("many", 64), ("9999", 64)]
)
def test_slurms_word_on_cores_counts(given_by_slurm: str, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A summary job may have one core of a node that binds nobody to theirs."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)))
    monkeypatch.setenv("SLURM_CPUS_ON_NODE", given_by_slurm)
    assert cores() == most


def test_the_values_tier_is_left_to_its_threads(golden: Survey, monkeypatch: pytest.MonkeyPatch) -> None:
    """They share out files of one experiment, and wait for storage rather than for Python."""
    monkeypatch.setattr(side_by_side, "Helper", failing)
    how = Examination(golden.set_dir, Tier.VALUES)
    assert scan_experiments(golden.matched.experiments[:1], how, {}, silent, 2)


def test_helpers_are_this_installations() -> None:
    """Isolated from the environment and the current directory, by the interpreter that asks."""
    assert ARGV[:2] == (sys.executable, "-I")
