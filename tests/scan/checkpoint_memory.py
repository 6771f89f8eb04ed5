"""Stand in for an open file: bytes in memory that count how often they were read."""


class Memory:
    """Bytes as formats read them; `holes` are what a sparse file would tell."""

    def __init__(self, data: bytes, holes: tuple[tuple[int, int], ...] = ()) -> None:
        self.data = data
        self.size = len(data)
        self.reads: list[tuple[int, int]] = []
        self._holes = holes

    def read(self, offset: int, length: int) -> bytes:
        """Return the bytes there, and note that they were asked for."""
        assert offset >= 0
        assert length >= 0
        self.reads.append((offset, length))
        return self.data[offset : offset + length]

    def holes(self) -> tuple[tuple[int, int], ...]:
        """Return the holes this file was made with."""
        return self._holes
