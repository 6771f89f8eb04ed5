"""Keep a few processes of users at work side by side, at most one of each user.

Invariant: every task that was sent comes back exactly once, with the user's answer or with the reason why
there is none; a user whose process hangs delays nobody else for longer than the task's limit, however many
tasks of his wait behind it.
"""

import math
import signal
from collections.abc import Iterator
from dataclasses import dataclass

from afterall.collect.clock import Clock
from afterall.collect.json_text import dump, load
from afterall.collect.messages import Answer, Failed, Looked, Reported, Request, Resolved, Trouble
from afterall.collect.process import Ending, Process

_PAUSE_S = 0.02

Outcome = Resolved | Looked | Reported | Failed


@dataclass(frozen=True)
class Task:
    """One request for one process; `stale_at` (monotonic) is when its question must be asked anew."""

    key: str
    request: Request
    limit_s: float
    stale_at: float | None = None

    @property
    def uid(self) -> int:
        """Whose process it needs."""
        return self.request.person.uid


class Crew:
    """A bounded number of processes and the queue before them."""

    def __init__(self, size: int, argv: list[str], clock: Clock) -> None:
        self._size = size
        self._argv = argv
        self._clock = clock
        self._queue: list[Task] = []
        self._running: list[tuple[Task, Process]] = []
        self._stuck: list[tuple[Task, Process]] = []

    def __contains__(self, key: object) -> bool:
        return any(task.key == key for task in self._queue) or any(t.key == key for t, _ in self._running)

    @property
    def is_idle(self) -> bool:
        """True when nothing is queued or running."""
        return not self._queue and not self._running

    def send(self, task: Task) -> None:
        """Queue a task; `harvest` starts it when there is room."""
        self._queue.append(task)

    def harvest(self) -> list[tuple[Task, Outcome]]:
        """Start what there is room for, and return what has ended since the last call."""
        self._stuck = [(t, p) for t, p in self._stuck if p.ending(self._clock.monotonic()) is None]
        ended = list(self._collect())
        ended.extend(self._start())
        return ended

    def wait(self, limit_s: float = math.inf) -> Iterator[tuple[Task, Outcome]]:
        """Yield every task's outcome until nothing is left, or for so long."""
        until = self._clock.monotonic() + limit_s
        while True:
            yield from self.harvest()
            if self.is_idle or self._clock.monotonic() >= until:
                return
            self._clock.sleep(_PAUSE_S)

    def stop(self) -> None:
        """Kill what runs and forget what waits; publishing is atomic, so nothing is torn."""
        self._queue.clear()
        for _, process in self._running:
            process.kill()
        give_up_at = self._clock.monotonic() + 5
        while self._running and self._clock.monotonic() < give_up_at:
            for _ in self._collect():
                pass
            self._clock.sleep(_PAUSE_S)

    def _collect(self) -> Iterator[tuple[Task, Outcome]]:
        running, self._running = self._running, []
        now = self._clock.monotonic()
        for task, process in running:
            ending = process.ending(now)
            if ending is not None:
                yield task, _outcome_of(ending, task)
            elif process.is_stuck(now):
                self._stuck.append((task, process))
                yield task, _timeout(task)
            else:
                self._running.append((task, process))
                continue
            if ending is None or ending.timed_out:
                yield from self._put_off(task.uid)

    def _put_off(self, uid: int) -> Iterator[tuple[Task, Outcome]]:
        """Give back what else a user wants: each of it may take its whole time too, while others wait."""
        own = [task for task in self._queue if task.uid == uid]
        self._queue = [task for task in self._queue if task.uid != uid]
        yield from ((task, Failed(trouble=Trouble.STALE)) for task in own)

    def _start(self) -> Iterator[tuple[Task, Outcome]]:
        waiting, self._queue = self._queue, []
        for task in waiting:
            now = self._clock.monotonic()
            if task.stale_at is not None and now > task.stale_at:
                yield task, Failed(trouble=Trouble.STALE)
            elif any(stuck.uid == task.uid for stuck, _ in self._stuck):
                yield task, Failed(trouble=Trouble.TIMEOUT, detail="an earlier process still hangs")
            elif len(self._running) >= self._size or any(t.uid == task.uid for t, _ in self._running):
                self._queue.append(task)
            else:
                try:
                    process = Process(self._argv, dump(task.request), now + task.limit_s)
                except OSError as error:
                    yield task, Failed(trouble=Trouble.FAULT, detail=f"cannot start a process: {error}")
                else:
                    self._running.append((task, process))


def _outcome_of(ending: Ending, task: Task) -> Outcome:
    """Return what the process answered, or why it did not."""
    if ending.timed_out:
        return _timeout(task)
    answer = load(ending.answer, Answer) if ending.exit_code == 0 else None
    if answer is not None:
        return answer.answer
    code = ending.exit_code
    how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    return Failed(trouble=Trouble.FAULT, detail=f"ended with {how}: {ending.complaint or 'no word'}")


def _timeout(task: Task) -> Failed:
    return Failed(trouble=Trouble.TIMEOUT, detail=f"took longer than {task.limit_s:g} s")
