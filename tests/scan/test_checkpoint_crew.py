"""A crew works in order, alone while nothing waits, and with a bounded number of threads where tasks do."""

import threading
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from afterall.scan.checkpoints.crew import SLOW_S, THREADS, WINDOW, work

WAIT_S = 0.002
MANY = 300


def waiting(task: int) -> tuple[int, int]:
    """Wait as a network file system lets one wait; return the task and the thread that did it."""
    time.sleep(WAIT_S)
    return task, threading.get_ident()


def busy(task: int) -> tuple[int, int]:
    """Use the processor for as long as a wait that is too long."""
    until = time.thread_time() + 2 * SLOW_S
    while time.thread_time() < until:
        pass
    return task, threading.get_ident()


def threads_of(done: list[tuple[int, int]]) -> set[int]:
    """Return the threads that did something, the tests' own left out."""
    return {thread for _, thread in done} - {threading.get_ident()}


@pytest.mark.parametrize("jobs", [None, 1, 3])
def test_results_come_in_the_order_of_the_tasks(jobs: int | None) -> None:
    """Whoever did them, and though some take longer."""

    def uneven(task: int) -> int:
        time.sleep(WAIT_S * (task % 3))
        return task

    assert list(work(range(60), uneven, jobs)) == list(range(60))


def test_what_answers_at_once_is_done_alone() -> None:
    """Threads would only queue for the interpreter."""
    assert {thread for _, thread in work(range(MANY), lambda task: (task, threading.get_ident()))} == {
        threading.get_ident()
    }


def test_what_keeps_the_processor_busy_is_done_alone() -> None:
    """It takes long, and waits for nothing."""
    assert not threads_of(list(work(range(30), busy)))


def test_what_waits_is_done_by_many() -> None:
    """More than sixteen tasks wait at the same time, each until there are so many."""
    lock, enough = threading.Lock(), threading.Event()
    inside, most = 0, 0

    def gathering(task: int) -> tuple[int, int]:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
            if inside > 16:
                enough.set()
        is_alone = threading.current_thread() is threading.main_thread()
        time.sleep(WAIT_S) if is_alone else enough.wait(10)
        with lock:
            inside -= 1
        return task, threading.get_ident()

    done = list(work(range(MANY), gathering))
    assert most > 16
    assert 16 < len(threads_of(done)) <= THREADS


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_no_more_threads_than_jobs(jobs: int) -> None:
    """One job is this thread alone, however long it waits."""
    used = threads_of(list(work(range(60), waiting, jobs)))
    assert len(used) == (0 if jobs == 1 else jobs)


def test_tasks_are_taken_as_results_are_asked_for() -> None:
    """However many there are, only a window of them is under way."""
    taken = Counter[str]()

    def tasks() -> Iterator[int]:
        for task in range(10 * WINDOW):
            taken["tasks"] += 1
            yield task

    results = work(tasks(), waiting)
    for _ in range(20):
        next(results)
    results.close()
    assert 20 <= taken["tasks"] <= 20 + 2 * WINDOW


@pytest.mark.parametrize("jobs", [None, 1])
def test_what_a_task_raises_is_raised_in_its_place(jobs: int | None) -> None:
    """The results before it are there, and no thread is left."""

    def failing(task: int) -> int:
        time.sleep(WAIT_S)
        if task == 40:
            raise OSError(task)
        return task

    results = work(range(MANY), failing, jobs)
    done: list[int] = []
    with pytest.raises(OSError, match="40"):
        done.extend(results)
    assert done == list(range(len(done)))
    assert len(done) <= 40
    assert not [each for each in threading.enumerate() if each.name.startswith("afterall-read")]


def test_a_crew_that_is_sent_home_leaves_no_thread() -> None:
    """Whoever asked has seen enough: what is under way ends, and nothing more begins."""
    results = work(range(MANY), waiting)
    for _ in range(30):
        next(results)
    results.close()
    assert not [each for each in threading.enumerate() if each.name.startswith("afterall-read")]
