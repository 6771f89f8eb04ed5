"""What a set's process and its helpers say to each other.

Invariant: MessagePack of these records alone; what cannot be said in it is not sent.
"""

import msgspec
from msgspec import Struct

from afterall.model import Experiment, MatchedExperiment, Points, Tier
from afterall.scan.checkpoints.remembering import Table


class Task(Struct, frozen=True, kw_only=True):
    """What a set's experiments have in common; `known` is what was remembered of them, None: nothing is."""

    root: str
    depth: Tier
    known: Table | None


class Scanned(Struct, frozen=True, kw_only=True):
    """An experiment, or None where a helper could not read it or tell of it; and what its memory used."""

    experiment: Experiment | None = None
    used: Table = {}
    has_learned: bool = False


TASK = msgspec.msgpack.Decoder(Task)
MATCHED = msgspec.msgpack.Decoder(MatchedExperiment)
SCANNED = msgspec.msgpack.Decoder(Scanned, dec_hook=lambda _, columns: Points.of_columns(columns))
_ENCODER = msgspec.msgpack.Encoder(enc_hook=lambda points: points.columns)


def encoded(message: object) -> bytes | None:
    """Return a message's bytes; None where it has names that are not UTF-8, or numbers beyond 64 bits."""
    try:
        return _ENCODER.encode(message)
    except (UnicodeEncodeError, OverflowError):
        return None
