"""Know Axolotl by its loggers and its list of libraries; what it logs of training is HF Trainer's.

Format: `[2025-11-06 11:25:10,069] [INFO] [axolotl.train.save_trained_model:228] [PID:859953] [RANK:0] …`;
until 0.9 below `**** Axolotl Dependency Versions *****` right-aligned `transformers: 4.46.0     `, to a line
of asterisks. A run's own `debug.log`, since 0.10, holds what it printed: a copy of its log.
Source: axolotl 0.3 to 0.12, cli/art.py, logging_config.py.
"""

import re
from collections.abc import Sequence
from typing import IO

from afterall.model import Entry, Fact, Source
from afterall.scan.logs.bars import Bars
from afterall.scan.logs.lines import Line
from afterall.scan.logs.reader import TraceReader
from afterall.scan.provenance import version_of
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.trainer import TraceFiles, Trainer, beside, newest

NAME = "axolotl"
_HEAD = "**** Axolotl Dependency Versions"
_LOGGER = re.compile(rb"\[axolotl\.[\w.]{1,100}(?::\d{1,6})?\]")
_VERSION = re.compile(r"\s{0,20}([\w-]{1,30}): (\S{1,40})\s{0,20}")
_MOST_BYTES = 1 << 20
_BESIDE = frozenset({"training_args.bin", "trainer_state.json", "adapter_config.json"})


class AxolotlLines(TraceReader):
    """Reads one run's list of libraries, and whether Axolotl speaks at all."""

    triggers = (b"[axolotl.", _HEAD.encode())

    def __init__(self, name: str, _: Bars) -> None:
        self._name = name
        self._first: Line | None = None
        self._is_open = False
        self._versions: dict[str, Fact] = {}

    @property
    def wants_next(self) -> bool:
        """True within the list."""
        return self._is_open

    def read(self, line: Line) -> None:
        """Take a logger's line, or one of the list."""
        if _HEAD in line.text:
            self._first, self._is_open = self._first or line, True
            return
        if self._is_open:
            found = _VERSION.fullmatch(line.text)
            self._is_open = found is not None
            if found is not None and line.is_complete:
                self._versions |= version_of(found[1], found[2], Source(self._name, line.where))
        if self._first is None and _LOGGER.search(line.raw):
            self._first = line

    def trace(self) -> Trace | None:
        """Return the versions; None where Axolotl printed nothing."""
        return None if self._first is None else _trace(self._name, self._versions)


def read_debug_log(file: IO[bytes], name: str) -> Trace | None:
    """Return that Axolotl ran, where a debug.log has its loggers at its beginning."""
    return _trace(name, {}) if _LOGGER.search(file.read(_MOST_BYTES)) else None


def _trace(name: str, versions: dict[str, Fact]) -> Trace:
    return Trace(trainer=NAME, origin=Origin.LOG, file=name, provenance=versions)


def _choose(entries: Sequence[Entry]) -> Sequence[Entry]:
    return newest(beside([entry for entry in entries if entry.name == "debug.log"], entries, _BESIDE))


AXOLOTL = Trainer(
    name=NAME,
    lines=(AxolotlLines,),
    files=(TraceFiles(choose=_choose, read=read_debug_log, may_be_empty=True),),
    transcripts=(_choose,),
    builds_on="huggingface",
)
