"""Read the arguments that Megatron-LM and GPT-NeoX print as they start.

Format: `------------------------ arguments ------------------------`, lines of `  lr .................
0.0001`, `-------------------- end of arguments ---------------------`. GPT-NeoX tells behind each value where
it is from: `  lr .............. 0.0001........................updated`, without a point where there is no
room. Source: megatron/training/arguments.py; of GPT-NeoX megatron/neox_arguments/arguments.py.
"""

import re

from afterall.model import Fact, Source
from afterall.scan.logs.lines import Line
from afterall.scan.parameters.values import typed

ARGUMENTS = b"- arguments -"
_BEGIN = re.compile(r"-{3,40} arguments -{3,40}$")
_PAIR = re.compile(r"\s{1,8}(\w{1,80}) \.{1,48} (.{0,2000})$")
_FROM = re.compile(r"\.{0,100}(?:updated|default)$")
"""What GPT-NeoX puts behind a value."""
_OUT_OF_TURN = 20
"""Other lines that may stand between two arguments, as other ranks print theirs."""
MOST_ARGUMENTS = 2000


class MegatronArguments:
    """The arguments of one run, dictionaries left out; a second block replaces the first.

    Of which of the two programs a block is, its first argument tells.
    """

    def __init__(self, name: str, *, is_neox: bool = False) -> None:
        self.values: dict[str, Fact] = {}
        self.is_open = False
        self._name = name
        self._is_neox = is_neox
        self._others = 0

    def read(self, line: Line) -> bool:
        """Take a line if it belongs to the block."""
        if _BEGIN.search(line.text):
            self.values.clear()
            self.is_open, self._others = True, 0
            return True
        if not self.is_open:
            return False
        if "end of arguments" in line.text:
            self.is_open = False
            return True
        found = _PAIR.match(line.text)
        if found is None or not line.is_complete:
            self._others += 1
            self.is_open = self._others < _OUT_OF_TURN
            return False
        origin = _FROM.search(found[2])
        if not self.values and (origin is not None) != self._is_neox:
            self.is_open = False
            return False
        value = found[2][: origin.start()] if self._is_neox and origin is not None else found[2]
        if len(self.values) < MOST_ARGUMENTS and not value.startswith("{"):
            self.values[found[1]] = Fact(typed(value), Source(self._name, line.where))
        return True
