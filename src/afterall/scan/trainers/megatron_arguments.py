"""Read the arguments that Megatron-LM prints as it starts.

Format: `------------------------ arguments ------------------------`, lines of `  lr .................
0.0001`, `-------------------- end of arguments ---------------------`. Source:
megatron/training/arguments.py.
"""

import re

from afterall.model import Fact, Source
from afterall.scan.logs.lines import Line
from afterall.scan.parameters.values import typed

ARGUMENTS = b"- arguments -"
_BEGIN = re.compile(r"-{3,40} arguments -{3,40}$")
_PAIR = re.compile(r"\s{1,8}(\w{1,80}) \.{1,48} (.{0,2000})$")
_OUT_OF_TURN = 20
"""Other lines that may stand between two arguments, as other ranks print theirs."""
MOST_ARGUMENTS = 2000


class MegatronArguments:
    """The arguments of one run; a second block replaces the first."""

    def __init__(self, name: str) -> None:
        self.values: dict[str, Fact] = {}
        self.is_open = False
        self._name = name
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
        if len(self.values) < MOST_ARGUMENTS:
            self.values[found[1]] = Fact(typed(found[2]), Source(self._name, line.where))
        return True
