"""A process of a user is bounded in time, in memory and in what it may say, and starts with nothing."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from afterall.collect.clock import Clock
from afterall.collect.crew import Crew, Outcome, Task
from afterall.collect.messages import Failed, Limits, Person, Request, Resolve, Trouble
from afterall.collect.process import ENVIRONMENT, MAX_ANSWER_BYTES, Ending, Process


def _run(code: str, request: bytes = b"", limit_s: float = 30) -> Ending:
    process = Process([sys.executable, "-I", "-c", code], request, time.monotonic() + limit_s)
    while (ending := process.ending(time.monotonic())) is None:
        time.sleep(0.01)
    return ending


def test_an_answer_of_any_size_does_not_wait_for_its_reader() -> None:
    """A request of several pipes' size goes in, and as much comes out."""
    code = "import sys; sys.stdout.write(sys.stdin.read()[::-1])"
    assert _run(code, b"ab" * 500_000) == Ending(0, False, b"ba" * 500_000, "")


def test_it_starts_with_a_fixed_environment_at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the worker's environment, directory or files reaches it."""
    monkeypatch.setenv("LD_PRELOAD_LOOKALIKE", "x")
    monkeypatch.setenv("PYTHONPATH", "/tmp/evil")
    descriptor = os.open("/etc/passwd", os.O_RDONLY)
    os.set_inheritable(descriptor, True)
    code = (
        "import json, os; fds = sorted(map(int, os.listdir('/proc/self/fd')));"
        "print(json.dumps([dict(os.environ), os.getcwd(), fds, os.getsid(0) == os.getpid()]))"
    )
    try:
        environment, cwd, descriptors, leads = json.loads(_run(code).answer)
    finally:
        os.close(descriptor)
    assert environment == ENVIRONMENT
    assert (cwd, leads) == ("/", True)
    assert len(descriptors) == 4  # the three, and the one that lists them


def test_what_it_says_is_bounded() -> None:
    """A flood ends in an error of its own, not in the worker's memory."""
    ending = _run("import os\nwhile True: os.write(1, b'x' * 65536)")
    assert ending.exit_code == 1
    assert len(ending.answer) == MAX_ANSWER_BYTES
    assert "Operation not permitted" in ending.complaint


def test_its_last_word_is_told() -> None:
    """One line of a traceback, shortened, shows what went wrong."""
    ending = _run("raise SystemExit('first\\nlast ' + 'x' * 1000)")
    assert ending.complaint.startswith("last xxx")
    assert len(ending.complaint) == 500


def test_a_time_limit_kills_it_with_its_children(tmp_path: Path) -> None:
    """Nothing of its process group outlives it."""
    code = (
        "import subprocess, time\n"
        "child = subprocess.Popen(['sleep', '600'])\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(child.pid))\n"
        "time.sleep(600)"
    )
    process = Process([sys.executable, "-I", "-c", code], b"", time.monotonic() + 30)
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        time.sleep(0.01)
    assert process.ending(time.monotonic()) is None
    late = time.monotonic() + 31
    while (ending := process.ending(late)) is None:
        time.sleep(0.01)
    assert (ending.exit_code, ending.timed_out) == (-9, True)
    assert _is_gone(int((tmp_path / "pid").read_text()))


def test_a_process_that_leaves_children_behind_takes_them_with_it() -> None:
    """Also when it ends in good order."""
    code = "import subprocess; print(subprocess.Popen(['sleep', '600'], stdout=subprocess.DEVNULL).pid)"
    ending = _run(code)
    assert ending.exit_code == 0
    assert _is_gone(int(ending.answer))


def _is_gone(pid: int) -> bool:
    for _ in range(200):
        try:
            with open(f"/proc/{pid}/stat") as file:
                if file.read().rpartition(")")[2].split()[0] == "Z":
                    return True
        except FileNotFoundError:
            return True
        time.sleep(0.01)
    return False


def _task(key: str, uid: int, limit_s: float = 30, stale_at: float | None = None) -> Task:
    limits = Limits(cpu_s=1, memory_bytes=1, file_bytes=1, open_files=1)
    request = Request(person=Person(uid, None, ""), min_uid=1, limits=limits, errand=Resolve(()))
    return Task(key, request, limit_s, stale_at)


@pytest.fixture
def crew(tmp_path: Path) -> Iterator[Crew]:
    """Make a crew of two whose processes note when they begin and end."""
    code = (
        "import json, sys, time\n"
        "uid = json.load(sys.stdin)['person']['uid']\n"
        f"log = open({str(tmp_path / 'log')!r}, 'a', buffering=1)\n"
        "log.write(f'+{uid}\\n'); time.sleep(0.3); log.write(f'-{uid}\\n')\n"
        """print('{"answer": {"type": "resolved", "places": []}}')"""
    )
    made = Crew(2, [sys.executable, "-I", "-c", code], Clock())
    yield made
    made.stop()


def test_one_process_of_a_user_at_a_time(crew: Crew, tmp_path: Path) -> None:
    """A user with many sets does not take the others' places."""
    for number in range(3):
        crew.send(_task(f"a{number}", 1))
    crew.send(_task("b", 2))
    ended = [task.key for task, _ in crew.wait()]
    assert sorted(ended) == ["a0", "a1", "a2", "b"]
    running: list[str] = []
    for word in (tmp_path / "log").read_text().split():
        if word[0] == "+":
            assert word[1:] not in running
            running.append(word[1:])
        else:
            running.remove(word[1:])
    assert ended.index("b") <= 1


def test_a_task_that_waited_too_long_comes_back(crew: Crew) -> None:
    """What Slurm said of it is too old."""
    crew.send(_task("a", 1, stale_at=time.monotonic() - 1))
    assert _outcomes(crew) == {"a": Trouble.STALE}


def test_a_user_whose_process_hangs_delays_nobody_else(tmp_path: Path) -> None:
    """It is killed at its limit; others had their turn meanwhile."""
    code = (
        "import json, sys, time\n"
        "time.sleep(600 if json.load(sys.stdin)['person']['uid'] == 1 else 0)\n"
        """print('{"answer": {"type": "resolved", "places": []}}')"""
    )
    crew = Crew(2, [sys.executable, "-I", "-c", code], Clock())
    crew.send(_task("bad", 1, limit_s=2))
    for number in range(3):
        crew.send(_task(f"good{number}", 2 + number))
    ended = [(task.key, isinstance(outcome, Failed)) for task, outcome in crew.wait()]
    assert ended[-1] == ("bad", True)
    assert sorted(ended[:-1]) == [("good0", False), ("good1", False), ("good2", False)]


def test_what_a_user_wants_besides_is_put_off_when_his_process_hangs() -> None:
    """Nobody waits for each of his tasks in turn, and none of them is said to have failed."""
    crew = Crew(2, [sys.executable, "-I", "-c", "import time; time.sleep(600)"], Clock())
    for number in range(3):
        crew.send(_task(f"{number}", 1, limit_s=0.5))
    assert _outcomes(crew) == {"0": Trouble.TIMEOUT, "1": Trouble.STALE, "2": Trouble.STALE}


def test_an_interpreter_that_is_not_there_is_a_fault() -> None:
    """The worker goes on."""
    crew = Crew(2, ["/nonexistent/python"], Clock())
    crew.send(_task("a", 1))
    assert _outcomes(crew) == {"a": Trouble.FAULT}


def test_stopping_leaves_no_process(tmp_path: Path) -> None:
    """What runs is killed, what waits is forgotten."""
    code = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    crew = Crew(1, [sys.executable, "-I", "-c", code], Clock())
    crew.send(_task("a", 1))
    crew.send(_task("b", 2))
    crew.harvest()
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        time.sleep(0.01)
    crew.stop()
    assert crew.is_idle
    assert _is_gone(int((tmp_path / "pid").read_text()))


def _outcomes(crew: Crew) -> dict[str, Trouble]:
    found: dict[str, Outcome] = {task.key: outcome for task, outcome in crew.wait()}
    return {key: outcome.trouble for key, outcome in found.items() if isinstance(outcome, Failed)}


def test_it_is_an_isolated_interpreter_by_an_absolute_path() -> None:
    """Neither PYTHON* nor a module in the current directory can be slipped in."""
    from afterall.collect import Means

    python, isolated, *rest = Means().argv
    assert os.path.isabs(python)
    assert (isolated, rest) == ("-I", ["-m", "afterall.collect.as_user"])


def test_it_loads_next_to_nothing_before_it_is_the_user() -> None:
    """No stage and no third-party library but the record parser is loaded as root."""
    code = "import sys, afterall.collect.as_user; print(*sys.modules)"
    argv = [sys.executable, "-I", "-c", code]
    loaded = subprocess.run(argv, capture_output=True, check=True, text=True).stdout.split()
    packages = {name.split(".")[1] for name in loaded if name.startswith("afterall.")}
    assert packages == {"collect", "errors", "model"}
    assert not {"numpy", "yaml", "jinja2", "safetensors", "click", "filelock"} & set(loaded)
