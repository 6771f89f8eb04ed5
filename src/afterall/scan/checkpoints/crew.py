"""Do many small tasks in order: alone while files answer at once, by many threads where they let one wait.

Invariant: results come in the order of the tasks, whoever did them, and no more than `WINDOW` are under way.

A warm local file answers in microseconds, and threads would only queue for the interpreter; a network file
system answers in milliseconds, but many at once (Lustre: 2 000 stat/s with one thread, 400 000 with 240).
"""

import resource
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

THREADS = 64
"""Beyond it the threads wait for the interpreter rather than for files."""
SLOW_S = 0.000_3
"""Waiting time per task above which threads are worth their price."""
_MOST_ALONE = 32
"""Tasks between two looks at the clock."""
_TOGETHER = 4
"""Tasks that a thread is given at once."""
WINDOW = (THREADS + 16) * _TOGETHER

Task = TypeVar("Task")
Result = TypeVar("Result")


def work(tasks: Iterable[Task], do: Callable[[Task], Result], jobs: int | None = None) -> Generator[Result]:
    """Yield `do(task)` for every task, done by at most `jobs` threads; None: by as many as are of use."""
    waiting = iter(tasks)
    threads = THREADS if jobs is None else min(jobs, THREADS)
    size, slow = 1, 0
    while slow < 2 or threads < 2:
        few = tuple(islice(waiting, size))
        if not few:
            return
        began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_THREAD)
        results = [do(task) for task in few]
        taken_s, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_THREAD)
        yield from results
        # A process that loses its processor to others waits too, but not by its own will.
        has_waited = after.ru_nvcsw - before.ru_nvcsw >= len(few)
        slow = slow + 1 if has_waited and taken_s > SLOW_S * len(few) else 0
        size = min(2 * size, _MOST_ALONE)
    yield from _together(waiting, do, threads)


def _together(tasks: Iterator[Task], do: Callable[[Task], Result], threads: int) -> Generator[Result]:
    def do_all(few: tuple[Task, ...]) -> list[Result]:
        return [do(task) for task in few]

    under_way: deque[Future[list[Result]]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="afterall-read") as pool:
        try:
            while few := tuple(islice(tasks, _TOGETHER)):
                under_way.append(pool.submit(do_all, few))
                if len(under_way) * _TOGETHER >= WINDOW:
                    yield from under_way.popleft().result()
            while under_way:
                yield from under_way.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
