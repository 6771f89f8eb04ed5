"""Tell characters that nobody sees, and the report's own markers, from text that may be shown as it is."""

import re

# The report's own markers (model.notes): a log's line must not be taken for one.
MARKER = re.compile("afterall:(?=notes:|sha256:)")
# Everything that has no glyph of its own, or turns the direction of what follows it (Unicode TR36, TR9).
UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u2800\u3164\ud800-\udfff\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def is_plain(text: str) -> bool:
    """Tell whether `text` can be shown as it stands."""
    return UNSEEN.search(text) is None and MARKER.search(text) is None
