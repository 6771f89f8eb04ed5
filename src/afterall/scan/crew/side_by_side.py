"""Scan a set's experiments, together with helpers where there is enough to read.

Invariant: what is returned does not depend on helpers: each experiment is scanned from its own files alone,
and what no helper did, because it is gone or knows no way to tell, this process does itself.

Python reads logs on one core, whatever the number of threads; processes read on each.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Protocol

from afterall.model import Experiment, MatchedExperiment, Tier
from afterall.scan.checkpoints import Examination
from afterall.scan.crew.frames import Scanned, Task, encoded
from afterall.scan.crew.helper import Helper
from afterall.scan.experiment import scan_experiment
from afterall.scan.helpers import Lost, cores, seldom_collected

MOST_PROCESSES = 4
"""More would take from a node's next job what one report is not worth."""
WORTH_BYTES = 32 << 20
"""Reading this takes about as long as a helper needs to start."""
BESIDES_BYTES = 256 << 10
"""What an experiment takes besides its logs, as if these were so much longer."""


class OnDone(Protocol):
    """What is called in the caller's own thread before it scans an experiment."""

    def __call__(self, name: str, done: int, total: int) -> None:
        """Take the experiment's name, and how many of all are done by now."""


def scan_experiments(
    experiments: Sequence[MatchedExperiment],
    how: Examination,
    sizes: Mapping[str, int],
    on_done: OnDone,
    processes: int | None = None,
) -> tuple[Experiment, ...]:
    """Return each experiment's facts, in their order; `sizes` are the bytes of the set's files by path.

    At most `processes` read, this one included; None: as many as there are cores, and as the work is worth.
    The values tier has threads of its own, which wait for storage rather than for Python.
    """
    weights = [BESIDES_BYTES + sum(sizes.get(log.path, 0) for log in one.logs) for one in experiments]
    most = processes_worth(weights) if processes is None else min(processes, len(experiments))
    crew = _Crew(experiments, how, weights)
    with seldom_collected():
        return crew.scan(on_done, helpers=most - 1 if how.depth is Tier.QUICK else 0)


def processes_worth(weights: Sequence[int]) -> int:
    """Return how many processes are worth their start for experiments of so many bytes each."""
    return min(cores(), MOST_PROCESSES, len(weights), 1 + sum(weights) // WORTH_BYTES)


class _Crew:
    """What is left to scan, and what was scanned."""

    def __init__(
        self, experiments: Sequence[MatchedExperiment], how: Examination, weights: Sequence[int]
    ) -> None:
        self._experiments = experiments
        self._how = how
        self._weights = weights
        self._done: dict[int, Experiment] = {}
        self._told: list[Scanned] = []
        self._left: SimpleQueue[int] = SimpleQueue()

    def scan(self, on_done: OnDone, helpers: int) -> tuple[Experiment, ...]:
        """Return all experiments, scanned by this process and by so many helpers."""
        every = range(len(self._experiments))
        # Whoever begins a large one last keeps the others waiting.
        for index in sorted(every, key=lambda index: -self._weights[index]) if helpers > 0 else every:
            self._left.put(index)
        with ExitStack() as ends:
            employed = self._employ(helpers, ends) if helpers > 0 else []
            self._scan_here(self._untaken(), on_done)
            for helper, thread in employed:
                if not helper.has_begun:
                    helper.kill()
                thread.join()
        self._scan_here((index for index in every if index not in self._done), on_done)
        for told in self._told:
            self._how.memory.take(told.used, has_learned=told.has_learned)
        return tuple(self._done[index] for index in every)

    def _employ(self, helpers: int, ends: ExitStack) -> list[tuple[Helper, Thread]]:
        """Start helpers, each with its thread; in the end `ends` kills them, which ends the threads too."""
        how, employed = self._how, []
        task = encoded(Task(root=os.path.abspath(how.root), depth=how.depth, known=how.memory.known))
        if task is None:
            return []
        with suppress(Lost, RuntimeError):  # the latter where a limit leaves no room for a thread
            for _ in range(helpers):
                helper = ends.enter_context(Helper())
                thread = Thread(target=self._scan_there, args=(helper, task), name="afterall-scan")
                thread.start()
                ends.callback(thread.join)
                ends.callback(helper.kill)
                employed.append((helper, thread))
        return employed

    def _untaken(self) -> Iterator[int]:
        """Yield what nobody has begun, until there is nothing."""
        with suppress(Empty):
            while True:
                yield self._left.get_nowait()

    def _scan_here(self, indices: Iterable[int], on_done: OnDone) -> None:
        for index in indices:
            one = self._experiments[index]
            on_done(one.layout.name, len(self._done), len(self._experiments))
            self._done[index] = scan_experiment(one, self._how)

    def _scan_there(self, helper: Helper, task: bytes) -> None:
        """Let a helper scan until nothing is left or it is gone; what it did not do stays undone."""
        with suppress(Lost):
            helper.begin(task)
            for index in self._untaken():
                told = helper.scan(self._experiments[index])
                if told.experiment is not None:
                    self._done[index] = told.experiment
                    self._told.append(told)
