"""Tell each decision in one line of `key=value`, and keep hostile values from breaking out of it.

Invariant: a line is printable ASCII, whatever a user called his directory or his job.
"""

import logging
import os
import re
import time

logger = logging.getLogger("afterall.collect")

_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,~-]+")
_MAX_VALUE = 1024
_TIMED = logging.Formatter("%(asctime)sZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
_TIMED.converter = time.gmtime


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
    """Send the worker's decisions to stderr, each with its level and its time in UTC.

    journald adds the time itself, and takes the level as a priority.
    """
    handler = logging.StreamHandler()
    formatter = _ForJournal() if _is_read_by_journald() else _TIMED
    handler.setFormatter(formatter)
    logger.handlers = [handler]
    logger.propagate = False
    logger.setLevel(logging.INFO)


class _ForJournal(logging.Formatter):
    """Put a syslog priority before each line, which journald takes off again: sd-daemon(3)."""

    def format(self, record: logging.LogRecord) -> str:
        priority = 4 if record.levelno >= logging.WARNING else 6
        return f"<{priority}>{record.levelname} {record.getMessage()}"


def _is_read_by_journald() -> bool:
    """Tell whether stderr is the stream that systemd gave to a service: systemd.exec(5), JOURNAL_STREAM."""
    try:
        found = os.fstat(2)
    except OSError:
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


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
