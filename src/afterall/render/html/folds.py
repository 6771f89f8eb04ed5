"""Read the folds of the report's Markdown, the one piece of HTML that stands in it.

Invariant: only whole lines `<details>`, `<summary>…</summary>` and `</details>` count, as they are written by
afterall.render.folding, and only in pairs at the outermost level; others are text, and in fences code.
"""

import re
from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token

OPEN, CLOSE = "<details>", "</details>"
_SUMMARY = re.compile(r"<summary>(.*)</summary>")


def add_folds(markdown: MarkdownIt) -> None:
    """Let a parser know the lines of folds; they end a paragraph."""
    markdown.block.ruler.before("paragraph", "fold", _fold, {"alt": ["paragraph"]})


def paired(tokens: Sequence[Token]) -> list[Token]:
    """Return tokens in which every fold that opens closes, and the lines of all others are text."""
    opened: list[int] = []
    for place, token in enumerate(tokens):
        if token.type == "fold" and token.content == CLOSE and opened:
            summary = opened.pop()
            tokens[summary - 1].type, tokens[summary].type = "fold_open", "fold_summary_open"
            tokens[summary + 2].type, token.type = "fold_summary_close", "fold_close"
        elif token.type == "fold" and _SUMMARY.fullmatch(token.content) and _opens(tokens, place):
            opened.append(place)
    of_text = {place + 1 for place, token in enumerate(tokens) if _is_lone_summary(token)}
    return [token for place, token in enumerate(tokens) if place not in of_text and token.type != "fold_end"]


def _opens(tokens: Sequence[Token], place: int) -> bool:
    return place > 0 and tokens[place - 1].type == "fold" and tokens[place - 1].content == OPEN


def _is_lone_summary(token: Token) -> bool:
    return token.type == "fold" and _SUMMARY.fullmatch(token.content) is not None


def _fold(state: StateBlock, start: int, _end: int, silent: bool) -> bool:
    """Take one line of a fold as a token of its own, a summary's words as another."""
    line = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]].rstrip(" ")
    summary = _SUMMARY.fullmatch(line)
    if state.level or not (line in (OPEN, CLOSE) or summary):
        return False
    if not silent:
        state.line = start + 1
        _push(state, "fold", line)
        if summary:
            _push(state, "inline", summary[1])
            _push(state, "fold_end", "")
    return True


def _push(state: StateBlock, kind: str, content: str) -> None:
    token = state.push(kind, "", 0)
    token.content, token.children, token.map = content, [], [state.line - 1, state.line]
