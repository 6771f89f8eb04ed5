"""Print what a spool holds: what waits and why, what was given up, what could not be read."""

from collections.abc import Sequence

import click
import msgspec

from afterall.cli.console import print_table
from afterall.cli.printable import plain
from afterall.collect import Waiting
from afterall.render.json_writing import json_text
from afterall.render.words.measures import iso

HEADERS = ("What", "Which", "State", "User", "Jobs", "Since", "Tried next", "Why")
MOST_JOBS = 4
_ORDER = ("quarantined", "failed", "set", "directory", "event")
_WORDS = {"quarantined": "unreadable", "failed": "given up"}


def print_waiting(held: Sequence[Waiting]) -> None:
    """Print what needs a person first, then what waits; nothing at all is a sentence."""
    if not held:
        click.echo("Nothing waits, and nothing failed.")
        return
    print_table(HEADERS, [_row(one) for one in sorted(held, key=_place)])


def as_document(held: Sequence[Waiting]) -> bytes:
    """Return the same as a JSON list, as `Waiting` has it."""
    return json_text([msgspec.to_builtins(one) for one in held])


def _place(one: Waiting) -> tuple[int, str, str]:
    next_try = "" if one.next_try is None else iso(one.next_try)
    return (_ORDER.index(one.kind), next_try, one.subject)


def _row(one: Waiting) -> list[str]:
    jobs = ", ".join(one.jobs[-MOST_JOBS:])
    user = one.user or ("" if one.uid is None else str(one.uid))
    return [
        _WORDS.get(one.kind, one.kind),
        plain(one.subject),
        plain(one.state),
        plain(user),
        f"… {jobs}" if len(one.jobs) > MOST_JOBS else jobs,
        "" if one.since is None else iso(one.since),
        "" if one.next_try is None else iso(one.next_try),
        plain(one.reason),
    ]
