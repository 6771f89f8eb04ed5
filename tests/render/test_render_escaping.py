"""Whatever people call their files, Markdown shows it and does nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it.token import Token

from afterall.render.escaping import Markdown, code, fence, line, link, quoted, shown, text
from render.render_strings import MARKDOWN, STRINGS


def inline_tokens(markdown: str) -> list[Token]:
    """Return the inline tokens of a one-paragraph document."""
    return [child for token in MARKDOWN.parse(markdown) for child in token.children or []]


def words_of(tokens: list[Token]) -> str:
    """Return what a reader sees of inline tokens."""
    return "".join(token.content for token in tokens)


@pytest.mark.parametrize(
    ("raw", "escaped"),
    [
        ("1B_rank4", "1B_rank4"),
        ("_private_", "\\_private\\_"),
        ("a|b", "a\\|b"),
        ("<script>", "\\<script>"),
        ("# heading", "\\# heading"),
        ("1. first", "1\\. first"),
        ("1.5e-3", "1.5e-3"),
        ("-0.5", "-0.5"),
        ("- item", "\\- item"),
        ("wow!", "wow\\!"),
        ("see http://evil", "see http\\://evil"),
        ("AT&T &amp;", "AT\\&T \\&amp;"),
        ("costs $5 or $6", "costs \\$5 or \\$6"),
        ("two\nlines\tand  blanks ", "two lines and blanks"),
        ("\x1b[31mred", "\\\\x1b\\[31mred"),
        ("\u202eevil", "\\\\u202eevil"),
        ("caf\udce9", "caf\\\\xe9"),
        ("www.x.y", "www\\.x.y"),
        ("", ""),
        (" \n ", "(blank)"),
    ],
)
def test_text_is_escaped_only_where_it_would_mean_something(raw: str, escaped: str) -> None:
    """Plain names stay as they are; what Markdown would act on is escaped."""
    assert text(raw) == escaped


@given(STRINGS | st.text("aw1_-. é", max_size=12))
def test_text_reads_as_itself(raw: str) -> None:
    """Escaped text is one paragraph that a reader sees as the text itself."""
    blocks = [token.type for token in MARKDOWN.parse(text(raw))]
    tokens = inline_tokens(text(raw))
    assert blocks in ([], ["paragraph_open", "inline", "paragraph_close"])
    assert {token.type for token in tokens} <= {"text", "text_special"}
    assert words_of(tokens) == (line(raw, 120) or ("(blank)" if raw else ""))


@given(STRINGS)
def test_text_in_a_cell_stays_in_its_cell(raw: str) -> None:
    """A cell's text adds no cell and no row."""
    tokens = MARKDOWN.parse(f"| a | b |\n|---|---|\n| {text(raw)} | {code(raw)} |\n| c | d |\n")
    assert sum(token.type == "tr_open" for token in tokens) == 3
    assert sum(token.type in ("td_open", "th_open") for token in tokens) == 6
    last = [token.content for token in tokens if token.type == "inline"][-2:]
    assert last == ["c", "d"]


@given(STRINGS)
def test_code_is_one_span_or_text(raw: str) -> None:
    """Code is a single span that shows every character, or escaped text where no span could."""
    tokens = inline_tokens(f"a {code(raw)} b")
    kinds = {token.type for token in tokens}
    assert kinds <= {"text", "text_special", "code_inline"}
    spans = [token.content for token in tokens if token.type == "code_inline"]
    assert not spans or spans == [shown(raw)]


@given(STRINGS, STRINGS)
def test_a_fence_holds_everything(raw: str, other: str) -> None:
    """No text closes its fence or shows an unseen character."""
    tokens = MARKDOWN.parse(fence(f"{raw}\n{other}") + "\n\nafter")
    assert [token.type for token in tokens] == ["fence", "paragraph_open", "inline", "paragraph_close"]
    assert all(shown(row) == row for row in tokens[0].content.split("\n"))


@given(STRINGS, STRINGS)
def test_a_link_goes_below_the_set(label: str, path: str) -> None:
    """A link's target is relative and percent-encoded, whatever the path holds."""
    tokens = inline_tokens(f"a {link('x' + label, path)} b")
    targets = [token.attrs["href"] for token in tokens if token.type == "link_open"]
    assert len(targets) == (1 if path else 0)
    for target in targets:
        assert ":" not in str(target)
        assert str(target).isascii()
    assert not any(token.type in ("image", "html_inline") for token in tokens)


def test_markers_of_the_report_cannot_be_forged() -> None:
    """A log's line that holds the notes markers does not repeat them."""
    marker = "<!-- afterall:notes:end -->"
    for form in (text(marker), code(marker), fence(marker)):
        assert marker not in form


def test_a_quote_loses_its_colours_and_keeps_its_words() -> None:
    """Colour codes of a log's line are left out, other control characters shown."""
    assert quoted("\x1b[31;1mError:\x1b[0m out of\x07 memory") == "Error: out of\\x07 memory"


def test_long_text_is_cut_visibly() -> None:
    """A text beyond its limit ends in an ellipsis."""
    assert text("x" * 500) == "x" * 119 + "…"


def test_markdown_is_not_escaped_twice() -> None:
    """What is Markdown already passes unchanged."""
    assert text(Markdown("**bold**")) == "**bold**"
