"""Tell each decision in one line of `key=value`, and keep hostile values from breaking out of it.

Invariant: a line is printable ASCII, whatever a user called his directory or his job.
"""

import logging
import re
import time

logger = logging.getLogger("afterall.collect")

_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,~-]+")
_MAX_VALUE = 1024


def tell(action: str, **fields: object) -> None:
    """Log one decision; fields that are None are left out."""
    logger.info("%s", render_decision(action, fields))


def warn(action: str, **fields: object) -> None:
    """Log a decision that somebody should look into."""
    logger.warning("%s", render_decision(action, fields))


def render_decision(action: str, fields: dict[str, object]) -> str:
    """Return `action=… key=value …`, values quoted and escaped where they are not plain words."""
    told = {"action": action, **{key: value for key, value in fields.items() if value is not None}}
    return " ".join(f"{key}={_quote(str(value))}" for key, value in told.items())


def log_to_stderr() -> None:
    """Send the worker's decisions to stderr, each with its time in UTC and its level."""
    handler = logging.StreamHandler()
    formatter = logging.Formatter("%(asctime)sZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    logger.handlers = [handler]
    logger.propagate = False
    logger.setLevel(logging.INFO)


def _quote(value: str) -> str:
    if len(value) > _MAX_VALUE:
        value = value[:_MAX_VALUE] + "…"
    if _PLAIN.fullmatch(value):
        return value
    return '"' + "".join(_escape(character) for character in value) + '"'


def _escape(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if " " <= character <= "~":
        return character
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8, as os.fsdecode keeps it
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")
