"""Expand a word's braces as bash does: `{1..5}` and `{a,b}`.

Invariant: total; braces that are quoted, or hold neither a comma nor a range, stay as they are; a word that
becomes more than MOST_WORDS, or is made of many braces, gives None, for then nobody knows its words.
"""

import re
from collections.abc import Iterator

from afterall.scan.parameters.scripts.words.syntax import skip

MOST_WORDS = 1_000
_LONGEST = 2_000
_MOST_BRACES = 20
_MOST_CHARACTERS = 50_000
_RANGE = re.compile(r"(-?\d{1,9})\.\.(-?\d{1,9})(?:\.\.(-?\d{1,9}))?|([A-Za-z])\.\.([A-Za-z])", re.ASCII)


def expanded(word: str) -> list[str] | None:
    """Return the words that a raw word becomes, itself where it has no braces; None for too many."""
    if "{" not in word:
        return [word]
    if len(word) > _LONGEST or word.count("{") > _MOST_BRACES:
        return None
    characters = 0
    done: list[str] = []
    waiting = [word]
    while waiting:
        if len(done) + len(waiting) > MOST_WORDS:
            return None
        one = waiting.pop()
        found = next(_groups(one), None)
        if found is None:
            done.append(one)
            continue
        begin, end, choices = found
        waiting += [f"{one[:begin]}{choice}{one[end:]}" for choice in reversed(choices)]
        characters += len(choices) * len(one)
        if characters > _MOST_CHARACTERS:
            return None
    return done


def _groups(word: str) -> Iterator[tuple[int, int, list[str]]]:
    """Yield where a group of choices begins and ends, and the choices."""
    at = 0
    while at < len(word):
        if word[at] == "{":
            found = _choices(word, at)
            if found is not None:
                yield at, *found
            at += 1
        else:
            at = skip(word, at)


def _choices(word: str, at: int) -> tuple[int, list[str]] | None:
    """Return where the group that opens at `at` ends, and its choices; None for no group."""
    choices: list[str] = []
    opened, begin = 0, at + 1
    at += 1
    while at < len(word):
        if word[at] == "}" and not opened:
            if choices:
                return at + 1, [*choices, word[begin:at]]
            items = _counted(word[begin:at])
            return None if items is None else (at + 1, items)
        if word[at] == "," and not opened:
            choices.append(word[begin:at])
            begin = at + 1
        opened += {"{": 1, "}": -1}.get(word[at], 0)
        at = skip(word, at)
    return None


def _counted(text: str) -> list[str] | None:
    found = _RANGE.fullmatch(text)
    if found is None:
        return None
    if found[4]:
        first, last = ord(found[4]), ord(found[5])
        step = 1 if first <= last else -1
        return [chr(code) for code in range(first, last + step, step)]
    first, last = int(found[1]), int(found[2])
    step = abs(int(found[3] or 1)) or 1
    step = step if first <= last else -step
    items = range(first, last + (1 if step > 0 else -1), step)
    if len(items) > MOST_WORDS:
        return None
    padded = [text.lstrip("-") for text in (found[1], found[2]) if re.match(r"-?0\d", text)]
    width = max(len(found[1]), len(found[2])) if padded else 0
    return [f"{number:0{width}d}" for number in items]
