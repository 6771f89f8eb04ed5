"""Give a setting's value the type it has for training: "8" on a command line is the 8 of a configuration.

Invariant: only text that is a number or a truth value as people write them changes; total over any value.
"""

import re

from afterall.model import Scalar

_INTEGER = re.compile(r"[+-]?(?:0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(
    r"[+-]?(?:[0-9]{1,40}\.[0-9]{0,40}|\.[0-9]{1,40}|[0-9]{1,40}(?=[eE]))(?:[eE][+-]?[0-9]{1,4})?"
)
_FLAGS = {"true": True, "false": False}


def plain(value: Scalar) -> Scalar:
    """Return a value typed, however its source quoted it."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text.lower() in _FLAGS:
        return _FLAGS[text.lower()]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else value
