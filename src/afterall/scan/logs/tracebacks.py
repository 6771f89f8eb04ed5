"""Read Python tracebacks: the exception's line, the innermost frame of the user's code, the rank.

Invariant: one finding a log, quoting the guilty one: with torchrun's root cause known that rank's, else the
last that is not a launcher's report of its child. At most MOST_OPEN ranks are followed at a time.
"""

import re

from msgspec import Struct

from afterall.model import Finding, FindingCode, Scalar, Source
from afterall.scan.logs.hits import quote
from afterall.scan.logs.lines import Line
from afterall.scan.logs.reader import LineReader

MOST_OPEN = 64
MOST_LINES = 2000
MOST_KEPT = 16

_START = "Traceback (most recent call last):"
_FRAME = re.compile(
    r'[ |]{0,40}File "(?P<file>[^"\n]{1,1000})", line (?P<line>\d{1,9})(?:, in (?P<name>[^\n]{1,200}))?'
)
# An exception's line: a capitalised or dotted name. Lines of other programs between the frames are neither.
_ENDING = re.compile(
    r"(?!(?:DEBUG|INFO|NOTE|WARNING|ERROR|CRITICAL|FATAL)\b)(?:(?:\w{1,80}\.){1,12}\w{1,80}|[A-Z]\w{0,100})(?::|$)"
)
# Code that a user did not write: installed packages, the standard library, frames without a file.
_FOREIGN = re.compile(r"/site-packages/|/dist-packages/|/lib(?:64)?/python\d|/lib/python|^<|/bin/[\w.-]+$")
# Launchers that end with a traceback of their own because a child of theirs ended.
_LAUNCHERS = ("ChildFailedError", "CalledProcessError", "ProcessExitedException", "SignalException")
_ROOT_CAUSE = "Root Cause (first observed failure):"
_RANK = re.compile(r"\s*rank\s*:\s*(\d{1,6})\b")
_EXIT_CODE = re.compile(r"\s*exitcode\s*:\s*(-?\d{1,6})\b")


class Traceback(Struct, frozen=True):
    """One finished traceback; `frame` is the innermost frame of the user's own code, "" where none is."""

    start: Line
    end: Line
    message: str
    frame: str

    @property
    def is_launchers(self) -> bool:
        """True for a launcher's own report of a child that ended."""
        return self.message.partition(":")[0].rpartition(".")[2] in _LAUNCHERS


class _Open(Struct):
    """A traceback whose end was not read yet."""

    start: Line
    frame: str = ""
    lines: int = 0


class TracebackReader(LineReader):
    """Reads every traceback of a log, several ranks at once, and torchrun's root cause block."""

    triggers = (_START.encode(), _ROOT_CAUSE.encode())

    def __init__(self) -> None:
        self.count = 0
        self.kept: list[Traceback] = []
        self.rank: str | None = None
        self.exit_code: int | None = None
        self._open: dict[str, _Open] = {}
        self._cause_lines = 0

    @property
    def wants_next(self) -> bool:
        """True within a traceback or a root cause block."""
        return bool(self._open) or self._cause_lines > 0

    def read(self, line: Line) -> None:
        """Take one line: a start, a frame, an end, or something printed in between by others."""
        if _ROOT_CAUSE in line.text:
            self._cause_lines = 8
        elif self._cause_lines:
            self._read_cause(line)
        if _START in line.text:
            self._begin(line)
        elif line.label in self._open:
            self._continue(line, self._open[line.label])

    def finding(self, file: str) -> Finding | None:
        """Return the one finding on all tracebacks of this log; None where there is none."""
        guilty = self._guilty()
        if guilty is None:
            return None
        evidence: dict[str, Scalar] = {"count": self.count, "exception": guilty.message.partition(":")[0]}
        if guilty.frame:
            evidence["frame"] = guilty.frame
        if self.rank is not None:
            evidence |= {"rank": int(self.rank)}
        if self.exit_code is not None:
            evidence["exit_code"] = self.exit_code
        return Finding(
            code=FindingCode.LINE_TRACEBACK,
            subject=file,
            evidence=evidence,
            quote=quote(guilty.message),
            sources=tuple(
                Source(file, where) for where in dict.fromkeys((guilty.end.where, guilty.start.where))
            ),
        )

    def _guilty(self) -> Traceback | None:
        programs = [traceback for traceback in self.kept if not traceback.is_launchers]
        named = [t for t in programs if self.rank is not None and t.start.label == self.rank]
        candidates = named or programs or self.kept
        return candidates[-1] if candidates else None

    def _begin(self, line: Line) -> None:
        if line.label in self._open or len(self._open) < MOST_OPEN:
            self._open[line.label] = _Open(line)

    def _continue(self, line: Line, opened: _Open) -> None:
        opened.lines += 1
        frame = _FRAME.match(line.text)
        if frame is not None:
            if not _FOREIGN.search(frame["file"]):
                opened.frame = f"{frame['file']}:{frame['line']}"
            return
        ended = _ENDING.match(line.text)
        if ended is not None and line.is_complete:
            self._finish(line, opened)
        if ended is not None or opened.lines > MOST_LINES:
            del self._open[line.label]

    def _finish(self, line: Line, opened: _Open) -> None:
        self.count += 1
        self.kept.append(Traceback(opened.start, line, line.text, opened.frame))
        if len(self.kept) > MOST_KEPT:
            # The first ones of each rank tell the cause, the last ones the end; the middle repeats.
            del self.kept[MOST_KEPT // 2]

    def _read_cause(self, line: Line) -> None:
        self._cause_lines -= 1
        rank, code = _RANK.match(line.text), _EXIT_CODE.match(line.text)
        self.rank = rank[1] if rank else self.rank
        self.exit_code = int(code[1]) if code else self.exit_code
