"""Put the variables of a batch script in as far as its text tells them.

Invariant: what only a shell could know stays unresolved, and a word that still holds a `$` is nobody's value.
That a name was not set in the script says nothing: jobs take over the environment of who submits them.
"""

from collections.abc import Sequence

from afterall.scan.parameters.scripts.budget import cost_of_words
from afterall.scan.parameters.scripts.environments import environment
from afterall.scan.parameters.scripts.given import Given
from afterall.scan.parameters.scripts.held import LONGEST_VALUE, MOST_ITEMS, is_all_known
from afterall.scan.parameters.scripts.lookups import Lookups
from afterall.scan.parameters.scripts.words.expansion import array_items, filled, pattern_of, words_of
from afterall.scan.parameters.scripts.words.syntax import is_sure, told


class Variables(Lookups):
    """The variables of one shell, set by its commands and put into their words."""

    def assign_array(self, name: str, text: str, *, adds: bool = False, by_key: bool = False) -> None:
        """Take the items that are written within an array's brackets, by key where it was declared so."""
        by_key = by_key or isinstance(self.values.get(name), dict)
        found = list(array_items(text, self))
        if not by_key and all(key is None for key, _ in found):
            self.assign_items(name, [told(item) for _, item in found], adds=adds)
            return
        held = self.values.get(name)
        before = held if adds and isinstance(held, dict) else {}
        is_told = by_key and not (adds and name in self.unknown)
        self.forget(name)
        pairs = [(key, told(item)) for key, item in found if key is not None]
        if is_told and len(pairs) == len(found) and not any("$" in key + item for key, item in pairs):
            self.put(name, {**before, **dict(pairs)})

    def assign_item(self, name: str, index: str, value: str) -> None:
        """Take one item of an array; of one that is not known as a whole nothing is known."""
        held = self.values.get(name, {} if name not in self.unknown else "")
        key = self.index_of(index, held)
        self.forget(name)
        is_sure_place = not isinstance(held, list) or is_all_known(held)
        if key is None or "$" in value or len(value) > LONGEST_VALUE or not is_sure_place:
            return
        if isinstance(held, list) and isinstance(key, int) and 0 <= key <= len(held) < MOST_ITEMS:
            self.put(name, [*held[:key], value, *held[key + 1 :]])
        elif isinstance(held, dict) and isinstance(key, str):
            self.put(name, {**held, key: value})

    def of_child(self, before: Sequence[str], arguments: Sequence[str] | None = ()) -> "Variables":
        """Return what a shell has that this one starts; `before` are the words in front of its name.

        It has what was exported and what is given to it alone, as in `LR=3 bash -c …`. What is not known here
        is not known there either.
        """
        own = environment(before)
        exported = {name: value for name, value in self.values.items() if name in self.exported}
        values = {name: value for name, value in exported.items() if isinstance(value, str)}
        given = Given(
            values=values if own.is_whole else {},
            arguments=None if arguments is None else tuple(arguments),
            unset=self.given.unset if own.is_whole else frozenset(),
            is_whole=self.given.is_whole and own.is_whole,
            read=self.given.read,
        )
        child = Variables(given)
        child.unknown = set(self.unknown)
        child.budget, child.directory = self.budget, self.directory
        child.written, child.may_have_more = self.written, self.may_have_more
        for name, value in own.values.items():
            if "$" in value:
                child.forget(name)
            else:
                child.assign(name, value)
                child.export([name])
        return child

    def words(self, text: str, *, as_list: bool = False) -> list[str]:
        """Return a command's words, outputs and variables put in as far as they are known."""
        found = [told(word) for word in words_of(text, self, as_list=as_list)]
        self.budget.commands -= cost_of_words(found)
        return found

    def pattern(self, text: str) -> str | None:
        """Return the word of a `case`, or one of its patterns; None where it is not known."""
        value = pattern_of(text, self)
        return told(value) if is_sure(value) else None

    def expand(self, text: str) -> str:
        """Return `text`, as of a here-document, with what is known put in; the rest stays."""
        return told(filled(text, self))

    def text_of(self, file: str) -> str | None:
        """Return the text of a script in the set, None where it cannot be told."""
        lines = self.read(file)
        return None if lines is None else "\n".join(lines)
