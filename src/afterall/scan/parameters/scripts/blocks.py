"""Follow a script's `if`, `case` and loops, and `&&` and `||`, as far as its text tells which way they go.

Invariant: a branch is skipped only where it is known not to be taken; one that may be taken makes what it
sets unsure; total over any order of keywords.
"""

import re
from collections.abc import Callable
from enum import Enum

from afterall.scan.parameters.scripts.words.patterns import fits

_KEYWORD = re.compile(
    r"\s*(if|then|elif|else|fi|while|until|for|select|do|done|case|esac|function|time|\{|\})(?=\s|$)"
)
_CASE = re.compile(r"\s*(\S.*?)\s+in(?:\s+(.*))?$", re.DOTALL)
LOOPS = frozenset({"for", "select", "while", "until"})
DEEPEST = 50
_CLOSES = {"if": ("fi",), "case": ("esac",), "{": ("}",), "(": ()}


class Way(Enum):
    """Whether what comes next is run."""

    RUN = "run"
    MAYBE = "maybe"
    SKIP = "skip"


class _Frame:
    """One open block; of an `if` or `case`, whether one of its branches was taken already."""

    def __init__(self, kind: str, way: Way, outer: Way, status: bool | None) -> None:
        self.kind = kind
        self.way = way
        self.outer = outer
        """Whether the block as a whole is run, by the `&&` or `||` before it."""
        self.status = status
        """How the command before those ended."""
        self.taken: bool | None = False
        self.condition: bool | None = None
        self.word: str | None = None
        self.falls = False
        """Whether the branch before goes on into the present one: `;&`."""
        self.patterns: list[str] | None = None
        """What a branch of a `case` is to fit, as far as read; None within the branch."""

    def choose(self, fits: bool | None) -> None:
        """Go into a branch that is taken if it `fits` and none before it was."""
        if self.taken is True or fits is False:
            self.way = Way.SKIP
            return
        self.way = Way.RUN if fits and self.taken is False else Way.MAYBE
        self.taken = True if self.way is Way.RUN else None


class Blocks:
    """The open blocks of a script."""

    def __init__(self) -> None:
        self._frames: list[_Frame] = []
        self._gate = Way.RUN
        self._status: bool | None = True
        self._last = ""
        """The operator before the present command."""
        self._is_blank = True
        self.is_behind_pipe = False
        """Whether the present command reads from a pipe."""
        self._defines = False
        """Whether a brace that opens now holds a function, which is run only where it is called."""
        self.opened = ""
        """The loop that the command which was entered last opens, "" for none."""

    @property
    def may_run(self) -> bool:
        """Whether the next command may be run at all."""
        return self._gate is not Way.SKIP and not any(
            Way.SKIP in (frame.way, frame.outer) for frame in self._frames
        )

    @property
    def is_sure(self) -> bool:
        """Whether it surely is."""
        return self._gate is Way.RUN and all(frame.way is frame.outer is Way.RUN for frame in self._frames)

    def enter(self, text: str, end: str, one: Callable[[str], str | None]) -> str:
        """Take the keywords before a command and return the rest of its text; `one` gives a word's value."""
        self.opened = ""
        self._is_blank = not text.strip()
        if not self._is_blank and not text.lstrip().startswith("{"):
            self._defines = False
        while True:
            top = self._frames[-1] if self._frames else None
            keyword = _KEYWORD.match(text)
            if top is not None and top.patterns is not None and (keyword is None or keyword[1] != "esac"):
                self._pattern(top, text.strip(), end, one)
                return ""
            if keyword is None:
                return text
            text = self._take(keyword[1], text[keyword.end() :], one)

    def after(self, status: bool | None, end: str, *, is_test: bool) -> None:
        """Note how a command ends; of an `if` only tests tell which way it goes."""
        self._status = status if self._gate is Way.RUN else None
        if self._frames and self._frames[-1].kind == "if" and end in (";", "\n"):
            is_told = self._gate is Way.RUN and is_test
            self._frames[-1].condition = self._status if is_told else None

    def leave(self, end: str) -> None:
        """Note the operator behind a command."""
        if end in ("&&", "||") and self._status is not None:
            self._gate = Way.RUN if self._status is (end == "&&") else Way.SKIP
        elif end in ("&&", "||"):
            self._gate = Way.MAYBE
        elif end not in ("(", ")"):
            self._gate, self._status = Way.RUN, True
        top = self._frames[-1] if self._frames else None
        if end in (";;", ";;&", ";&") and top is not None and top.kind == "case":
            if end != ";;" and top.way is not Way.SKIP:
                top.taken, top.falls = None, end == ";&"
            top.patterns, top.way = [], Way.RUN
        elif end == "(" and (top is None or top.patterns is None):
            self._open("(", Way.MAYBE)
        elif end == ")" and top is not None and top.kind == "(":
            self._close()
            self._defines = self._last == "(" and self._is_blank
        self.is_behind_pipe = end == "|" or (self.is_behind_pipe and self._is_blank and end == "\n")
        self._last = end

    @property
    def depth(self) -> int:
        """How many blocks are open."""
        return len(self._frames)

    @property
    def is_sure_but_loop(self) -> bool:
        """Whether the loop that was opened last is surely reached."""
        *outer, loop = self._frames
        return loop.outer is Way.RUN and all(frame.way is frame.outer is Way.RUN for frame in outer)

    def open_body(self, *, is_sure: bool = True) -> None:
        """Open what is run in the place of a command: a function, a file, a text."""
        self._open("body", Way.RUN if is_sure else Way.MAYBE)

    def judge_loop(self, depth: int, *, is_sure: bool) -> None:
        """Say of the loop that is the block at a depth whether its body is surely run."""
        if len(self._frames) >= depth:
            self._frames[depth - 1].way = Way.RUN if is_sure else Way.MAYBE

    def doubt_loops(self) -> None:
        """Know of the loops that are open no more that they go on."""
        for frame in self._frames:
            if frame.kind in LOOPS:
                frame.way = Way.MAYBE

    def unwind(self, depth: int) -> None:
        """Close the blocks that were left open deeper than a depth."""
        while len(self._frames) > depth:
            self._close()

    def _take(self, word: str, rest: str, one: Callable[[str], str | None]) -> str:
        """Open, turn or close a block; return what of the text is still a command's."""
        top = self._frames[-1] if self._frames else None
        if word in ("if", "case", "while", "until", "for", "select", "{"):
            is_sure = word in ("if", "case") or (word == "{" and not self._defines)
            frame = self._open(word, Way.RUN if is_sure else Way.MAYBE)
            self._defines = False
            if word == "case":
                return self._case(frame, rest, one)
            self.opened = word if word in LOOPS else self.opened
            return rest
        if word in ("fi", "done", "esac", "}"):
            if top is not None and word in _CLOSES.get(top.kind, ("done",)):
                self._close()
        elif top is not None and top.kind == "if" and word == "then":
            top.choose(top.condition)
        elif top is not None and top.kind == "if" and word == "else":
            top.choose(True)
        elif top is not None and top.kind == "if" and word == "elif":
            top.way, top.condition = (Way.SKIP if top.taken else Way.RUN), None
        elif word == "function":
            self._defines = True
            return rest[rest.find("{") :] if "{" in rest else ""
        return rest

    def _open(self, kind: str, way: Way) -> _Frame:
        """Open a block; of what is nested deeper than any script nothing is sure."""
        frame = _Frame(kind, way, self._gate, self._status)
        self._gate, self._status = Way.RUN, True
        if len(self._frames) < DEEPEST:
            self._frames.append(frame)
        else:
            self._frames[-1].way = Way.MAYBE if self._frames[-1].way is Way.RUN else self._frames[-1].way
        return frame

    def _close(self) -> None:
        """Close a block; how one ends that may have been run is not known."""
        frame = self._frames.pop()
        self._gate = frame.outer
        self._status = frame.status if frame.outer is Way.SKIP else None

    def _case(self, frame: _Frame, rest: str, one: Callable[[str], str | None]) -> str:
        found = _CASE.fullmatch(rest.strip())
        frame.word = one(found[1]) if found is not None and self.may_run else None
        frame.patterns = []
        return (found[2] or "") if found is not None else ""

    def _pattern(self, frame: _Frame, text: str, end: str, one: Callable[[str], str | None]) -> None:
        if text and frame.patterns is not None:
            frame.patterns.append(text)
        if end != ")":
            return
        known = [one(pattern) for pattern in frame.patterns or ()]
        if frame.word is None or None in known or frame.falls:
            frame.choose(None)
        else:
            told = [fits(frame.word, pattern or "") for pattern in known]
            frame.choose(True if True in told else None if None in told else False)
        frame.patterns, frame.falls = None, False
