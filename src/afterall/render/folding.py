"""Fold away what is too long to read at once, as GitHub folds a `<details>` element.

Invariant: nothing is left out by folding. The words on a fold stand in HTML, where no backslash of Markdown's
escapes anything: what could be markup there, or in Markdown, is written as a character reference.
"""

import re

from afterall.render.composing import md
from afterall.render.escaping import Markdown, line

LONGEST = 40
"""Rows of a table that a person still reads."""

_MARKUP = re.compile(r"[&<>`*\[\]\\~|$]|(?<![0-9A-Za-z])_+|_+(?![0-9A-Za-z])|:(?=//)|(?<=www)\.")


def folded(table: Markdown, rows: int, words: str) -> Markdown:
    """Return a table, behind a fold that says `words` where it has more rows than anybody reads."""
    return table if rows <= LONGEST else fold(table, words)


def fold(content: Markdown, words: str) -> Markdown:
    """Return content behind a fold that says `words`, which are plain text."""
    form = "<details>\n<summary>{}</summary>\n\n{}\n\n</details>"
    return md(form, fold_words(words), content)


def fold_words(words: str) -> Markdown:
    """Return plain text as a summary shows it, whether it is taken for HTML or for Markdown."""
    return Markdown(_MARKUP.sub(_referred, line(words)))


def _referred(found: re.Match[str]) -> str:
    return "".join(f"&#{ord(character)};" for character in found[0])
