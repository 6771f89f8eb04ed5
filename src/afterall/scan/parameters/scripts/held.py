"""Hold the variables of one shell as far as a script's text tells them, and the words that it was given.

Invariant: a variable that may have been set otherwise is unknown, which is not the same as not set.
"""

import posixpath
from collections.abc import Iterable, Sequence

from afterall.scan.parameters.scripts.budget import Budget, cost_of_items
from afterall.scan.parameters.scripts.given import Given
from afterall.scan.parameters.scripts.words.syntax import LITERAL, UNSURE

LONGEST_VALUE = 1 << 13
MOST_ITEMS = 20_000

Value = str | list[str] | dict[str, str]
"""A plain variable's, an array's by index, an array's by key."""
Kept = tuple[dict[str, Value], set[str], list[str] | None, str]
"""Values, the names of what is unknown, positional words, and the directory."""


def is_all_known(items: Iterable[str]) -> bool:
    """Return whether no item of an array is one that may not be there."""
    return not any("$" in item for item in items)


class Held:
    """The variables of one shell, and the words that it was given."""

    def __init__(self, given: Given) -> None:
        self.given = given
        self.values: dict[str, Value] = {
            name: value.replace("$", LITERAL) for name, value in given.values.items()
        }
        self.unknown: set[str] = set()
        self.exported = set(given.values)
        self.budget = Budget()
        self.is_exporting = False
        """Whether all that is set is exported: `set -a`."""
        self.is_converted: set[str] = set()
        """Variables that do not hold what they are given: `declare -i`, `-u`, and names of others, `-n`."""
        self.may_have_more = False
        """Whether a text that nobody knows was run, which may have set any variable."""
        self.written: set[str] = set()
        """Files that the script writes itself: nobody knows what they held when it read them."""
        self.directory = ""
        """Where it works, seen from where it began."""
        self.is_surely_run = True
        """Whether the command whose words are told now is surely run."""
        self.arguments: list[str] | None = None if given.arguments is None else list(given.arguments)
        """The positional words; None where it is not known which there are."""
        self._scopes: list[dict[str, tuple[Value | None, bool]]] = []

    def assign(self, name: str, value: str) -> None:
        """Take a value; what is not known within it stays so, whatever is known later."""
        self.forget(name)
        if len(value) <= LONGEST_VALUE:
            self.put(name, value.replace("$", UNSURE))

    def append(self, name: str, value: str) -> None:
        """Take what is added to a text, or to the first item of an array; to an unknown one nothing is."""
        held = self.values.get(name)
        if isinstance(held, str):
            self.assign(name, held + value)
        elif held is not None or name not in self.unknown:
            self.forget(name)

    def assign_items(self, name: str, items: Sequence[str], *, adds: bool = False) -> None:
        """Take the items of an array."""
        before = self.values.get(name, [])
        self.budget.commands -= cost_of_items(before)
        is_lost = adds and (name in self.unknown or not isinstance(before, list))
        held = [*(before if adds and isinstance(before, list) else []), *items]
        self.forget(name)
        # An item that is not known may be none, or several: then no place in the array is sure.
        if not is_lost and len(held) <= MOST_ITEMS and not any("$" in item for item in items):
            self.put(name, held)

    def add_perhaps(self, name: str, items: Sequence[str]) -> None:
        """Take items that may have been added to an array, each of them unknown."""
        held = self.values.get(name)
        if isinstance(held, list) and len(held) + len(items) <= MOST_ITEMS:
            self.values[name] = [*held, *items]
        else:
            self.forget(name)

    def declare_keys(self, name: str) -> None:
        """Take a declaration of an array by key that is still empty."""
        if not isinstance(self.values.get(name), dict):
            self.forget(name)
            self.put(name, {})

    def forget(self, name: str) -> None:
        """Know nothing of a variable any more, not even that it has none: it may have been set."""
        self.unknown.add(name)
        self.values.pop(name, None)

    def forget_arguments(self) -> None:
        """Know no positional word any more."""
        self.arguments = None

    def kept(self) -> Kept:
        """Return what is known now, to go back to."""
        return dict(self.values), set(self.unknown), self.arguments, self.directory

    def go_back_to(self, before: Kept) -> None:
        """Forget what was learnt since."""
        self.values, self.unknown, self.arguments, self.directory = before

    def note_written(self, file: str) -> None:
        """Know that a file was not always what it is now."""
        self.written.add(posixpath.normpath(posixpath.join(self.directory, file)))

    def work_in(self, directory: str) -> None:
        """Change the directory; one that is not below the present one may be where the script began."""
        is_below = "$" not in directory and directory[:1] not in ("/", "~", "-", "+", "")
        self.directory = posixpath.join(self.directory, directory) if is_below else ""

    def export(self, names: Iterable[str]) -> None:
        """Note that the shells which this one starts have these variables too."""
        self.exported.update(names)

    def enter_scope(self) -> None:
        """Begin a function, whose `local` variables end with it."""
        self._scopes.append({})

    def make_local(self, name: str) -> None:
        """Note what a variable held before a function had one of its own of that name."""
        if self._scopes:
            self._scopes[-1].setdefault(name, (self.values.get(name), name in self.unknown))

    def leave_scope(self) -> None:
        """End a function: what its own variables hid is known again, as far as it was before."""
        for name, (held, is_unknown) in self._scopes.pop().items():
            self.forget(name)
            if held is not None:
                self.put(name, held)
            elif not is_unknown:
                self.unknown.discard(name)

    def keys_of(self, name: str) -> list[str] | None:
        """Return the places of an array's items; those of an array by key have no order."""
        held = self.values.get(name)
        if not isinstance(held, list) or not is_all_known(held):
            return None
        return [str(place) for place in range(len(held))]

    def put(self, name: str, value: Value) -> None:
        """Know a variable's value as it is."""
        if name in self.is_converted:
            self.forget(name)
            return
        self.values[name] = value
        self.unknown.discard(name)
        if self.is_exporting:
            self.exported.add(name)
