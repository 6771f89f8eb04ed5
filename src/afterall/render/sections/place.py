"""Say where the report's commands run.

Invariant: a section with commands says so itself, whichever others are left out.
"""

from afterall.render.composing import md
from afterall.render.escaping import Markdown, code
from afterall.render.page import Page
from afterall.render.shell import shell_word

_LONGEST = 1600
"""Characters, as of a line in a fence."""


def place(page: Page) -> Markdown:
    """Return the sentence with the command that goes there."""
    enter = code(f"cd {shell_word(page.report.set.path)}", _LONGEST)
    return md("Commands run from the set's own directory: {}", enter)
