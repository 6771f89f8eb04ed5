"""The words on a fold read as themselves: on GitHub, where they are HTML, and in the page, as Markdown."""

from html import unescape

from hypothesis import given
from markdown_it import MarkdownIt

from afterall.render.escaping import Markdown, line
from afterall.render.folding import LONGEST, fold, fold_words, folded
from render.render_strings import STRINGS

PROSE = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
TABLE = Markdown("| a |\n|:--|\n| 1 |")


def test_a_fold_names_what_is_in_it() -> None:
    """The words stand on one line, and a blank line parts the Markdown from the HTML around it."""
    assert fold(TABLE, "All 2 of <b> & a_b") == (
        f"<details>\n<summary>All 2 of &#60;b&#62; &#38; a_b</summary>\n\n{TABLE}\n\n</details>"
    )


def test_only_a_long_table_is_folded() -> None:
    """What a person still reads stays in the open."""
    assert folded(TABLE, LONGEST, "x") == TABLE
    assert folded(TABLE, LONGEST + 1, "x").startswith("<details>")


@given(STRINGS)
def test_the_words_on_a_fold_are_text(words: str) -> None:
    """No name becomes markup of either kind."""
    written = fold_words(words)
    assert unescape(written) == line(words)
    assert not set("<>`*[]|~") & set(written)
    assert unescape(PROSE.renderInline(written)) == line(words)
