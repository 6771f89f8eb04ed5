"""Give every pickle opcode of protocols 0 to 5 its effect on a `Machine`, none of which runs anything.

Invariant: complete against CPython's own list (Lib/pickletools.py), tested so.
"""

import struct
from collections.abc import Callable
from typing import Any

from afterall.scan.checkpoints.formats.pickle_machine import (
    MARK,
    BrokenPickle,
    Machine,
    parse_float,
    parse_integer,
)

Action = Callable[[Machine], None]

_U1, _U2, _I4, _U4, _U8 = (struct.Struct(f"<{code}") for code in "BHiIQ")
_F8 = struct.Struct(">d")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _signed(data: bytes) -> int:
    return int.from_bytes(data, "little", signed=True)


def _constant(value: Any) -> Action:
    return lambda machine: machine.stack.append(value)


def _number(layout: struct.Struct) -> Action:
    return lambda machine: machine.stack.append(machine.number(layout))


def _counted(layout: struct.Struct, decode: Callable[[bytes], Any]) -> Action:
    return lambda machine: machine.stack.append(decode(machine.counted(layout)))


def _line(decode: Callable[[str, int], Any]) -> Action:
    return lambda machine: machine.stack.append(decode(machine.line(), machine.at))


def _quoted(text: str, _: int) -> str:
    return text.strip("'\"")


def _marked(gather: Callable[[list[Any]], Any]) -> Action:
    return lambda machine: machine.stack.append(gather(machine.pop_to_mark()))


def _tuple_of(length: int) -> Action:
    def action(machine: Machine) -> None:
        items = [machine.pop() for _ in range(length)]
        machine.stack.append(tuple(reversed(items)))

    return action


def _memoize(index: Callable[[Machine], int]) -> Action:
    def action(machine: Machine) -> None:
        machine.memo[index(machine)] = machine.top()

    return action


def _recall(index: Callable[[Machine], int]) -> Action:
    return lambda machine: machine.recall(index(machine))


def _line_number(machine: Machine) -> int:
    return int(parse_integer(machine.line(), machine.at))


def _alternate(items: list[Any]) -> dict[Any, Any]:
    machine = Machine(b"", 0)
    machine.stack.append({})
    machine.update(items)
    table: dict[Any, Any] = machine.pop()
    return table


def _pop(machine: Machine) -> None:
    if not machine.stack:
        raise BrokenPickle("stack_empty", machine.at)
    machine.stack.pop()


def _set_item(machine: Machine) -> None:
    value, key = machine.pop(), machine.pop()
    machine.update([key, value])


def _global(machine: Machine) -> None:
    module, name = machine.line(), machine.line()
    machine.name(module, name)


def _stack_global(machine: Machine) -> None:
    name, module = machine.pop(), machine.pop()
    machine.name(module, name)


def _extension(layout: struct.Struct) -> Action:
    # A number that copyreg's registry of the reading program turns into any global.
    return lambda machine: machine.name("copyreg.extension", str(machine.number(layout)))


def _instance(machine: Machine) -> None:
    module, name = machine.line(), machine.line()
    arguments = tuple(machine.pop_to_mark())
    machine.name(module, name)
    machine.call(machine.pop(), arguments)


def _object(machine: Machine) -> None:
    items = machine.pop_to_mark()
    if not items:
        raise BrokenPickle("stack_empty", machine.at)
    machine.call(items[0], tuple(items[1:]))


def _call(machine: Machine) -> None:
    arguments = machine.pop()
    machine.call(machine.pop(), arguments)


def _call_with_keywords(machine: Machine) -> None:
    keywords, arguments = machine.pop(), machine.pop()
    machine.call(machine.pop(), (arguments, keywords))


_BY_OPCODE: dict[bytes, Action] = {
    b"(": lambda machine: machine.stack.append(MARK),
    b"0": _pop,
    b"1": lambda machine: machine.pop_to_mark().clear(),
    b"2": lambda machine: machine.stack.append(machine.top()),
    b"F": _line(parse_float),
    b"I": _line(parse_integer),
    b"J": _number(_I4),
    b"K": _number(_U1),
    b"L": _line(parse_integer),
    b"M": _number(_U2),
    b"N": _constant(None),
    b"P": lambda machine: machine.refer(machine.line()),
    b"Q": lambda machine: machine.refer(machine.pop()),
    b"R": _call,
    b"S": _line(_quoted),
    b"T": _counted(_I4, _text),
    b"U": _counted(_U1, _text),
    b"V": lambda machine: machine.stack.append(machine.line_bytes().decode("raw-unicode-escape", "replace")),
    b"X": _counted(_U4, _text),
    b"a": lambda machine: machine.extend([machine.pop()]),
    b"b": lambda machine: machine.build(),
    b"c": _global,
    b"d": _marked(_alternate),
    b"}": lambda machine: machine.stack.append({}),
    b"e": lambda machine: machine.extend(machine.pop_to_mark()),
    b"g": _recall(_line_number),
    b"h": _recall(lambda machine: int(machine.number(_U1))),
    b"i": _instance,
    b"j": _recall(lambda machine: int(machine.number(_U4))),
    b"l": _marked(list),
    b"]": lambda machine: machine.stack.append([]),
    b"o": _object,
    b"p": _memoize(_line_number),
    b"q": _memoize(lambda machine: int(machine.number(_U1))),
    b"r": _memoize(lambda machine: int(machine.number(_U4))),
    b"s": _set_item,
    b"t": _marked(tuple),
    b")": _constant(()),
    b"u": lambda machine: machine.update(machine.pop_to_mark()),
    b"G": _number(_F8),
    b"B": _counted(_U4, bytes),
    b"C": _counted(_U1, bytes),
    b"\x80": lambda machine: machine.skip(1),
    b"\x81": _call,
    b"\x82": _extension(_U1),
    b"\x83": _extension(_U2),
    b"\x84": _extension(_U4),
    b"\x85": _tuple_of(1),
    b"\x86": _tuple_of(2),
    b"\x87": _tuple_of(3),
    b"\x88": _constant(True),
    b"\x89": _constant(False),
    b"\x8a": _counted(_U1, _signed),
    b"\x8b": _counted(_I4, _signed),
    b"\x8c": _counted(_U1, _text),
    b"\x8d": _counted(_U8, _text),
    b"\x8e": _counted(_U8, bytes),
    b"\x8f": lambda machine: machine.stack.append([]),
    b"\x90": lambda machine: machine.extend(machine.pop_to_mark()),
    b"\x91": _marked(list),
    b"\x92": _call_with_keywords,
    b"\x93": _stack_global,
    b"\x94": _memoize(lambda machine: len(machine.memo)),
    b"\x95": lambda machine: machine.skip(_U8.size),
    b"\x96": _counted(_U8, bytes),
    b"\x97": lambda machine: machine.refer(None),
    b"\x98": lambda machine: machine.skip(0),
}

STOP = ord(".")
ACTIONS: tuple[Action | None, ...] = tuple(_BY_OPCODE.get(bytes([code])) for code in range(256))
"""What each byte does where an opcode is due; None: no opcode, or STOP."""
