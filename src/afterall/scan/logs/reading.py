"""Read a log in one pass: what trainers printed, which lines explain an end, and where one job's part ends.

Invariant: memory does not grow with the log. Parts are in the order of the file; the last one is that of the
job that wrote last.
"""

from collections.abc import Callable, Sequence
from typing import IO

from msgspec import Struct

from afterall.model import Finding, FindingCode
from afterall.scan.logs.bars import Bars
from afterall.scan.logs.blocks import Block, read_blocks
from afterall.scan.logs.borders import beginnings
from afterall.scan.logs.findings import line_findings
from afterall.scan.logs.handing import hand_over
from afterall.scan.logs.hits import HitReader
from afterall.scan.logs.reader import TraceReader
from afterall.scan.logs.tracebacks import TracebackReader
from afterall.scan.traces import Trace

MOST_PARTS = 16
"""Of a log with more parts the first and the last ones are kept."""
_ENDED_BY_SLURM = frozenset(
    {
        FindingCode.LINE_TIME_LIMIT,
        FindingCode.LINE_PREEMPTED,
        FindingCode.LINE_CANCELLED,
        FindingCode.LINE_NODE_FAILURE,
    }
)

MakeReaders = Callable[[str, Bars], Sequence[TraceReader]]
"""Makes the readers for one part of the log of this name, which share its progress bars."""


class LogPart(Struct, kw_only=True):
    """What one job, or one run within a job, left in a log."""

    traces: tuple[Trace, ...]
    findings: tuple[Finding, ...]
    has_trained: bool
    job_id: str | None = None
    restarts: int = 0
    is_read_whole: bool = True
    """False where the log is so large that its middle was skipped."""


class _Part:
    """One part while it is read."""

    def __init__(self, name: str, make_readers: MakeReaders) -> None:
        self._name = name
        self._bars = Bars()
        self._tracebacks = TracebackReader()
        self._hits = HitReader(self._tracebacks)
        self._traces = list(make_readers(name, self._bars))
        self.job_id: str | None = None
        self.is_read_whole = True

    @property
    def has_trained(self) -> bool:
        return any(reader.has_trained for reader in self._traces)

    def ends_before(self, job_id: str | None) -> bool:
        """Tell whether a line that begins a run begins another one than this."""
        if job_id is not None and self.job_id is not None and job_id != self.job_id:
            return True
        ended = not _ENDED_BY_SLURM.isdisjoint(self._hits.hits)
        return ended or (job_id is None and self.has_trained)

    def read(self, block: Block) -> None:
        if not block.data:
            return
        self.is_read_whole = self.is_read_whole and block.first_line is not None
        self._bars.read_block(block)
        for reader in self._traces:
            reader.read_block(block)
        known = [reader for reader in self._traces if not reader.is_guess]
        for reader in known:
            hand_over(block, [reader])
        hand_over(block, [self._tracebacks, self._hits])
        if self.has_trained:
            self._traces = known
        else:
            for reader in self._traces:
                if reader.is_guess:
                    hand_over(block, [reader])

    def close(self) -> LogPart:
        readers = [reader for reader in self._traces if not (reader.is_guess and self.has_trained)]
        return LogPart(
            traces=tuple(trace for reader in readers if (trace := reader.trace()) is not None),
            findings=tuple(line_findings(self._hits, self._tracebacks, self._name)),
            has_trained=self.has_trained,
            job_id=self.job_id,
            restarts=max((reader.restarts for reader in self._traces), default=0),
            is_read_whole=self.is_read_whole,
        )


def read_log(file: IO[bytes], name: str, make_readers: MakeReaders) -> tuple[LogPart, ...]:
    """Return the parts of a log, at least one; raise OSError where reading fails."""
    parts: list[LogPart] = []
    part = _Part(name, make_readers)
    for block in read_blocks(file):
        position = 0
        for start, job_id in beginnings(block):
            part.read(block.part(position, start))
            position = start
            if part.ends_before(job_id):
                parts = [*parts, part.close()]
                if len(parts) > MOST_PARTS:
                    del parts[MOST_PARTS // 2]
                part = _Part(name, make_readers)
            part.job_id = job_id or part.job_id
        part.read(block.part(position, len(block.data)) if position else block)
    return (*parts, part.close())
