"""Write records as JSON: indented UTF-8 that every reader and every terminal can take.

Invariant: the same records give the same bytes, as the standard library would indent them; NaN, infinities,
undecodable bytes and integers beyond 64 bits are written as values that JSON has.
"""

import json
import math
import re
from collections.abc import Mapping
from enum import Enum
from typing import Any

import msgspec

from afterall.render.escaping import shown
from afterall.render.words.numbers import not_finite, real

_SURROGATES = re.compile("[\ud800-\udfff]+")
# Legal in JSON as they stand, but a terminal acts on them or shows nothing.
_UNSEEN_IN_JSON = re.compile("[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
_LARGE_NUMBER = re.compile(r"[:,\[]-?[0-9]{19}")
"""What may be an integer beyond 64 bits in JSON without spaces; 2^63 has 19 digits."""


def json_text(records: Any) -> bytes:
    """Return msgspec records as JSON with a final newline."""
    text = _quickly(records)
    if text is None:
        values = _plain(msgspec.to_builtins(records))
        text = json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False)
    if not text.isascii() or "\x7f" in text:
        text = _UNSEEN_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return f"{text}\n".encode()


def _quickly(records: Any) -> str | None:
    """Return records as JSON where every value can stand in it as it is, None where one may not.

    The standard library indents in Python, and takes several times as long as all of this.
    """
    try:
        text = _COMPACT.encode(records)
        indented = msgspec.json.format(text.encode(), indent=2)
    except ValueError:  # NaN, an infinity, or an undecodable byte
        return None
    return None if _LARGE_NUMBER.search(text) else indented.decode()


def _fields(record: Any) -> Any:
    return record.value if isinstance(record, Enum) else msgspec.structs.asdict(record)


_COMPACT = json.JSONEncoder(
    separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False, default=_fields
)


def _plain(value: Any) -> Any:
    """Return data as JSON can hold it: undecodable bytes spelled out, numbers as every reader knows them."""
    match value:
        case str():
            return _SURROGATES.sub(lambda found: shown(found[0]), value)
        case bool() | None:
            return value
        case int():
            return value if abs(value) < 2**63 else _plain(real(value))
        case float():
            return value if math.isfinite(value) else not_finite(value)
        case Mapping():
            return {_plain(key): _plain(inner) for key, inner in value.items()}
        case _:
            return [_plain(inner) for inner in value]
