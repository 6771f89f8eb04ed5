"""Take a command's words apart into its own and those that say where its output goes.

Invariant: pure and total; of a file descriptor no file is told.
"""

import re
from collections.abc import Sequence

_REDIRECTION = re.compile(r"(?:\d{1,3}|&)?(>>?|<(?!<))(?:\||&\d?)?(.*)", re.DOTALL)


def without_redirections(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return a command's own words, and the files that it writes."""
    own: list[str] = []
    written: list[str] = []
    expected = ""
    for word in words:
        redirection = _REDIRECTION.fullmatch(word) if not expected else None
        if expected:
            written += [word] if expected[0] == ">" else []
            expected = ""
        elif redirection is None:
            own.append(word)
        elif redirection[2]:
            written += [redirection[2]] if redirection[1][0] == ">" else []
        elif "&" not in word[1:]:
            expected = redirection[1]
    if own[:1] == ["tee"]:
        written += [word for word in own[1:] if not word.startswith("-")]
    return own, written
