"""Hold what a pickle describes while it is read: stack, memo and the inert objects it speaks of.

Invariant: nothing is executed. A global stays its two names, a call stays a `Made` of function and
arguments, and no value is hashed or compared deeper than one level.
"""

import struct
from typing import Any

from msgspec import Struct

_MOST_DIGITS = 4000
_MOST_NAME = 1000
_MOST_KEY = 10_000
_MOST_KEY_PARTS = 16
_MOST_KEY_BITS = 4096

MARK = object()
_OPAQUE = "?"


class BrokenPickle(Exception):
    """The bytes are no whole pickle; `problem` says why, `place` is a byte offset."""

    def __init__(self, problem: str, place: int) -> None:
        super().__init__(problem, place)
        self.problem = problem
        self.place = place


class Global(Struct, frozen=True):
    """Something that unpickling would import."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


class Made(Struct, eq=False):
    """An object that unpickling would make by calling `function`; equal only to itself."""

    function: Any
    arguments: Any
    state: Any = None


class Persistent(Struct, eq=False):
    """A reference that only the pickle's owner can resolve: torch's storages."""

    identity: Any


class Pickle(Struct, frozen=True):
    """What a pickle describes; globals and references by first use, `end` is behind its last byte."""

    value: Any
    globals: tuple[Global, ...]
    persistent: tuple[Persistent, ...]
    end: int


class Machine:
    """The stack machine of a pickle; every method raises BrokenPickle where the bytes make no sense."""

    def __init__(self, data: bytes, begin: int) -> None:
        self.data = data
        self.at = begin
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.globals: dict[Global, None] = {}
        self.persistent: list[Persistent] = []

    def take(self, length: int) -> bytes:
        """Return the next `length` bytes."""
        begin = self.at
        if length < 0 or begin + length > len(self.data):
            raise BrokenPickle("cut_off", begin)
        self.at = begin + length
        return self.data[begin : self.at]

    def skip(self, length: int) -> None:
        """Leave out `length` bytes that describe nothing."""
        self.take(length)

    def number(self, layout: struct.Struct) -> Any:
        """Return the next number of this layout."""
        return layout.unpack(self.take(layout.size))[0]

    def line(self) -> str:
        """Return the text up to the next newline."""
        return self.line_bytes().decode("utf-8", "replace")

    def line_bytes(self) -> bytes:
        """Return the bytes up to the next newline."""
        end = self.data.find(b"\n", self.at)
        if end < 0:
            raise BrokenPickle("cut_off", self.at)
        line = self.data[self.at : end]
        self.at = end + 1
        return line

    def counted(self, layout: struct.Struct) -> bytes:
        """Return the bytes whose count stands before them."""
        return self.take(self.number(layout))

    def push(self, value: Any) -> None:
        """Put a value on the stack."""
        self.stack.append(value)

    def pop(self) -> Any:
        """Take the topmost value, never a mark."""
        if not self.stack or self.stack[-1] is MARK:
            raise BrokenPickle("stack_empty", self.at)
        return self.stack.pop()

    def pop_to_mark(self) -> list[Any]:
        """Take everything above the last mark, and the mark."""
        stack = self.stack
        for index in range(len(stack) - 1, -1, -1):
            if stack[index] is MARK:
                items = stack[index + 1 :]
                del stack[index:]
                return items
        raise BrokenPickle("no_mark", self.at)

    def top(self) -> Any:
        """Return the topmost value and leave it."""
        if not self.stack or self.stack[-1] is MARK:
            raise BrokenPickle("stack_empty", self.at)
        return self.stack[-1]

    def refer(self, identity: Any) -> None:
        """Push a reference to something outside of the pickle."""
        found = Persistent(identity)
        self.persistent.append(found)
        self.stack.append(found)

    def recall(self, index: int) -> None:
        """Push what the memo holds under `index`."""
        if index not in self.memo:
            raise BrokenPickle("memo_empty", self.at)
        self.push(self.memo[index])

    def name(self, module: Any, name: Any) -> None:
        """Push a global and note that it was named."""
        found = Global(_name(module), _name(name))
        self.globals[found] = None
        self.push(found)

    def call(self, function: Any, arguments: Any) -> None:
        """Push what calling `function` would make."""
        self.stack.append(_table(arguments) if _makes_table(function) else Made(function, arguments))

    def build(self) -> None:
        """Give the object below the topmost value that value as its state."""
        state = self.pop()
        target = self.top()
        if isinstance(target, Made):
            target.state = state

    def extend(self, items: list[Any]) -> None:
        """Append to the list on top; objects that only act like lists are left alone."""
        target = self.top()
        if isinstance(target, list):
            target.extend(items)

    def update(self, items: list[Any]) -> None:
        """Set alternating keys and values in the table on top."""
        target = self.top()
        if isinstance(target, dict):
            for index in range(0, len(items) - 1, 2):
                target[_key(items[index])] = items[index + 1]


_TABLES = {"collections": ("OrderedDict", "defaultdict"), "builtins": ("dict",), "__builtin__": ("dict",)}


def _makes_table(function: Any) -> bool:
    return type(function) is Global and function.name in _TABLES.get(function.module, ())


def _table(arguments: Any) -> dict[Any, Any]:
    """Return the table that OrderedDict would make of its pairs, if it was given any."""
    pairs = arguments[0] if isinstance(arguments, tuple) and arguments else ()
    if not isinstance(pairs, list):
        return {}
    return {_key(pair[0]): pair[1] for pair in pairs if isinstance(pair, tuple | list) and len(pair) == 2}


def _name(value: Any) -> str:
    """Return a module's or a global's name, cut: names are compared again and again."""
    return value[:_MOST_NAME] if isinstance(value, str) else _OPAQUE


def _key(value: Any) -> Any:
    """Return a key that can be hashed in bounded time and depth; what cannot becomes a key of its own."""
    if isinstance(value, tuple):
        is_plain = len(value) <= _MOST_KEY_PARTS and all(map(_is_plain_key, value))
    else:
        is_plain = _is_plain_key(value) or isinstance(value, Global | Made | Persistent)
    return value if is_plain else Made(value, ())


def _is_plain_key(value: Any) -> bool:
    """Return True for what is hashed and compared at once: no number or text of megabytes."""
    if isinstance(value, int):
        return value.bit_length() <= _MOST_KEY_BITS
    if isinstance(value, str | bytes):
        return len(value) <= _MOST_KEY
    return value is None or isinstance(value, float)


def parse_integer(text: str, at: int) -> int | bool:
    """Return the number of an INT, LONG, GET or PUT line that ends before byte `at`."""
    if text in ("00", "01"):  # protocol 0 spells False and True so
        return text == "01"
    if len(text) > _MOST_DIGITS:
        raise BrokenPickle("no_number", at)
    try:
        return int(text.rstrip("L"))
    except ValueError as error:
        raise BrokenPickle("no_number", at) from error


def parse_float(text: str, at: int) -> float:
    """Return the number of a FLOAT line that ends before byte `at`."""
    try:
        return float(text)
    except ValueError as error:
        raise BrokenPickle("no_number", at) from error
