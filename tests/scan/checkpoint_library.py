"""Ask the safetensors library and our own reader about the same bytes.

Invariant: both are handed the whole file, and neither hands back more than its verdict.
"""

from collections.abc import Callable

from safetensors import SafetensorError, deserialize

from afterall.scan.checkpoints.formats.header import Refusal, judge_header, judge_prefix

LIBRARY: Callable[[bytes], object] = deserialize
"""The library's own reader, which has no annotations."""


def library_accepts(data: bytes) -> bool:
    """Return whether the safetensors library reads these bytes."""
    try:
        LIBRARY(data)
    except SafetensorError:
        return False
    return True


def refusal(data: bytes) -> Refusal | None:
    """Return why our own judgement of prefix and header refuses these bytes, None where it lets them pass."""
    length = judge_prefix(data[:8], len(data))
    if isinstance(length, Refusal):
        return length
    return judge_header(data[8 : 8 + length], len(data) - 8 - length).refusal


def we_accept(data: bytes) -> bool:
    """Return whether our own judgement lets these bytes pass."""
    return refusal(data) is None


def tensor(**fields: str) -> str:
    """Return the JSON of a header with one tensor of four bytes, `fields` put in as they are written."""
    written = {"dtype": '"F32"', "shape": "[1]", "data_offsets": "[0,4]"} | fields
    return '{"a":{' + ",".join(f'"{key}":{value}' for key, value in written.items()) + "}}"
