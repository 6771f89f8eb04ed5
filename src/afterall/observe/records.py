"""Cut a command's output into records and fields although free text may hold newlines and separators.

Invariant: with a separator nobody could guess, no job name or comment can pass for a record, a field or
another job; with a fixed one this is only likely.
"""

import re
import secrets

RECORDED_SEPARATOR = "\x1f"
"""In text saved with the documented command. A job's name may hold it too [measured, 22.05.8]."""


def new_separator() -> str:
    """Return a separator for one call; Slurm's commands print it as it is given [measured, 22.05.8]."""
    return f"\x1f{secrets.token_hex(16)}\x1f"


def decode(data: bytes) -> str:
    """Return text that keeps every byte: what is not UTF-8 becomes surrogate escapes."""
    return data.decode("utf-8", "surrogateescape")


def plain(text: str) -> str:
    """Return text that any encoder takes: surrogate escapes become U+FFFD."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def split_records(text: str, separator: str, count: int) -> list[list[str]]:
    """Return the records of `text` with `count` fields each, lines that a newline in free text tore joined.

    A record begins at a line whose first field is a job's or a step's id, once the record before has all its
    fields or where the line has all of them itself. Where free text holds the separator, its surplus goes to
    the second last field (a comment); records that are too short are dropped.
    """
    begins = re.compile(rf"[0-9]{{1,10}}(?:\.[^\n]{{1,40}}?)?{re.escape(separator)}")
    records: list[list[str]] = []
    found = 0
    for line in text.removesuffix("\n").split("\n"):
        here = line.count(separator) + 1
        if begins.match(line) and (found >= count or here >= count or not records):
            records.append([line])
            found = here
        elif records:
            records[-1].append(line)
            found += here - 1
    whole = ("\n".join(lines).split(separator) for lines in records)
    return [
        [*fields[: count - 2], separator.join(fields[count - 2 : -1]), fields[-1]]
        for fields in whole
        if len(fields) >= count
    ]
