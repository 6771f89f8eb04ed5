"""Describe what one file of a checkpoint turned out to hold, in the same words for every format.

Invariant: nothing here was executed, unpickled or imported; it was read as bytes.
"""

from collections.abc import Callable, Iterable, Mapping
from math import prod
from typing import Any, Protocol

from msgspec import Struct

from afterall.model import FindingCode, Scalar, Severity


class Readable(Protocol):
    """A file as formats see it; whatever the file system refuses is raised as OSError."""

    @property
    def size(self) -> int:
        """Apparent size in bytes."""

    def read(self, offset: int, length: int) -> bytes:
        """Return at most `length` bytes at `offset`, fewer only at the end."""

    def holes(self) -> tuple[tuple[int, int], ...]:
        """Return the runs of bytes [begin, end) that were never written, as far as the file system tells."""


class Fault(Struct, frozen=True):
    """Something wrong with one file; `where` is a place in it ("byte 8", "key r"), empty for the whole."""

    code: FindingCode
    evidence: dict[str, Scalar] = {}
    where: str = ""
    severity: Severity | None = None


class Tensor(Struct, frozen=True, gc=False):
    """A tensor by its header; `dtype` as safetensors spells it ("BF16", "F32"), "" where unknown."""

    dtype: str
    shape: tuple[int, ...]
    data_offsets: tuple[int, int]
    """First byte and the one behind the last, from where the file's data begin."""

    @property
    def size_bytes(self) -> int:
        """Bytes it takes in the file."""
        return self.data_offsets[1] - self.data_offsets[0]

    @property
    def elements(self) -> int:
        """How many numbers it holds."""
        return prod(self.shape)


class Extent(Struct, frozen=True, gc=False):
    """Bytes [begin, end) of a file that one dtype fills; `crc32` None: none is recorded for them."""

    name: str
    dtype: str
    begin: int
    end: int
    crc32: int | None = None


class Contents(Struct, frozen=True, kw_only=True, gc=False):
    """What a format's reader found in one file."""

    format: str
    is_judged: bool = True
    """False where it cannot be verified without running it, or is larger than is read."""
    faults: tuple[Fault, ...] = ()
    tensors: Mapping[str, Tensor] | None = None
    """By name; None where the format has none or they could not be read."""
    data_begin: int = 0
    """The byte that the tensors' offsets count from."""
    document: Any = None
    """A JSON document, or a format's own record of its structure."""
    header_bytes: int = 0
    """Length of what was decoded: keeping this in memory costs some ten times as much."""


class Format(Struct, frozen=True, kw_only=True):
    """One row of the registry: what a format's files look like, and who reads them."""

    name: str
    recognises: Callable[[bytes], bool]
    """True where a file's first bytes are this format's."""
    read: Callable[[Readable, bytes], Contents]
    """Judge a file, given its first bytes too; total over any bytes, OSError apart."""
    extents: Callable[[Readable, Contents], Iterable[Extent]] | None = None
    """What the values tier reads; None: no values in this format are looked at."""
