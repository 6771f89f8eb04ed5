"""Define what reads a log: it names the literals it waits for and is handed the lines that hold one."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from afterall.scan.logs.blocks import Block
from afterall.scan.logs.lines import Line
from afterall.scan.traces import Trace


class LineReader(ABC):
    """Reads one log's lines of one kind, front to back; whoever derives from it keeps its memory bounded."""

    triggers: Sequence[bytes] = ()
    """A line with none of these is only handed over while `wants_next`."""
    leader: "LineReader | None" = None
    """The reader by which alone this one may come to want a line that holds none of its literals."""

    @property
    def wants_next(self) -> bool:
        """True while every following line is wanted, as within a traceback."""
        return False

    def read_block(self, block: Block) -> None:  # noqa: B027 (most do not override it)
        """See a whole block before its lines are handed over; most readers have no use for it."""

    def wakes(self, found: Sequence[bytes]) -> bool:
        """Tell whether a block that holds these of the triggers has a line for this reader."""
        return bool(found) or self.wants_next

    def read_at(self, block: Block, start: int) -> int:
        """Take the records from `start` on together, as `read` would take each, if they are of a usual form.

        Returns where the next record starts: `start` itself where nothing was taken, as most readers do.
        """
        return start

    @abstractmethod
    def read(self, line: Line) -> None:
        """Take one line. It may be anything, cut off, or from another program."""

    @classmethod
    def follows(cls) -> bool:
        """Tell whether readers of this kind ever want the next line."""
        return cls.wants_next is not LineReader.wants_next


class TraceReader(LineReader):
    """Reads what one trainer or logger prints of a run."""

    is_guess = False
    """True: wanted only as long as no reader that knows its format has read a training step."""

    @property
    def has_trained(self) -> bool:
        """True once a training step, a loss or the trainer's last line was read."""
        return False

    @property
    def restarts(self) -> int:
        """How often another run of the same job began where no banner told; only the last one counts."""
        return 0

    @abstractmethod
    def trace(self) -> Trace | None:
        """Return what was read; None where nothing of its kind was in the log."""
