"""Judge many checkpoints by several processes, and find what one process finds."""

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from afterall.model import Checkpoint, Tier
from afterall.scan.checkpoints import Asked, sharing, verify_as, walking
from afterall.scan.checkpoints.examining import Examination, examine, judged
from afterall.scan.checkpoints.layouts import Place, find_places
from afterall.scan.checkpoints.progress import Progress
from afterall.scan.checkpoints.remembering import GRAIN_NS
from afterall.scan.checkpoints.sharing import (
    ANSWER,
    ARGV,
    MOST_PROCESSES,
    WORTH_FILES,
    Hiring,
    Task,
    encoded,
    judged_together,
    processes_worth,
)
from afterall.scan.checkpoints.walking import walk
from afterall.scan.helpers import HelperProcess
from afterall.scan.promises import Promises
from scan.checkpoint_breaking import BREAKAGES
from scan.checkpoint_making import model_arrays, safetensors_bytes, write, write_epoch

SILENT = (sys.executable, "-I", "-c", "pass")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a run with an epoch for every way to break one, each of them a share of its own."""
    monkeypatch.setattr(sharing, "SHARE_FILES", 1)
    for number, breakage in enumerate(BREAKAGES):
        epoch = tmp_path / "run" / f"epoch_{number}"
        write_epoch(epoch)
        breakage.do(epoch)
    return tmp_path / "run"


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Wait for helpers whenever they are looked at; return what they will have answered."""
    answers: list[bytes] = []
    look, hear = HelperProcess.has_spoken, HelperProcess.answer

    def has_spoken(helper: HelperProcess) -> bool:
        deadline = time.monotonic() + 60
        while not look(helper):
            assert time.monotonic() < deadline
            time.sleep(0.001)
        return True

    def answer(helper: HelperProcess) -> bytes:
        answers.append(hear(helper))
        return answers[-1]

    monkeypatch.setattr(HelperProcess, "has_spoken", has_spoken)
    monkeypatch.setattr(HelperProcess, "answer", answer)
    return answers


def places_of(root: Path) -> list[Place]:
    """Return the places below `root` that are not empty."""
    return [place for place in find_places(walk(root, "").entries) if place.entries]


def run(root: Path, processes: int = 1, jobs: int | None = None) -> list[Checkpoint]:
    """Return the checkpoints below `root`, judged by so many processes."""
    with hired(processes - 1) as helpers:
        return list(examine(places_of(root), Examination(root, jobs=jobs, helpers=helpers)))


@contextmanager
def hired(count: int) -> Iterator[tuple[HelperProcess, ...]]:
    """Have so many helpers while the block lasts."""
    with ExitStack() as ends:
        yield tuple(ends.enter_context(HelperProcess(sharing.ARGV)) for _ in range(count))


def task_of(root: Path) -> Task:
    """Return what a helper is told first."""
    return Task(root=str(root), promises=Promises(), jobs=None)


@pytest.mark.parametrize("processes", [2, 3])
def test_helpers_change_nothing(root: Path, processes: int) -> None:
    """Good and broken checkpoints, whoever judges which."""
    assert run(root, processes) == run(root, processes, jobs=processes) == run(root)


def test_a_helper_judges_as_this_process_does(root: Path) -> None:
    """Otherwise the test above might compare what was judged here with itself."""
    task, question = encoded(task_of(root)), encoded(places_of(root))
    assert task
    assert question
    with HelperProcess(ARGV) as helper:
        helper.begin(task)
        helper.ask(question)
        answer = ANSWER.decode(helper.answer())
    assert list(answer) == run(root)


def test_what_a_helper_judged_is_told(root: Path, patient: list[bytes]) -> None:
    """Each place is told once: by whoever judges it here, or for the helper."""
    told: list[Place] = []

    def here(share: Sequence[Place]) -> Iterable[Checkpoint]:
        told.extend(share)
        return judged(share, Examination(root))

    with hired(1) as helpers:
        found = list(judged_together(places_of(root), here, task_of(root), helpers, told.append))
    assert found == run(root)
    assert patient
    assert sorted(place.path for place in told) == sorted(place.path for place in places_of(root))


def test_each_share_is_judged_once(root: Path, patient: list[bytes]) -> None:
    """Here or by a helper, and by both where both have time."""
    here: list[Place] = []

    def judge(share: Sequence[Place]) -> Iterable[Checkpoint]:
        here.extend(share)
        return judged(share, Examination(root))

    with hired(2) as helpers:
        list(judged_together(places_of(root), judge, task_of(root), helpers, lambda _: None))
    assert 0 < len(here) == len(places_of(root)) - len(patient)


def test_helpers_are_hired_as_files_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """None for few, one more for many more, and none beyond what cores and jobs allow."""
    monkeypatch.setattr(sharing, "cores", lambda: 3)
    monkeypatch.setattr(sharing, "ARGV", SILENT)
    hired_by_then = []
    with Hiring() as crew, Hiring(jobs=2) as smaller:
        for files in (WORTH_FILES, 2 * WORTH_FILES, 2 * WORTH_FILES, 9 * WORTH_FILES, 0):
            crew.expect(files)
            smaller.expect(files)
            hired_by_then.append((len(crew.helpers), len(smaller.helpers)))
    assert hired_by_then == [(0, 0), (1, 1), (1, 1), (2, 1), (2, 1)]


def test_a_helper_that_is_none_is_not_missed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process does it all."""
    alone = run(root)
    monkeypatch.setattr(sharing, "ARGV", SILENT)
    assert run(root, 3) == alone


def test_a_helper_that_is_killed_is_not_missed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it had begun is judged here."""
    alone = run(root)
    kept = HelperProcess.ask

    def ask(helper: HelperProcess, question: bytes) -> None:
        helper.kill()
        kept(helper, question)

    monkeypatch.setattr(HelperProcess, "ask", ask)
    assert run(root, 2) == alone


def test_what_no_helper_can_be_told_is_judged_here(root: Path) -> None:
    """A name that is not UTF-8."""
    write(root / "epoch_0" / os.fsdecode(b"\xff.safetensors"), b"")
    assert run(root, 2) == run(root)


@pytest.mark.parametrize(("files", "jobs", "most"), [(WORTH_FILES, None, 1), (10**6, 1, 1), (10**6, 2, 2)])
def test_few_files_and_few_jobs_need_no_helper(files: int, jobs: int | None, most: int) -> None:
    """One process has one thread at least."""
    assert processes_worth(files, jobs) <= most <= MOST_PROCESSES


def test_a_verification_shares_what_is_worth_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the same answer, and with progress that ends at the total."""
    for number in range(30):
        write(tmp_path / f"part_{number}.safetensors", safetensors_bytes(model_arrays(number)))
    alone = verify_as([tmp_path], Asked(jobs=1)).checkpoints
    monkeypatch.setattr(sharing, "WORTH_FILES", 10)
    monkeypatch.setattr(sharing, "SHARE_FILES", 5)
    told: list[Progress] = []
    assert verify_as([tmp_path], Asked(progress=told.append)).checkpoints == alone
    assert told[-1].done_bytes == told[-1].total_bytes > 0


def test_helpers_are_hired_while_files_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """But only once it is known that they are needed, where something is remembered."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(walking, "MANY", 10)
    expected: list[int] = []
    monkeypatch.setattr(Hiring, "expect", lambda _, files: expected.append(files))
    for number in range(25):
        write(tmp_path / "saved" / f"part_{number}.safetensors", safetensors_bytes(model_arrays(number)))
    time.sleep(GRAIN_NS / 1e9 + 0.1)
    remembering = Asked(remembers=True)
    calls = []
    for _ in range(2):
        verify_as([tmp_path / "saved"], remembering)
        calls.append(tuple(expected))
        expected.clear()
    write(tmp_path / "saved" / "part_26.safetensors", safetensors_bytes(model_arrays(26)))
    verify_as([tmp_path / "saved"], remembering)
    assert (*calls, tuple(expected)) == ((10, 20, 25), (), (26,))


@pytest.mark.parametrize("depth", Tier)
def test_only_the_quick_tier_hires(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, depth: Tier) -> None:
    """The values tier waits for storage, not for Python."""
    monkeypatch.setattr(walking, "MANY", 1)
    expected: list[int] = []
    monkeypatch.setattr(Hiring, "expect", lambda _, files: expected.append(files))
    write_epoch(tmp_path / "epoch_0")
    verify_as([tmp_path], Asked(depth=depth))
    assert bool(expected) == (depth is Tier.QUICK)


def test_a_helper_starts_without_what_only_the_values_tier_needs() -> None:
    """A helper that takes longer to import than its share to judge is of no use."""
    code = "import sys, afterall.scan.checkpoints.helping; print({'numpy'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
