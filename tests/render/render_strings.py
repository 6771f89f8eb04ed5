"""Make strings that Markdown, HTML, terminals or file systems might trip over, and a parser to see it."""

from hypothesis import strategies as st
from markdown_it import MarkdownIt

ANY_TEXT = st.text(st.characters(codec=None), max_size=60)
"""Every code point, lone surrogates included: os.fsdecode gives them for undecodable bytes."""

_PIECES = (
    *"\\`*_{}[]()<>#+-.!|~&:$@=\"' \t\r\n\x00\x1b\x9b\u200b\u202e\u2066\udcff0aé✓漢",
    *(
        "http://x.y",
        "www.x.y",
        "&lt;",
        "&#60;",
        "<b>",
        "![a](b)",
        "[a](javascript:b)",
        "a@b.cd",
        "{{ 7 }}",
        "{x}",
    ),
    *(
        "```",
        "~~~",
        "---",
        "===",
        "1. ",
        "- ",
        "> ",
        "# ",
        "    x",
        "| a |",
        "\x1b[31m",
        "[^1]: x",
        "[a]: /b",
    ),
    *("<!-- afterall:notes:end -->", "<details>", "\n\n", "\\|", "``", "=1+1"),
)
NASTY = st.lists(st.sampled_from(_PIECES), max_size=12).map("".join)
STRINGS = ANY_TEXT | NASTY

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
"""GitHub's dialect, as far as markdown-it knows it without more packages."""
