"""Work out what a line of Python prints that only calculates: `python -c "print([1e-4, 3e-4][2 % 2])"`.

Invariant: nothing is run; the line is parsed, and literals, lists, places in them, sums and a few functions
over these are worked out within fixed bounds. Anything else gives None, and so does printing a whole list.
"""

import ast
import itertools
import operator
import warnings
from collections.abc import Callable, Sequence

LONGEST = 2_000
DEEPEST = 40
MOST_ITEMS = 10_000
MOST_BITS = 200
_IMPORTED = frozenset({"itertools", "math"})
_SUMS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_OF_PLAIN: dict[str, Callable[..., object]] = {
    "int": int,
    "float": float,
    "str": str,
    "round": round,
    "min": min,
    "max": max,
}
"""What is worked out of texts and numbers alone: a list within lists may be of any size."""
_OF_ANY: dict[str, Callable[..., object]] = {"len": len, "list": list}


class _Unknown(Exception):
    """The line does more than is worked out here."""


_FAULTS = (
    _Unknown,
    SyntaxError,
    ValueError,
    TypeError,
    ArithmeticError,
    LookupError,
    RecursionError,
    MemoryError,
)
"""What a line that is no such line gives."""


def printed(line: str) -> str | None:
    """Return what a line prints, without the last line's end; None where that is not known."""
    if len(line) > LONGEST:
        return None
    told: list[str] = []
    state = _Line()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = ast.parse(line).body
        for node in body:
            told += state.step(node)
    except _FAULTS:
        return None
    return "\n".join(told) if told else None


class _Line:
    """Works one line out, statement by statement."""

    def __init__(self) -> None:
        self._names: dict[str, object] = {}

    def step(self, node: ast.stmt) -> list[str]:
        """Take one statement and return what it prints."""
        match node:
            case ast.Import(names=names) if all(each.name in _IMPORTED for each in names):
                return []
            case ast.ImportFrom(module="itertools", names=[ast.alias(name="product", asname=None)]):
                return []
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self._names[name] = self._value(value, 0)
                return []
            case ast.Expr(value=ast.Call(func=ast.Name(id="print"), args=args, keywords=[])):
                return [" ".join(str(self._plain(item)) for item in self._given(args))]
            case _:
                raise _Unknown

    def _given(self, args: Sequence[ast.expr]) -> list[object]:
        found: list[object] = []
        for each in args:
            if isinstance(each, ast.Starred):
                found += self._items(self._value(each.value, 0))
            else:
                found.append(self._value(each, 0))
            if len(found) > MOST_ITEMS:
                raise _Unknown
        return found

    def _value(self, node: ast.expr, depth: int) -> object:
        if depth > DEEPEST:
            raise _Unknown
        match node:
            case ast.Constant(value=int() | float() | str() as value):
                return value
            case ast.List(elts=elts):
                return [self._value(each, depth + 1) for each in elts]
            case ast.Tuple(elts=elts):
                return tuple(self._value(each, depth + 1) for each in elts)
            case ast.Dict(keys=keys, values=values) if None not in keys:
                pairs = zip((key for key in keys if key is not None), values, strict=True)
                return {
                    self._plain(self._value(key, depth + 1)): self._value(each, depth + 1)
                    for key, each in pairs
                }
            case ast.Name(id=name) if name in self._names:
                return self._names[name]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self._number(self._value(operand, depth + 1))
            case ast.BinOp(left=left, op=op, right=right):
                return self._sum(op, self._value(left, depth + 1), self._value(right, depth + 1))
            case ast.Subscript(value=value, slice=place):
                return self._item(self._value(value, depth + 1), self._value(place, depth + 1))
            case ast.Call(func=func, args=args, keywords=[]):
                return self._called(func, [self._value(each, depth + 1) for each in args])
            case _:
                raise _Unknown

    def _sum(self, op: ast.operator, left: object, right: object) -> object:
        one, other = self._number(left), self._number(right)
        if isinstance(op, ast.Pow) and (abs(other) > MOST_BITS or abs(one) > 10**6):
            raise _Unknown
        known = _SUMS.get(type(op))
        told: object = known(one, other) if known is not None else None
        if isinstance(told, int) and told.bit_length() > MOST_BITS:
            raise _Unknown
        return self._number(told)

    def _called(self, func: ast.expr, args: list[object]) -> object:
        match func:
            case ast.Name(id="product") | ast.Attribute(value=ast.Name(id="itertools"), attr="product"):
                return self._product([self._items(each) for each in args])
            case ast.Name(id="range"):
                return self._range([each for each in args if isinstance(each, int)], len(args))
            case ast.Name(id="min" | "max" as name) if len(args) == 1:
                return _OF_PLAIN[name]([self._plain(each) for each in self._items(args[0])])
            case ast.Name(id=name) if name in _OF_PLAIN and args:
                return _OF_PLAIN[name](*(self._plain(each) for each in args))
            case ast.Name(id=name) if name in _OF_ANY and args:
                return _OF_ANY[name](*args)
            case _:
                raise _Unknown

    def _range(self, bounds: list[int], count: int) -> object:
        if len(bounds) != count or not 1 <= count <= 3:
            raise _Unknown
        told = range(*bounds)
        if len(told) > MOST_ITEMS:
            raise _Unknown
        return list(told)

    def _product(self, pools: list[list[object]]) -> object:
        count = 1
        for pool in pools:
            count *= len(pool)
        if count > MOST_ITEMS:
            raise _Unknown
        return list(itertools.product(*pools))

    def _items(self, value: object) -> list[object]:
        if isinstance(value, list | tuple):
            return list(value)
        raise _Unknown

    def _item(self, value: object, place: object) -> object:
        if isinstance(value, dict):
            return value[self._plain(place)]
        if isinstance(value, list | tuple | str) and isinstance(place, int):
            return value[place]
        raise _Unknown

    def _plain(self, value: object) -> str | int | float:
        if isinstance(value, str | int | float):
            return value
        raise _Unknown

    def _number(self, value: object) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value
        raise _Unknown
