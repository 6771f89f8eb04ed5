"""Read the blocks that HF's `Trainer.log_metrics` prints when training or validation ends.

Format: below the head, lines of an indented key, ` = ` and a value with four decimals, a time as h:mm:ss.ss.
"""

import re
from collections.abc import Sequence

from afterall.model import Evidence, Fact, Source
from afterall.scan.curves import Rounding
from afterall.scan.logs.bars import Bars
from afterall.scan.logs.lines import Line
from afterall.scan.logs.reader import TraceReader
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.huggingface_state import NAME
from afterall.scan.trainers.rows import Rows, number_in

_HEADS = (b"***** train metrics *****", b"***** eval metrics *****")
_LOSS = b"{'loss': "
_HEAD = re.compile(r"\*{5} (train|eval) metrics \*{5}$")
_ENTRY = re.compile(r"\s{1,8}([\w/. ()@-]{1,80}?)\s{0,80}=\s{1,80}(\S[^\r\n]{0,40})$")
_TIME = re.compile(r"(?:(\d{1,5}) days?, )?(\d{1,4}):(\d\d):(\d\d(?:\.\d+)?)$")


class MetricsBlocks(TraceReader):
    """Reads the last block of each kind."""

    triggers = (*_HEADS, _LOSS)

    def __init__(self, name: str, _: Bars) -> None:
        self._name = name
        self._is_open = False
        self._kind = ""
        self._done: Line | None = None
        self._values: dict[str, tuple[float, int]] = {}
        self._epochs: Fact | None = None

    @property
    def wants_next(self) -> bool:
        """True within a block."""
        return self._is_open

    def wakes(self, found: Sequence[bytes]) -> bool:
        """A loss means nothing where no block came before it."""
        return self._is_open or self._done is not None or not set(found).isdisjoint(_HEADS)

    def read(self, line: Line) -> None:
        """Take a head or an entry; anything else ends the block. A loss below one is another run's."""
        if self._done is not None and "{'loss': " in line.text:
            self._done, self._values, self._epochs = None, {}, None
        head = _HEAD.search(line.text) if b"*" in line.raw else None
        entry = None if head or not self._is_open else _ENTRY.match(line.text)
        self._is_open = head is not None or entry is not None
        if head is not None:
            self._kind = head[1]
            self._done = line if self._kind == "train" else self._done
        elif entry is not None and line.is_complete:
            number = _seconds(entry[2]) if entry[1].endswith("_runtime") else number_in(entry[2])
            if number is not None and entry[1] != "epoch":
                self._values[entry[1]] = (number, line.mark)
            elif number is not None and self._kind == "train":
                self._epochs = Fact(number, Source(self._name, line.where))

    def trace(self) -> Trace | None:
        """Return the blocks' values; None where there was no block."""
        if not self._values:
            return None
        rows = Rows("line {}", Rounding(decimals=4))
        # A train block's train_loss is the mean over the run, also where the log was cut above its runtime.
        names: dict[str, object] = {**dict.fromkeys(self._values), "total_flos": None}
        for name, (number, mark) in self._values.items():
            rows.add_last({**names, name: number}, mark)
        done = self._done
        return Trace(
            trainer=NAME,
            origin=Origin.TERMINAL_SUMMARY,
            file=self._name,
            curves=rows.curves,
            facts={} if self._epochs is None else {"epochs": self._epochs},
            evidence=() if done is None else (Evidence("done_line", True, Source(self._name, done.where)),),
        )


def _seconds(text: str) -> float | None:
    found = _TIME.match(text)
    if found is None:
        return number_in(text)
    days, hours, minutes, seconds = found.groups()
    return int(days or 0) * 86400 + int(hours) * 3600 + int(minutes) * 60 + float(seconds)
