"""Read DeepSpeed's launcher, which says of every process it started that it came back without an error.

Format: of each node `[launch.py:152:main] nnodes=1, num_local_procs=2, node_rank=0`, and as its processes
end `[launch.py:285:main] Process 12348 exits successfully.`, once for each; where one fails all are killed.
Source: deepspeed 0.5 to 0.19, launcher/launch.py.

Invariant: nothing is told unless every process of every node and every launch in the log came back.
"""

import re

from afterall.model import Evidence, Source
from afterall.scan.logs.bars import Bars
from afterall.scan.logs.lines import Line
from afterall.scan.logs.reader import TraceReader
from afterall.scan.traces import Origin, Trace

_NODE = re.compile(
    r"\[launch\.py:\d{1,5}:\S{1,20}\] nnodes=(\d{1,6}), num_local_procs=(\d{1,4}), node_rank=\d{1,6}$"
)
_ENDED = re.compile(r"\[launch\.py:\d{1,5}:\S{1,20}\] Process \d{1,9} exits successfully\.$")


class LauncherLines(TraceReader):
    """Counts the processes that were started and those that came back."""

    triggers = (b"num_local_procs=", b" exits successfully.")

    def __init__(self, name: str, _: Bars) -> None:
        self._name = name
        self._of_launch: int | None = None
        """How many nodes a launch has; 0 where two launches differ in it."""
        self._nodes = self._started = self._ended = 0
        self._last: Line | None = None

    def read(self, line: Line) -> None:
        """Take a node's line, or that of a process which came back."""
        if not line.is_complete:
            return
        if found := _NODE.search(line.text):
            of_launch = int(found[1])
            self._of_launch = of_launch if self._of_launch in (None, of_launch) else 0
            self._nodes += 1
            self._started += int(found[2])
        elif _ENDED.search(line.text):
            self._ended += 1
            self._last = line

    def trace(self) -> Trace | None:
        """Return that the program ended by itself; None where that is not certain."""
        if self._last is None or self._started != self._ended or not self._are_all_nodes():
            return None
        ended = Evidence("program_ended", True, Source(self._name, self._last.where))
        return Trace(trainer="deepspeed", origin=Origin.LOG, file=self._name, evidence=(ended,), trains=False)

    def _are_all_nodes(self) -> bool:
        return bool(self._of_launch) and self._nodes % (self._of_launch or 1) == 0
