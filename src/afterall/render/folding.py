"""Fold away what is too long to read at once, as GitHub folds a `<details>` element.

Invariant: nothing is left out by folding, and the words on the fold are ours and escaped.
"""

from afterall.render.composing import md
from afterall.render.escaping import Markdown

LONGEST = 40
"""Rows of a table that a person still reads."""


def folded(table: Markdown, rows: int, words: Markdown) -> Markdown:
    """Return a table, behind a fold that says `words` where it has more rows than anybody reads."""
    return table if rows <= LONGEST else fold(table, words)


def fold(content: Markdown, words: Markdown) -> Markdown:
    """Return content behind a fold that says `words`."""
    return md("<details>\n<summary>{}</summary>\n\n{}\n\n</details>", words, content)
