"""Do many small tasks in order: alone while files answer at once, by many threads where they let one wait.

Invariant: results come in the order of the tasks, whoever did them, and no more than WINDOW are under way.

A warm local file answers in microseconds, and threads would only queue for the interpreter; a network file
system answers in milliseconds, but many at once (Lustre: 2 000 stat/s with one thread, 400 000 with 240).
"""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain
from typing import TypeVar

THREADS = 32
WINDOW = THREADS + 16
SLOW_S = 0.000_3
"""Waiting time per unit of work above which threads are worth their price."""

Task = TypeVar("Task")
Result = TypeVar("Result")


def work(
    tasks: Iterable[Task], do: Callable[[Task], Result], units: Callable[[Task], int]
) -> Generator[Result]:
    """Yield `do(task)` for every task; `units` says how many files a task stands for."""
    waiting = iter(tasks)
    slow = 0
    for task in waiting:
        began, used = time.perf_counter(), time.thread_time()
        result = do(task)
        waited = time.perf_counter() - began - (time.thread_time() - used)
        yield result
        slow = slow + 1 if waited > SLOW_S * units(task) else 0
        if slow > 1:
            break
    else:
        return
    first = next(waiting, None)
    if first is not None:
        yield from _together(chain([first], waiting), do)


def _together(tasks: Iterable[Task], do: Callable[[Task], Result]) -> Generator[Result]:
    under_way: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(THREADS, thread_name_prefix="afterall-read") as pool:
        try:
            for task in tasks:
                under_way.append(pool.submit(do, task))
                if len(under_way) >= WINDOW:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
