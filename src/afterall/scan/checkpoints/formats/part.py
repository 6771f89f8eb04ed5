"""View a run of a file's bytes as a file of its own: an archive that lies in another file.

Invariant: nothing outside of the run is read, and what the two ends of a small archive hold is read once.
"""

from afterall.scan.checkpoints.formats.contents import Readable

HEAD_BYTES = 4096
"""An archive of one tensor has its pickle and the headers of its first records in these."""
_TAIL_BYTES = 22 + 65535
"""As far from the end as an archive's directory may end: with a comment of the greatest length."""


class Part:
    """Bytes [begin, begin + size) of a file."""

    def __init__(self, file: Readable, begin: int, size: int) -> None:
        self.size = size
        self._file = file
        self._begin = begin
        self._head = file.read(begin, size if size <= HEAD_BYTES + _TAIL_BYTES else HEAD_BYTES)
        self._tail = b""

    def read(self, offset: int, length: int) -> bytes:
        """Return at most `length` bytes at `offset` of the run, fewer only at its end; raises OSError."""
        end = min(offset + length, self.size)
        if end <= len(self._head):
            return self._head[offset:end]
        tail_begin = self.size - _TAIL_BYTES
        if offset < tail_begin:
            return self._file.read(self._begin + offset, end - offset)
        if not self._tail:
            self._tail = self._file.read(self._begin + tail_begin, _TAIL_BYTES)
        return self._tail[offset - tail_begin : end - tail_begin]

    def holes(self) -> tuple[tuple[int, int], ...]:
        """Return no holes: those of the whole file are told with it."""
        return ()
