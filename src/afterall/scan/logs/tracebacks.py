"""Read Python tracebacks: the exception's line, the innermost frame of the user's code, the rank.

Invariant: one finding a log, quoting the guilty one (`blame`). Of a chain the last exception is the one that
ended the program, and the first is named beside it; of an exception group its last member is taken. What
Python ignored, as in a destructor or in `logging`, is no failure. At most MOST_OPEN ranks are followed at a
time.

A program that cannot be parsed has no traceback, only the place, the code with a caret below it, and the
exception: its place is the frame. One whose arguments argparse refused has no more than argparse's line; of
what Hydra tells instead of a traceback see `compact_errors`.
"""

import re

from msgspec import Struct

from afterall.model import FindingCode
from afterall.scan.logs.blame import guilty_of
from afterall.scan.logs.compact_errors import BEGINS, ENDS, CompactErrors
from afterall.scan.logs.lines import Line
from afterall.scan.logs.reader import LineReader
from afterall.scan.logs.telling import Hit, Traceback

MOST_OPEN = 64
MOST_LINES = 2000
MOST_KEPT = 16
MOST_CONTINUED = 12
"""How many lines below an exception's first line its message may go on."""

_START = "Traceback (most recent call last)"
# Its own line: nothing quoted before it, nothing behind it but the border of rich's box.
_BEGINS = re.compile(
    r"[^\"'{}`]{0,200}Traceback \(most recent call last\)(?P<plain>:)?"
    r"(?P<box>(?(plain)|[ ─-]{1,200}[╮+]))\s*$"
)
# Of what a worker process of torch raised: printed behind the exception that came of it.
_ORIGIN = "Original Traceback"
_FRAME = re.compile(
    r' {0,40}File "(?P<file>[^"\n]{1,1000})", line (?P<line>\d{1,9})(?:, in (?P<name>[^\n]{1,200}))?'
)
_BOXED_FRAME = re.compile(r"[│|] (?P<file>/[^:\n]{1,1000}):(?P<line>\d{1,9}) in \S")
_BOX_ENDS = re.compile(r"[╰+][─-]{3}")
# The margin that a member of an exception group stands behind.
_MARGIN = re.compile(r" {1,200}\| ")
# An exception's line: a capitalised or dotted name. Lines of other programs between the frames are neither.
_ENDING = re.compile(
    r"(?!(?:DEBUG|INFO|NOTE|WARNING|ERROR|CRITICAL|FATAL)\b)(?:(?:\w{1,80}\.){1,12}\w{1,80}|[A-Z]\w{0,100})(?::|$)"
)
_USUAL = re.compile(r"[\w.]*(?:Error|Exception|Exit|Interrupt|Warning|Timeout|Failure|Abort)\w{0,20}(?::|$)")
_WITHOUT_START = re.compile(r"(?:SyntaxError|IndentationError|TabError): ")
_NOT_PARSED_LINES = 3
"""How far below its place a SyntaxError stands that has no traceback: below the code and the caret."""
_NOT_PARSED_BYTES = 1 << 13
# argparse's error(): the program's name, a subcommand perhaps, and why.
_USAGE = re.compile(
    r"[\w.+/-]{1,200}(?: [\w-]{1,40}){0,2}: error: (?:unrecognized arguments: |ambiguous option: "
    r"|the following arguments are required: |one of the arguments |argument [^:\n]{1,200}: )"
)
_MOST_BLANK = 3
"""How far below an exception's name its message may begin."""
_CHAINED = re.compile(r"During handling of the above exception, |The above exception was the direct cause ")
_IGNORED = re.compile(r"Exception ignored |--- Logging error ---")
# Code that a user did not write: installed packages, the standard library, frames without a file.
_FOREIGN = re.compile(r"/site-packages/|/dist-packages/|/lib(?:64)?/python\d|/lib/python|^<|/bin/[\w.-]+$")
_NO_REASONS = frozenset({FindingCode.LINE_FILE_MISSING, FindingCode.LINE_WANDB})
"""Lines that are too often handled to be the reason of an exception that was raised meanwhile."""
_ROOT_CAUSE = "Root Cause (first observed failure):"
_RANK = re.compile(r"\s*rank\s*:\s*(\d{1,6})\b")
_EXIT_CODE = re.compile(r"\s*exitcode\s*:\s*(-?\d{1,6})\b")


class _Open(Struct):
    """A traceback whose end was not read yet."""

    start: Line
    root: Traceback | None = None
    hit: Hit | None = None
    is_ignored: bool = False
    is_boxed: bool = False
    frame: str = ""
    lines: int = 0
    frames: int = 0
    was_code: bool = False
    """True where the line before was a frame or indented code, which an exception's line follows."""


class TracebackReader(LineReader):
    """Reads every traceback of a log, several ranks at once, and torchrun's root cause block."""

    triggers = (
        *(_START.encode(), _ROOT_CAUSE.encode(), b"Exception ignored ", b"--- Logging error ---"),
        *(b"above exception", b"SyntaxError: ", b"IndentationError: ", b"TabError: ", b'", line '),
        *(b": error: ", BEGINS.encode(), ENDS.encode()),
    )

    def __init__(self) -> None:
        self.count = 0
        self.kept: list[Traceback] = []
        self.rank: str | None = None
        self.exit_code: int | None = None
        self.has_just_ended = False
        self._open: dict[str, _Open] = {}
        self._ended: dict[str, Traceback] = {}
        self._chained: set[str] = set()
        self._ignored: dict[str, int] = {}
        self._not_parsed: dict[str, _Open] = {}
        self._bare: Traceback | None = None
        self._cause_lines = 0
        self._compact = CompactErrors()

    @property
    def wants_next(self) -> bool:
        """True within a traceback or a root cause block, and where a message begins below its exception."""
        return bool(self._open or self._cause_lines or self._bare is not None or self._compact.is_open)

    def read(self, line: Line) -> None:
        """Take one line: a start, a frame, an end, or something printed in between by others."""
        if self._bare is not None:
            self._begin_message(line, self._bare)
        if _ROOT_CAUSE in line.text:
            self._cause_lines = 8
        elif self._cause_lines:
            self._read_cause(line)
        begins = _BEGINS.match(line.text) if _START in line.text else None
        if begins is not None:
            self._compact.close()
            self._begin(line, is_boxed=begins["plain"] is None)
        elif not self._open and (told := self._compact.read(line)) is not None:
            self._tell_compact(*told)
        elif _CHAINED.search(line.text):
            self._chained = {*self._chained, line.label} if len(self._chained) < MOST_OPEN else {line.label}
        elif _IGNORED.match(line.text):
            self._ignored = {**self._ignored, line.label: 2} if len(self._ignored) < MOST_OPEN else {}
        elif line.label in self._open:
            self._continue(line, self._open[line.label])
        elif _WITHOUT_START.match(line.text) and line.is_complete:
            place = self._not_parsed.pop(line.label, None)
            self._finish(line, line.text, place if place and _is_near(place.start, line) else _Open(line))
        elif _USAGE.match(line.text) and line.is_complete:
            self._finish(line, line.text, _Open(line), is_usage=True)
        elif (frame := _FRAME.fullmatch(line.text)) is not None and frame["name"] is None:
            place = _Open(line, frame=_users(frame))
            self._not_parsed = {**self._not_parsed, line.label: place} if self._has_room(line) else {}

    def ended_at(self, line: Line) -> Traceback | None:
        """Return the traceback whose exception stands in this line."""
        ended = self._ended.get(line.label)
        return ended if ended is not None and ended.end.offset == line.offset else None

    def continued_at(self, line: Line) -> Traceback | None:
        """Return the traceback whose exception's message may still go on in this line."""
        ended = self._ended.get(line.label)
        if ended is None or line.number is None or ended.end.number is None:
            return None
        return ended if line.number - ended.end.number <= MOST_CONTINUED else None

    def guilty(self) -> Traceback | None:
        """Return the traceback that tells why the program ended; None where there is none."""
        return guilty_of(self.kept, self.rank, self.exit_code)

    def _begin(self, line: Line, *, is_boxed: bool) -> None:
        if line.label not in self._open and len(self._open) >= MOST_OPEN:
            return
        is_ignored = self._ignored.pop(line.label, 0) > 0
        opened = _Open(line, is_ignored=is_ignored, is_boxed=is_boxed)
        self._open[line.label] = opened
        is_chained = line.label in self._chained
        self._chained.discard(line.label)
        ended = self._ended.get(line.label)
        if ended is None or ended.is_ignored or is_ignored or _ORIGIN in line.text:
            return
        if is_chained or _is_next(ended, line):
            opened.root = ended.root or ended
        if is_chained and ended.hit is not None and ended.hit.signature.code not in _NO_REASONS:
            opened.hit = ended.hit

    def _continue(self, line: Line, opened: _Open) -> None:
        opened.lines += 1
        margin = _MARGIN.match(line.text)
        text = line.text if margin is None else line.text[margin.end() :]
        frame = (_BOXED_FRAME if opened.is_boxed else _FRAME).match(text)
        if frame is not None:
            opened.frames += 1
            opened.frame = _users(frame) or opened.frame
        has_ended = frame is None and _is_end(text, opened)
        opened.was_code = (
            frame is not None or text[:1] in (" ", "│", "╰") or _BOX_ENDS.match(text) is not None
        )
        if has_ended and line.is_complete:
            self._finish(line, text, opened)
        if has_ended or opened.lines > MOST_LINES:
            self._open.pop(line.label, None)

    def _begin_message(self, line: Line, bare: Traceback) -> None:
        """Take the first words of a message that begins with a line's end."""
        far = line.number is None or bare.end.number is None or line.number - bare.end.number > _MOST_BLANK
        if far or (line.text and line.label == bare.end.label):
            self._bare = None
            if not far and line.is_complete and _START not in line.text and line.text.strip("=- "):
                bare.message = f"{bare.message} {line.text.strip()}"

    def _finish(self, line: Line, message: str, opened: _Open, *, is_usage: bool = False) -> None:
        ended = Traceback(
            *(opened.start, line, message, opened.frame, opened.root, opened.hit, opened.is_ignored),
            is_usage=is_usage,
        )
        self._bare = ended if message.endswith(":") else None
        if len(self._ended) < MOST_OPEN or line.label in self._ended:
            self._ended[line.label] = ended
        self.has_just_ended = True
        if not ended.is_ignored:
            self._keep(ended)

    def _tell_compact(self, line: Line, message: str) -> None:
        """Take what Hydra told; its last words alone may stand below the traceback of another exception."""
        if message != ENDS or not self.kept:
            self._keep(Traceback(line, line, message, "", is_compact=True))

    def _keep(self, told: Traceback) -> None:
        self.count += 1
        self.kept.append(told)
        if len(self.kept) > MOST_KEPT:
            # The first ones of each rank tell the cause, the last ones the end; the middle repeats.
            del self.kept[MOST_KEPT // 2]

    def _has_room(self, line: Line) -> bool:
        return line.label in self._not_parsed or len(self._not_parsed) < MOST_OPEN

    def _read_cause(self, line: Line) -> None:
        self._cause_lines -= 1
        rank, code = _RANK.match(line.text), _EXIT_CODE.match(line.text)
        self.rank = rank[1] if rank else self.rank
        self.exit_code = int(code[1]) if code else self.exit_code


def _users(frame: re.Match[str]) -> str:
    """Return file and line of a frame, "" where its code is not the user's."""
    return "" if _FOREIGN.search(frame["file"]) else f"{frame['file']}:{frame['line']}"


def _is_near(place: Line, line: Line) -> bool:
    """Tell whether a place stands close enough above a line to be that of its SyntaxError."""
    if line.number is None or place.number is None:
        return line.offset - place.offset <= _NOT_PARSED_BYTES
    return line.number - place.number <= _NOT_PARSED_LINES


def _is_next(ended: Traceback, line: Line) -> bool:
    """Tell whether a traceback begins right behind the last one of its rank."""
    return line.number is not None and ended.end.number is not None and line.number - ended.end.number <= 2


def _is_end(text: str, opened: _Open) -> bool:
    """Tell whether a line is an exception's: by its form, and by its name or by what came before it."""
    if _ENDING.match(text) is None:
        return False
    return _USUAL.match(text) is not None or (opened.frames > 0 and opened.was_code)
