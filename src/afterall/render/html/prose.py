"""Turn the report's Markdown into HTML.

Invariant: raw HTML in it, but for folds, is text, also in a person's notes; nothing has a style attribute,
which the page's policy would refuse; images that do not stand in the page become links, so that it asks for
nothing.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup

from afterall.model.notes import NOTES_BEGIN, NOTES_END
from afterall.render.figures import path_of
from afterall.render.html.embedding import data_uri
from afterall.render.html.folds import add_folds, paired

_LOSSES = path_of("loss")
_LONGEST = 4 * 2**20
"""Characters; notes beyond it, which would take minutes, are shown as they were typed."""
_NOTES = re.compile(f"{re.escape(NOTES_BEGIN)}|{re.escape(NOTES_END)}")


class Heading(NamedTuple):
    """A section's heading: the anchor it is reached by, and its words."""

    anchor: str
    words: str


class Prose:
    """Converts the parts of one report; figures are SVGs by the path of their links."""

    def __init__(self, figures: Mapping[str, bytes]) -> None:
        self.headings: list[Heading] = []
        """The sections met so far, in order."""
        self._known: EnvType = {"figures": figures, "headings": self.headings}
        options = {"html": False, "linkify": False, "typographer": False, "xhtmlOut": False}
        dialect = MarkdownIt("commonmark", options, renderer_cls=_Renderer)
        self._markdown = dialect.enable(["table", "strikethrough"])
        add_folds(self._markdown)

    def blocks(self, markdown: str) -> Markup:
        """Return whole paragraphs, tables and sections as HTML; what people's notes open ends with them."""
        return Markup("\n").join(self._blocks(part) for part in _NOTES.split(markdown))

    def inline(self, markdown: str) -> Markup:
        """Return what stands within a line as HTML."""
        return self._rendered(self._markdown.parseInline(markdown, {}))

    def _blocks(self, part: str) -> Markup:
        if len(part) > _LONGEST:
            return Markup("<pre>{}</pre>").format(part)
        return self._rendered(paired(self._markdown.parse(part, {})))

    def _rendered(self, tokens: Sequence[Token]) -> Markup:
        return Markup(self._markdown.renderer.render(tokens, self._markdown.options, self._known))  # noqa: S704


class _Renderer(RendererHTML):
    """Renders tokens as markdown-it does, but for what this page has in its own way."""

    def heading_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Give sections anchors by their words."""
        token = tokens[idx]
        if token.tag != "h2":
            return f"<{token.tag}>"
        headings: list[Heading] = env["headings"]
        words = _words(tokens[idx + 1])
        anchor = _anchor(words, {heading.anchor for heading in headings})
        headings.append(Heading(anchor, words))
        return f'<h2 id="{anchor}">'

    def table_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Let a wide table scroll by itself, by keyboard too."""
        return '<div class="wide" role="region" aria-label="Table" tabindex="0"><table>\n'

    def table_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """End the table and what it scrolls in."""
        return "</table></div>\n"

    def fold(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Show a line that looks like a fold's and is none."""
        return f"<p>{escapeHtml(tokens[idx].content)}</p>\n"

    def fold_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Begin a fold."""
        return "<details>\n"

    def fold_summary_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Begin the words on a fold."""
        return "<summary>"

    def fold_summary_close(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        """End the words on a fold."""
        return "</summary>\n"

    def fold_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """End a fold."""
        return "</details>\n"

    def th_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Say that a heading is its column's."""
        return f'<th scope="col"{_side(tokens[idx])}>'

    def td_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Align a cell by its class."""
        return f"<td{_side(tokens[idx])}>"

    def link_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Link, without telling where from or handing over the window."""
        return f'<a href="{escapeHtml(str(tokens[idx].attrGet("href")))}" rel="noopener noreferrer">'

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Put a figure of the report into the page; any other image is a link to it."""
        token = tokens[idx]
        source = str(token.attrGet("src"))
        words = escapeHtml(self.renderInlineAsText(token.children, options, env))
        figure: bytes | None = env["figures"].get(source)
        if figure is None:
            told = words or escapeHtml(source)
            return f'<a href="{escapeHtml(source)}" rel="noopener noreferrer">{told}</a>'
        still = " still" if source == _LOSSES else ""
        return f'<img class="figure{still}" src="{data_uri(figure)}" alt="{words}">'


def _anchor(words: str, taken: set[str]) -> str:
    """Return an anchor as GitHub would make it, but of plain letters and digits, and never one of ours."""
    slug = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:60] or "untitled"
    tries = (f"section-{slug}" + (f"-{number}" if number else "") for number in count())
    return next(anchor for anchor in tries if anchor not in taken)


def _words(inline: Token) -> str:
    """Return a heading's words without their markup."""
    return "".join(child.content for child in inline.children or [] if child.type != "image").strip()


def _side(token: Token) -> str:
    style: Any = token.attrGet("style")
    return ' class="number"' if style == "text-align:right" else ""
