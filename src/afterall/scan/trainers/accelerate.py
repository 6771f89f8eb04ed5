"""Know a loop of the user's own by what accelerate's `save_state` leaves; accelerate itself records nothing.

Format: `random_states_<rank>.pkl` in each saved directory; never opened. HF Trainer, which uses accelerate,
writes `rng_state.pth` instead. Source: accelerate 0.20 to 1.15, checkpointing.py.
"""

from collections.abc import Sequence
from typing import IO

from afterall.model import Entry
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.trainer import TraceFiles, Trainer, newest

NAME = "accelerate"


def _know(_: IO[bytes], name: str) -> Trace:
    return Trace(trainer=NAME, origin=Origin.RESULTS, file=name)


def _choose(entries: Sequence[Entry]) -> Sequence[Entry]:
    return newest([entry for entry in entries if entry.name == "random_states_0.pkl"])


ACCELERATE = Trainer(name=NAME, files=(TraceFiles(choose=_choose, read=_know),))
