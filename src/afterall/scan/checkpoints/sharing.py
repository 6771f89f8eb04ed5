"""Judge many checkpoints by several processes, at the quick tier: Python judges on one core alone.

Invariant: what is returned does not depend on helpers: each checkpoint is judged from its own files alone,
and what no helper did, because it is gone or knows no way to tell, this process does itself.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from queue import Empty, SimpleQueue
from threading import Thread

import msgspec
from msgspec import Struct

from afterall.model import Checkpoint
from afterall.scan.checkpoints.layouts import Place
from afterall.scan.helpers import HelperProcess, Lost, cores, helper_argv
from afterall.scan.promises import Promises

MOST_PROCESSES = 4
"""More would take from others what one verification is not worth."""
WORTH_FILES = 2_000
"""Looking at so many small ones takes about as long as a helper needs to start."""
SHARE_FILES = 500
"""What is handed out at a time, more only where one checkpoint has more."""
ARGV = helper_argv("afterall.scan.checkpoints.helping")

Judge = Callable[[Sequence[Place]], Iterable[Checkpoint]]


class Task(Struct, frozen=True, kw_only=True):
    """What all checkpoints have in common."""

    root: str
    promises: Promises
    jobs: int | None
    """Most threads of one helper."""


ANSWER = msgspec.msgpack.Decoder(tuple[Checkpoint, ...])


def encoded(message: object) -> bytes | None:
    """Return a message's bytes; None where it has names that are not UTF-8, or numbers beyond 64 bits."""
    try:
        return msgspec.msgpack.encode(message)
    except (UnicodeEncodeError, OverflowError):
        return None


def processes_worth(files: int, jobs: int | None) -> int:
    """Return how many processes are worth their start for so many files, `jobs` at most."""
    most = MOST_PROCESSES if jobs is None else min(jobs, MOST_PROCESSES)
    return max(1, min(cores(), most, files // WORTH_FILES))


@contextmanager
def hired(count: int) -> Iterator[tuple[HelperProcess, ...]]:
    """Start helpers, fewer where the system has no room for them; they end with the block.

    A helper needs a while to start: the sooner it is hired, the sooner it is of use.
    """
    with ExitStack() as ends:
        helpers: list[HelperProcess] = []
        with suppress(Lost):
            helpers.extend(ends.enter_context(HelperProcess(ARGV)) for _ in range(count))
        yield tuple(helpers)


def judged_together(
    places: Sequence[Place],
    here: Judge,
    task: Task,
    helpers: Sequence[HelperProcess],
    on_told: Callable[[Place], None],
) -> Iterator[Checkpoint]:
    """Yield the checkpoint that each place turns out to be, in order, judged `here` and by helpers.

    `on_told` is called from the asking thread for every place that a helper judged.
    """
    crew = _Crew(tuple(_shares(places)), here)
    return crew.judged(task, helpers, on_told)


def _shares(places: Sequence[Place]) -> Iterator[Sequence[Place]]:
    begin = files = 0
    for end, place in enumerate(places, 1):
        files += len(place.entries)
        if files >= SHARE_FILES or end == len(places):
            yield places[begin:end]
            begin, files = end, 0


class _Crew:
    """What is left to judge, and what was judged."""

    def __init__(self, shares: Sequence[Sequence[Place]], here: Judge) -> None:
        self._shares = shares
        self._here = here
        self._done: dict[int, tuple[Checkpoint, ...]] = {}
        self._told: SimpleQueue[int] = SimpleQueue()
        self._left: SimpleQueue[int] = SimpleQueue()
        for index in range(len(shares)):
            self._left.put(index)

    def judged(
        self, task: Task, helpers: Sequence[HelperProcess], on_told: Callable[[Place], None]
    ) -> Iterator[Checkpoint]:
        """Yield every checkpoint once all are judged."""
        every = range(len(self._shares))
        with ExitStack() as ends:
            employed = self._employ(task, helpers, ends)
            for index in _untaken(self._left):
                self._done[index] = tuple(self._here(self._shares[index]))
                self._tell(on_told)
            for helper, thread in employed:
                if not helper.has_begun:
                    helper.kill()
                thread.join()
        self._tell(on_told)
        for index in every:
            yield from self._done.pop(index, None) or self._here(self._shares[index])

    def _employ(
        self, task: Task, helpers: Sequence[HelperProcess], ends: ExitStack
    ) -> list[tuple[HelperProcess, Thread]]:
        """Give each helper a thread; in the end `ends` kills the helpers, which ends the threads too."""
        employed: list[tuple[HelperProcess, Thread]] = []
        message = encoded(task)
        if message is None:
            return employed
        with suppress(RuntimeError):  # where a limit leaves no room for a thread
            for helper in helpers:
                thread = Thread(target=self._judge_there, args=(helper, message), name="afterall-judge")
                thread.start()
                ends.callback(thread.join)
                ends.callback(helper.kill)
                employed.append((helper, thread))
        return employed

    def _judge_there(self, helper: HelperProcess, task: bytes) -> None:
        """Let a helper judge until nothing is left or it is gone; what it did not do stays undone.

        It is asked again before its last answer is looked at, so that it need not wait for that.
        """
        asked: int | None = None
        with suppress(Lost, msgspec.MsgspecError):
            helper.begin(task)
            for index in _untaken(self._left):
                question = encoded(self._shares[index])
                if question is None:
                    continue
                answer = helper.answer() if asked is not None else b""
                helper.ask(question)
                if asked is not None:
                    self._keep(asked, answer)
                asked = index
            if asked is not None:
                self._keep(asked, helper.answer())

    def _keep(self, index: int, answer: bytes) -> None:
        self._done[index] = ANSWER.decode(answer)
        self._told.put(index)

    def _tell(self, on_told: Callable[[Place], None]) -> None:
        for index in _untaken(self._told):
            for place in self._shares[index]:
                on_told(place)


def _untaken(waiting: SimpleQueue[int]) -> Iterator[int]:
    """Yield what nobody has taken, until there is nothing."""
    with suppress(Empty):
        while True:
            yield waiting.get_nowait()
