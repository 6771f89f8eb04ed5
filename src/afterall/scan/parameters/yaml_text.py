"""Read YAML by its events alone: no tag is obeyed, no object made, no alias copied, however it is nested.

Invariant: total over any text; what cannot be read gives a problem, never an exception. Only the first
document counts. OmegaConf's `${a.b}` are looked up in the same document; what stays unresolved is left out.
"""

import re
from typing import Any

import yaml

from afterall.model import Fact, Scalar
from afterall.scan.parameters.flat import Config, flatten
from afterall.scan.parameters.values import bounded, typed

MOST_BYTES = 1 << 20
MOST_EVENTS = 50_000
DEEPEST = 40

_REFERENCE = re.compile(r"\$\{([\w.\-/]{1,200})\}")
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse_yaml(text: str, file: str, where: str = "") -> Config:
    """Return the values in a YAML text, typed, under dotted keys.

    `where` is put before each key's place, for YAML within a log.
    """
    tree, problem = decode_yaml(text)
    flat = flatten(tree, file, where)
    return Config(_resolved(flat.values), problem or flat.problem)


def decode_yaml(text: str) -> tuple[object, str | None]:
    """Return the tree of dicts, lists and typed scalars in a YAML text, and what is wrong with the text."""
    if len(text) > MOST_BYTES:
        return None, f"larger than {MOST_BYTES} bytes"
    try:
        return _compose(text)
    except (yaml.YAMLError, UnicodeError, ValueError, RecursionError) as error:
        return None, _plain(error)


class _Builder:
    """Builds dicts, lists and scalars from events, on a stack of its own instead of the interpreter's."""

    def __init__(self) -> None:
        self.root: object = None
        self._stack: list[dict[str, object] | list[object]] = []
        self._keys: list[str | None] = []
        self._anchors: dict[str, object] = {}

    @property
    def depth(self) -> int:
        return len(self._stack)

    def open(self, branch: dict[str, object] | list[object], anchor: str | None) -> None:
        self._put(branch, anchor)
        self._stack.append(branch)
        self._keys.append(None)

    def close(self) -> None:
        self._stack.pop()
        self._keys.pop()

    def leaf(self, value: Scalar, anchor: str | None) -> None:
        self._put(value, anchor)

    def alias(self, anchor: str) -> None:
        value = self._anchors.get(anchor)
        # A branch that holds itself has no leaves of its own to tell.
        self._put(None if any(value is branch for branch in self._stack) else value, None)

    def _put(self, value: object, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = value
        if not self._stack:
            self.root = value
            return
        branch = self._stack[-1]
        if isinstance(branch, list):
            branch.append(value)
        elif self._keys[-1] is None:
            self._keys[-1] = str(value) if not isinstance(value, dict | list) else "?"
        else:
            key, self._keys[-1] = self._keys[-1], None
            if key == "<<" and isinstance(value, dict):
                branch.update({name: item for name, item in value.items() if name not in branch})
            else:
                branch[key] = value


def _compose(text: str) -> tuple[object, str | None]:
    builder = _Builder()
    for count, event in enumerate(yaml.parse(text, Loader=_Loader)):
        if count > MOST_EVENTS or builder.depth > DEEPEST:
            return builder.root, "is nested too deep, or too long"
        if isinstance(event, yaml.ScalarEvent):
            is_plain = event.implicit[0]
            builder.leaf(typed(event.value) if is_plain else bounded(event.value), event.anchor)
        elif isinstance(event, yaml.MappingStartEvent):
            builder.open({}, event.anchor)
        elif isinstance(event, yaml.SequenceStartEvent):
            builder.open([], event.anchor)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            builder.close()
        elif isinstance(event, yaml.AliasEvent):
            builder.alias(str(event.anchor))
        elif isinstance(event, yaml.DocumentEndEvent):
            break
    return builder.root, None


def _resolved(values: dict[str, Fact]) -> dict[str, Fact]:
    """Look references up; a whole reference takes the other's type, one within text its words."""
    found: dict[str, Fact] = {}
    for key, fact in values.items():
        value = _looked_up(fact.value, values)
        if not (isinstance(value, str) and "${" in value):
            found[key] = Fact(value, fact.source)
    return found


def _looked_up(value: Scalar, values: dict[str, Fact]) -> Scalar:
    for _ in range(8):
        if not isinstance(value, str) or "${" not in value:
            break
        whole = _REFERENCE.fullmatch(value)
        if whole is not None and whole[1] in values:
            value = values[whole[1]].value
        else:
            value = bounded(_REFERENCE.sub(lambda found: _text(values, found[0], found[1]), value))
    return value


def _text(values: dict[str, Fact], reference: str, key: str) -> str:
    known = values.get(key)
    return reference if known is None else str(known.value)


def _plain(error: Exception) -> str:
    """Return the first line of what the parser says, with its line where it knows it."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).partition("\n")[0] or type(error).__name__
    return f"line {mark.line + 1}: {problem}" if mark is not None else str(problem)
