"""Judge many checkpoints by several processes, and find what one process finds."""

import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from threading import Event

import pytest

from afterall.model import Checkpoint
from afterall.scan.checkpoints import Asked, sharing, verify_as
from afterall.scan.checkpoints.examining import Examination, examine, judged
from afterall.scan.checkpoints.layouts import Place, find_places
from afterall.scan.checkpoints.progress import Progress
from afterall.scan.checkpoints.sharing import (
    ANSWER,
    ARGV,
    MOST_PROCESSES,
    WORTH_FILES,
    Task,
    encoded,
    hired,
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


def places_of(root: Path) -> list[Place]:
    """Return the places below `root` that are not empty."""
    return [place for place in find_places(walk(root, "").entries) if place.entries]


def run(root: Path, processes: int = 1, jobs: int | None = None) -> list[Checkpoint]:
    """Return the checkpoints below `root`, judged by so many processes."""
    with hired(processes - 1) as helpers:
        return list(examine(places_of(root), Examination(root, jobs=jobs, helpers=helpers)))


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


def test_what_a_helper_judged_is_told(root: Path) -> None:
    """Each place is told once: by whoever judges it here, or for the helper."""
    told: list[Place] = []
    answered = Event()
    kept = HelperProcess.answer

    def here(share: Sequence[Place]) -> Iterable[Checkpoint]:
        answered.wait(60)
        told.extend(share)
        return judged(share, Examination(root))

    def answer(helper: HelperProcess) -> bytes:
        told_there = kept(helper)
        answered.set()
        return told_there

    with pytest.MonkeyPatch.context() as patch, hired(1) as helpers:
        patch.setattr(HelperProcess, "answer", answer)
        found = list(judged_together(places_of(root), here, task_of(root), helpers, told.append))
    assert found == run(root)
    assert answered.is_set()
    assert sorted(place.path for place in told) == sorted(place.path for place in places_of(root))


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


def test_a_helper_starts_without_what_only_the_values_tier_needs() -> None:
    """A helper that takes longer to import than its share to judge is of no use."""
    code = "import sys, afterall.scan.checkpoints.helping; print({'numpy'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
