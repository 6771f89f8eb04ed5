"""Take a log's record apart: terminal codes, progress bars, prefixes of ranks and loggers, and the text.

Invariant: the text has no control characters that the record's own program did not print as text, and
what was taken away is decoration only; the record itself is kept as it stands.
"""

import re

from msgspec import Struct

from afterall.scan.logs.blocks import Block

TEXT_BYTES = 1 << 16
"""What a reader sees of one record."""

# CSI, OSC and two-byte escape sequences, ECMA-48.
_ANSI = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])")
# tqdm's bar as far as its closing bracket; every count is bounded so that no text takes long to refuse.
_BAR = re.compile(rb"^.*?\d{1,12}/\d{1,12} \[\d{1,4}:\d\d(?::\d\d)?<[^\]]{0,400}\]")
_EMPTY_BAR = re.compile(rb"^\s{0,8}\d{1,12}it \[\d\d:\d\d, [^\]]{0,40}\]")
_PREFIXES = re.compile(
    r"""
      \[(?:default|rank)?(?P<rank>\d{1,5})\]:[ ]?       # [rank0]: of torch, [default0]: of torchrun --tee
    | \ {0,4}(?P<label>\d{1,5}):[ ]                     # srun --label
    | \((?P<actor>[\w.<>]+[ ]pid=\d+(?:,[ ]ip=[\w.:]+)?)\)[ ]?     # Ray actors
    | (?:DEBUG|INFO|WARNING|ERROR|CRITICAL):[\w.]+:      # logging.basicConfig
    | \[?\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?\]?
      (?:[ ]\|[ ]\w+[ ]+\|[ ]\S{1,200}[ ]-[ ]            # loguru
        |(?:\[[^\]]{0,200}\]|[ ]-[ ][\w.]+(?=[ ]-[ ]))*  # logging, Hydra
         [ ]*(?:\[?(?:DEBUG|INFO|WARNING|ERROR|CRITICAL)\]?)?[ ]*(?:[-:|][ ])?)
    """,
    re.VERBOSE,
)


class Line(Struct, frozen=True):
    """One record of a log.

    `number` is its 1-based line (None after a skipped middle), `offset` its first byte in the file,
    `label` the rank or actor that printed it ("" where none is told), `is_complete` False for words at the
    file's end without a line end, which may be half of what was meant.
    """

    raw: bytes
    number: int | None
    offset: int
    text: str
    label: str = ""
    is_complete: bool = True

    @property
    def where(self) -> str:
        """Its place in the file, for people."""
        return f"byte {self.offset}" if self.number is None else f"line {self.number}"

    @property
    def mark(self) -> int:
        """Its place in the file as a number: the line, or the byte where lines were not counted."""
        return self.offset if self.number is None else self.number


def line_in(block: Block, position: int) -> tuple[Line, int]:
    """Return the record of `block` that holds `position`, and where the next one starts."""
    data = block.data
    start, end = block.record_at(position)
    raw = data[start : min(end, start + TEXT_BYTES)]
    label, text = clean(raw)
    is_complete = end < len(data) and len(raw) == end - start
    return Line(raw, block.line_at(start), block.offset + start, text, label, is_complete), end + 1


def clean(raw: bytes) -> tuple[str, str]:
    """Return label and text of a record: the text without terminal codes, a bar before it, and prefixes."""
    return _unprefixed(printed(raw))


def printed(raw: bytes) -> str:
    """Return the words of a record: without terminal codes, and without a bar that other words follow."""
    if raw.isspace():
        return ""
    plain = strip_codes(raw)
    bar = (_BAR.match(plain) or _EMPTY_BAR.match(plain)) if b" [" in plain else None
    if bar is not None and plain[bar.end() :].strip():
        plain = plain[bar.end() :]
    return plain.decode("utf-8", "replace").rstrip()


def strip_codes(raw: bytes) -> bytes:
    """Return a record without terminal codes and NUL bytes."""
    if b"\x1b" in raw:
        raw = _ANSI.sub(b"", raw)
    return raw.replace(b"\0", b"") if b"\0" in raw else raw


def _unprefixed(text: str) -> tuple[str, str]:
    """Take prefixes away, at most four: srun's before torch's before a logger's before its time."""
    label = ""
    for _ in range(4):
        found = _PREFIXES.match(text)
        if found is None:
            break
        label = found["rank"] or found["label"] or found["actor"] or label
        text = text[found.end() :]
    return label, text
