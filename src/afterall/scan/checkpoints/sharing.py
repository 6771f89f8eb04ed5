"""Judge many checkpoints by several processes, at the quick tier: Python judges on one core alone.

Invariant: what is returned does not depend on helpers: each checkpoint is judged from its own files alone,
and what no helper did, because it is gone or knows no way to tell, this process does itself.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from typing import Self

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
LOOK_EVERY = 16
"""Checkpoints that are judged here between two looks at what helpers say."""
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


class Hiring:
    """Helpers, each started once there is enough for it to judge; they end with the block.

    A helper needs a while to start: the sooner it is hired, the sooner it is of use.
    """

    def __init__(self, jobs: int | None = None) -> None:
        self._jobs = jobs
        self._ends = ExitStack()
        self.helpers: tuple[HelperProcess, ...] = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.close()

    def expect(self, files: int) -> None:
        """Have as many as are worth it for so many files, fewer where the system has no room for them."""
        missing = processes_worth(files, self._jobs) - 1 - len(self.helpers)
        with suppress(Lost):
            for _ in range(missing):
                self.helpers += (self._ends.enter_context(HelperProcess(ARGV)),)


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
        self._left = deque(range(len(shares)))
        self._helping: list[_Helping] = []

    def judged(
        self, task: Task, helpers: Sequence[HelperProcess], on_told: Callable[[Place], None]
    ) -> Iterator[Checkpoint]:
        """Yield every checkpoint once all are judged."""
        message = encoded(task)
        self._helping = [] if message is None else [_Helping(helper, message) for helper in helpers]
        while self._left:
            index = self._left.popleft()
            self._done[index] = tuple(self._judged_here(index, on_told))
        for helping in self._helping:
            while helping.asked is not None:
                self._hear(helping, on_told)
        for index in range(len(self._shares)):
            yield from self._done.pop(index, None) or self._here(self._shares[index])

    def _judged_here(self, index: int, on_told: Callable[[Place], None]) -> Iterator[Checkpoint]:
        for done, checkpoint in enumerate(self._here(self._shares[index])):
            if done % LOOK_EVERY == 0:
                for helping in self._helping:
                    if helping.has_spoken():
                        self._hear(helping, on_told)
            yield checkpoint

    def _hear(self, helping: "_Helping", on_told: Callable[[Place], None]) -> None:
        """Take a helper's answer, and ask it again before that is looked at: so it need not wait."""
        asked = helping.asked
        with suppress(Lost, msgspec.MsgspecError):
            answer = helping.hear()
            self._ask(helping)
            if asked is not None:
                self._done[asked] = ANSWER.decode(answer)
                for place in self._shares[asked]:
                    on_told(place)

    def _ask(self, helping: "_Helping") -> None:
        while self._left:
            index = self._left.popleft()
            question = encoded(self._shares[index])
            if question is not None:
                helping.ask(index, question)
                return


class _Helping:
    """A helper, and what it was asked and has not answered yet."""

    def __init__(self, helper: HelperProcess, task: bytes) -> None:
        self._helper = helper
        self._task = task
        self._is_lost = False
        self.asked: int | None = None

    def has_spoken(self) -> bool:
        """Return whether something is there to hear."""
        return not self._is_lost and self._helper.has_spoken()

    def hear(self) -> bytes:
        """Return its answer, nothing for its first word; raises Lost where it is gone, once and for all."""
        self.asked = None
        try:
            if self._helper.has_begun:
                return self._helper.answer()
            self._helper.begin(self._task)
        except Lost:
            self._is_lost = True
            raise
        return b""

    def ask(self, index: int, question: bytes) -> None:
        """Ask about a share; raises Lost where it is gone."""
        try:
            self._helper.ask(question)
        except Lost:
            self._is_lost = True
            raise
        self.asked = index
