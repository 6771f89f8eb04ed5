"""Wait a bounded time for Slurm's answer to settle: in a summary job, accounting lags behind the queue."""

import time

from msgspec import Struct

from afterall.model import Observation, SetLayout
from afterall.pipeline.observers import Observer
from afterall.pipeline.survey import standing_of


class Patience(Struct, frozen=True):
    """How long to ask again; the time between two questions doubles from `first_s` to `longest_s`."""

    total_s: float
    first_s: float = 2
    longest_s: float = 30


def patient(observer: Observer, patience: Patience) -> Observer:
    """Return an observer that asks until the set is over and accounting has all of it, or the time is out.

    It then says what it heard last.
    """

    def speak(layout: SetLayout) -> Observation:
        deadline = time.monotonic() + patience.total_s
        wait_s = patience.first_s
        said = observer(layout)
        while not _is_settled(said) and time.monotonic() < deadline:
            time.sleep(min(wait_s, max(0.0, deadline - time.monotonic())))
            wait_s = min(2 * wait_s, patience.longest_s)
            said = observer(layout)
        return said

    return speak


def _is_settled(said: Observation) -> bool:
    standing = standing_of(said)
    return standing.is_over and not standing.late
