"""Read the hyperparameters that programs tell TensorBoard's hparams plugin.

Format: a value of the tag `_hparams_/session_start_info` whose metadata {1 plugin_data {2 content}} holds
HParamsPluginData {3 session_start_info {1 hparams}}, entries {1 key, 2 value {2 number, 3 string, 4 bool}}.
Numbers are doubles, also those of integers. Source: tensorboard/plugins/hparams/plugin_data.proto.
"""

import struct
from collections.abc import Iterator

from afterall.model import Fact, Scalar, Source
from afterall.scan.parameters.values import bounded
from afterall.scan.trainers.protobuf import fields

TAG = b"_hparams_/session_start_info"
MOST_PARAMETERS = 2000
_PATH = (5, 1, 9, 1, 2, 3)
"""Fields from an event down to the start of a session."""
_DOUBLE = struct.Struct("<d")
_WHOLE = 2.0**53


def read_hparams(event: bytes, source: Source) -> dict[str, Fact]:
    """Return the hyperparameters in an event; empty where it holds none."""
    found: dict[str, Fact] = {}
    for start in _below(event, _PATH):
        for number, entry in fields(start):
            parts = dict(fields(entry)) if number == 1 and isinstance(entry, bytes) else {}
            key, value = parts.get(1), parts.get(2)
            if isinstance(key, bytes) and isinstance(value, bytes) and len(found) < MOST_PARAMETERS:
                found[key.decode("utf-8", "replace")] = Fact(_scalar(value), source)
    return found


def _below(message: bytes, path: tuple[int, ...]) -> Iterator[bytes]:
    """Yield the messages that lie at a path of field numbers."""
    if not path:
        yield message
        return
    for number, value in fields(message):
        if number == path[0] and isinstance(value, bytes):
            yield from _below(value, path[1:])


def _scalar(value: bytes) -> Scalar:
    for number, told in fields(value):
        match number, told:
            case 2, bytes() if len(told) == _DOUBLE.size:
                (double,) = _DOUBLE.unpack(told)
                return int(double) if abs(double) < _WHOLE and double.is_integer() else float(double)
            case 3, bytes():
                return bounded(told.decode("utf-8", "replace"))
            case 4, int():
                return bool(told)
            case _:
                continue
    return None
