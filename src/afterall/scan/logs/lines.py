"""Take a log's record apart: terminal codes, progress bars, prefixes of ranks and loggers, and the text.

Invariant: the text has no control characters that the record's own program did not print as text, and
what was taken away is decoration only; the record itself is kept as it stands.
"""

import re

from msgspec import Struct

from afterall.scan.curves import mark_of
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
      \[(?:default|rank|trainer|worker)?(?P<rank>\d{1,5})(?:\|\d{1,5})?\]:[ ]?
                                                        # [rank0]: of torch, [default0]: of torchrun --tee
    | \ {0,4}(?P<label>\d{1,5}):(?:[ ]|$)               # srun --label
    | \[(?:[\w.@-]{1,200}@)?\d{1,5},(?:mpirank:)?(?P<task>\d{1,6})(?:,[\w.-]{1,80})?\]
      (?:<std(?:out|err|diag)>)?:[ ]?                    # mpirun --tag-output, Open MPI 5's, SageMaker's
    | \((?P<actor>[\w.<>]+[ ]pid=\d+(?:,[ ]ip=[\w.:]+)?)\)[ ]?     # Ray actors
    | \([\w.-]{1,80},[ ](?:rank=(?P<node>\d{1,5}),[ ])?pid=\d{1,12}(?:,[ ]ip=[\w.:]+)?\)[ ]?    # SkyPilot
    | (?!slurm|gpu\d:)                                   # pdsh, as DeepSpeed's launcher calls it
      (?:(?:\d{1,3}\.){3}\d{1,3}|localhost|(?:[a-z0-9]{1,20}-){0,4}(?:node|worker|host|compute|server
         |nid|ip|dgx|hgx|gpu|cn|[ahv][12]00)-?\d[a-z0-9-]{0,40}(?:\.[a-z0-9.-]{1,80})?):(?:[ ]|$)
    | (?:DEBUG|INFO|WARNING|ERROR|CRITICAL):[\w.]+:      # logging.basicConfig
    | \[(?:DEBUG|INFO|WARNING|ERROR|CRITICAL)(?:\|[^\]|]{1,200})?\][ ]    # and transformers' loggers
      (?:\d{4}-\d\d-\d\d[ ]\d\d:\d\d:\d\d,\d{3}[ ]>>[ ])?
    | [IWEF]\d{4}[ ]\d\d:\d\d:\d\d\.\d{6}[ ]+\d+[ ][\w.-]{1,80}:\d+\][ ]    # absl, glog
    | \[(?:\d\d/\d\d/\d\d[ ])?\d\d:\d\d:\d\d(?:\.\d{1,6})?\][ ]+    # rich, DeiT's and MAE's print
      (?:(?:DEBUG|INFO|WARNING|ERROR|CRITICAL)[ ]+)?
    | (?:DEBUG|INFO|WARNING|ERROR)[ ]\d\d-\d\d[ ]\d\d:\d\d:\d\d[ ]\[[\w./-]{1,80}:\d+\](?:[ ]|$)    # vLLM
    | \[pod/[\w./-]{1,200}\][ ]                          # kubectl logs --prefix
    | (?!epoch|step|iter|batch|fold|stage|phase)[a-z][a-z0-9_-]{0,80}[_-]\d{1,3}[ ]{1,20}\|[ ]  # docker
    | \[?\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?\]?
      (?:[ ]std(?:out|err)[ ][FP](?=[ ]))?              # Kubernetes' files
      (?:[ ]\|[ ]\w+[ ]+\|[ ]\S{1,200}[ ]-[ ]            # loguru
        |(?:\[[^\]]{0,200}\]|[ ]-[ ][\w.]+(?=[ ]-[ ]))*  # logging, Hydra
         [ ]*(?:\[?(?:DEBUG|INFO|WARNING|ERROR|CRITICAL)\]?)?[ ]*(?:[-:|][ ])?)
    """,
    re.VERBOSE,
)


class Line(Struct):
    """One record of a log.

    `number` is its 1-based line (None after a skipped middle), `offset` its first byte in the file,
    `is_complete` False for words at the file's end without a line end, which may be half of what was meant.
    """

    raw: bytes
    number: int | None
    offset: int
    is_complete: bool = True
    _text: str | None = None
    """None until somebody asks for it: most records of bars are taken by their bytes."""
    _label: str = ""

    @property
    def text(self) -> str:
        """Its words without decoration."""
        if self._text is None:
            self._label, self._text = clean(self.raw)
        return self._text

    @property
    def drawn(self) -> str:
        """Its words without prefixes and terminal codes, with the bar that may stand before them."""
        return _unprefixed(strip_codes(self.raw).decode("utf-8", "replace").rstrip())[1]

    @property
    def label(self) -> str:
        """The rank or actor that printed it, "" where none is told."""
        if self._text is None:
            self._label, self._text = clean(self.raw)
        return self._label

    @property
    def where(self) -> str:
        """Its place in the file, for people."""
        return f"byte {self.offset}" if self.number is None else f"line {self.number}"

    @property
    def mark(self) -> int:
        """Its place in the file as a number: the line, or the byte where lines were not counted."""
        return mark_of(self.offset, self.number)


def line_in(block: Block, position: int, since: int = 0) -> tuple[Line, int]:
    """Return the record of `block` that holds `position`, and where the next one starts.

    `since` is where a record starts, this one or one before it.
    """
    return line_between(block, *block.record_at(position, since))


def line_between(block: Block, start: int, end: int) -> tuple[Line, int]:
    """Return the record from `start` to the byte at `end` that ends it, and where the next one starts."""
    data = block.data
    raw = data[start : min(end, start + TEXT_BYTES)]
    is_complete = end < len(data) and len(raw) == end - start
    return Line(raw, block.line_at(start), block.offset + start, is_complete), end + 1


def clean(raw: bytes) -> tuple[str, str]:
    """Return label and text of a record: the text without terminal codes, a bar before it, and prefixes."""
    return _unprefixed(printed(raw))


def printed(raw: bytes) -> str:
    """Return the words of a record: without terminal codes, and without a bar that other words follow."""
    if not raw or raw.isspace():
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
        label = next(filter(None, found.groups()), label)
        text = text[found.end() :]
    return label, text
