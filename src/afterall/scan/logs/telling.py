"""Hold what was found in one log that tells of a failure: telling lines, and the tracebacks they may end.

Invariant: memory does not grow with the log; a hit keeps one line, a traceback its first and its last.
"""

import re

from msgspec import Struct

from afterall.model import Scalar
from afterall.scan.logs.lines import Line
from afterall.scan.logs.signatures import Signature
from afterall.scan.secrets import mask_secrets

QUOTE_LENGTH = 500

# JSON, YAML with quoted text, a repr, a comment, what `set -x` echoes. Coreutils quote paths like YAML.
_SHOWN = re.compile(
    r"\s{0,40}(?:\+{1,4} |#|> |[-*] [\"']|[\[{(]{0,3}[\"'{]"
    r"|(?!(?:mv|cp|ln|install|rsync|scp)\b)[\w.-]{1,60}\s?[:=]\s?[\"'{])"
)


class Hit(Struct, frozen=True):
    """One telling line, by which row it was told, and what the row's groups hold."""

    line: Line
    signature: Signature
    evidence: dict[str, Scalar]
    traceback: "Traceback | None" = None
    """The traceback whose exception this line is, or goes on with."""


class Hits(Struct):
    """All telling lines of one code: the first, the last, and the quoted one."""

    count: int
    first: Hit
    last: Hit
    quoted: Hit


class Traceback(Struct):
    """One finished traceback; `frame` is the innermost frame of the user's own code, "" where none is."""

    start: Line
    end: Line
    message: str
    frame: str
    root: "Traceback | None" = None
    """The first of the chain of exceptions that it was raised in, or right behind; None where it is alone."""
    hit: Hit | None = None
    """The telling line that its exception is, or one before it in its chain was."""
    is_ignored: bool = False
    """True where Python says that it was ignored, as by a destructor or a logger."""
    is_usage: bool = False
    """True where it is no traceback but argparse's line on arguments that it refuses."""
    is_compact: bool = False
    """True where it is no traceback but what Hydra told instead of one."""

    @property
    def exception(self) -> str:
        """The exception's name with its modules, "" where none is told."""
        return "" if self.is_usage or self.is_compact else self.message.partition(":")[0]


def quote(text: str) -> str:
    """Return a line as it may stand in a report: without secrets, and not without end."""
    return mask_secrets(text.strip())[:QUOTE_LENGTH]


def is_shown(text: str) -> bool:
    """Tell whether a line shows words instead of saying them: data, a comment, or an echoed command."""
    return _SHOWN.match(text) is not None
