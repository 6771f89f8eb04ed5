"""What a set's process and its helpers say to each other: MessagePack, each message's length before it.

Invariant: nothing that a message holds is run. A message that is cut or of another form raises `Lost`.
"""

from pathlib import Path
from typing import IO

import msgspec
from msgspec import Struct

import afterall
from afterall.model import Experiment, MatchedExperiment, Points, Tier
from afterall.scan.checkpoints.remembering import Table

LENGTH_BYTES = 8
HOME = str(Path(afterall.__file__).resolve())
"""Which afterall a process runs: a helper of another one is of no use."""


class Lost(Exception):
    """The other side is gone, or does not understand: whoever asked does the work itself."""


class Task(Struct, frozen=True, kw_only=True):
    """What a set's experiments have in common; `known` is what was remembered of them, None: nothing is."""

    root: str
    depth: Tier
    known: Table | None


class Greeting(Struct, frozen=True):
    """A helper's first word."""

    home: str


class Scanned(Struct, frozen=True, kw_only=True):
    """An experiment, or None where a helper could not read it or tell of it; and what its memory used."""

    experiment: Experiment | None = None
    used: Table = {}
    has_learned: bool = False


TASK, GREETING = msgspec.msgpack.Decoder(Task), msgspec.msgpack.Decoder(Greeting)
MATCHED = msgspec.msgpack.Decoder(MatchedExperiment)
SCANNED = msgspec.msgpack.Decoder(Scanned, dec_hook=lambda _, columns: Points.of_columns(columns))
_ENCODER = msgspec.msgpack.Encoder(enc_hook=lambda points: points.columns)


def encoded(message: object) -> bytes | None:
    """Return a message's bytes; None where it has names that are not UTF-8, or numbers beyond 64 bits."""
    try:
        return _ENCODER.encode(message)
    except (UnicodeEncodeError, OverflowError):
        return None


def send(stream: IO[bytes], message: bytes) -> None:
    """Write one message; raise Lost where nobody reads any more."""
    try:
        stream.write(len(message).to_bytes(LENGTH_BYTES, "big") + message)
        stream.flush()
    except (OSError, ValueError) as error:
        raise Lost("nobody reads") from error


def receive(stream: IO[bytes]) -> bytes:
    """Return the next message; raise Lost at the end of the stream, also within a message."""
    try:
        length = int.from_bytes(_exactly(stream, LENGTH_BYTES), "big")
        return _exactly(stream, length)
    except (OSError, ValueError, MemoryError, OverflowError) as error:
        raise Lost("nobody writes") from error


def _exactly(stream: IO[bytes], length: int) -> bytes:
    found = stream.read(length)
    if len(found) < length:
        raise Lost("the stream ended")
    return found
