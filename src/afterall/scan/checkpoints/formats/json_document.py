"""Read the JSON files of a checkpoint: configurations, tokenizers, trainer states.

Invariant: total over any bytes; a document deeper than Python's parser goes is refused, not followed, and so
is one that is not UTF-8 or begins with a byte order mark, as its loaders refuse it. Bare NaN and Infinity are
taken, because Python's json writes them (trainer_state.json).
"""

import json
from typing import Any

import msgspec

from afterall.model import FindingCode
from afterall.scan.checkpoints.formats.contents import Contents, Fault, Format, Readable

NAME = "json"

MAX_BUILT_BYTES = 1 << 20
"""Longer documents are checked without being built: some JSON takes twenty times its length in memory."""
MAX_BYTES = 32 << 20
"""Longer ones still are looked at from both ends only."""
_ENDS_BYTES = 256

_check_syntax = msgspec.json.Decoder(msgspec.Raw).decode


def _recognises(head: bytes) -> bool:
    return head.lstrip(b" \t\r\n")[:1] in (b"{", b"[")


def _read(file: Readable, head: bytes) -> Contents:
    if file.size > MAX_BYTES:
        return _look_at_ends(head, file.read(file.size - _ENDS_BYTES, _ENDS_BYTES))
    data = head if len(head) >= file.size else file.read(0, file.size)
    if len(data) > MAX_BUILT_BYTES:
        return _check(data)
    try:
        document = parse_document(data)
    except ValueError as error:
        return Contents(format=NAME, faults=(_fault(data, error),))
    return Contents(format=NAME, document=document, header_bytes=len(data))


def parse_document(data: bytes) -> Any:
    """Return the JSON document in `data`; raise ValueError where it is none."""
    try:
        return json.loads(data.decode("utf-8"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _check(data: bytes) -> Contents:
    """Check a long document's syntax; one with NaN in it, which msgspec refuses, by its two ends."""
    try:
        _check_syntax(data)
    except (msgspec.MsgspecError, RecursionError):
        if b"NaN" in data or b"Infinity" in data:
            return _look_at_ends(data[:_ENDS_BYTES], data[-_ENDS_BYTES:])
        return Contents(format=NAME, faults=(_fault(data, ValueError("syntax")),))
    return Contents(format=NAME)


def _fault(data: bytes, error: ValueError) -> Fault:
    """A document whose bytes end before its brackets do was cut off; anything else is damaged."""
    if not data.strip(b"\0"):
        return Fault(FindingCode.CONFIG_INVALID, {"problem": "zeros", "size_bytes": len(data)})
    if isinstance(error, UnicodeDecodeError):
        return Fault(FindingCode.CONFIG_INVALID, {"problem": "not_utf8"}, f"byte {error.start}")
    where = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
    cut = not data.rstrip().endswith((b"}", b"]"))
    return Fault(FindingCode.CONFIG_INVALID, {"problem": "cut_off" if cut else "syntax"}, where)


def _look_at_ends(head: bytes, tail: bytes) -> Contents:
    if _recognises(head) and tail.rstrip().endswith((b"}", b"]")):
        return Contents(format=NAME)
    return Contents(format=NAME, faults=(Fault(FindingCode.CONFIG_INVALID, {"problem": "cut_off"}),))


FORMAT = Format(name=NAME, recognises=_recognises, read=_read)
