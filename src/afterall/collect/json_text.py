"""Write records as JSON text and read them back; reading is total: a record, or None for anything else.

Invariant: every path survives. A path is bytes, held in Python as text with lone surrogates for what is not
UTF-8; the json module writes those as escapes, where msgspec's own encoder refuses them.
"""

import json
from typing import TypeVar

import msgspec

Record = TypeVar("Record", bound=msgspec.Struct)


def dump(record: msgspec.Struct) -> bytes:
    """Return `record` as ASCII JSON on one line."""
    return json.dumps(msgspec.to_builtins(record), separators=(",", ":")).encode("ascii")


def load(data: bytes, into: type[Record]) -> Record | None:
    """Return the record of type `into` that `data` holds, None where it holds none."""
    try:
        return msgspec.convert(json.loads(data), into)
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return None
