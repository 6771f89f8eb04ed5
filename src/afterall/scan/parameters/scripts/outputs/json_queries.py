"""Look up one value of a JSON document as `jq -r '.[3].lr'` does.

Invariant: only paths of keys and places, and `length`; anything else gives None, and so does what is no
document.
"""

import json
import re
from collections.abc import Sequence

MOST_STEPS = 20
_STEP = re.compile(
    r"\.?\[(\d{1,9})\]|\.?\[\"([^\"\\]{1,100})\"\]|\.([A-Za-z_]\w{0,100})|\.\"([^\"\\]{1,100})\"", re.ASCII
)


def queried(text: str, query: str, *, is_raw: bool) -> Sequence[str] | None:
    """Return the lines that jq prints for a query; None where it is more than a path."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    path, _, rest = query.strip().partition("|")
    steps = _steps(path.strip())
    is_length = rest.strip() == "length" or query.strip() == "length"
    if (rest.strip() and not is_length) or (steps is None and query.strip() != "length"):
        return None
    for step in steps or ():
        is_there = isinstance(value, dict) if isinstance(step, str) else isinstance(value, list)
        if not is_there or (isinstance(step, int) and step >= len(value)):
            return None
        if isinstance(step, str) and step not in value:
            return None
        value = value[step]
    if is_length:
        return [str(len(value))] if isinstance(value, list | dict | str) else None
    return _shown(value, is_raw=is_raw)


def _steps(path: str) -> list[str | int] | None:
    steps: list[str | int] = []
    at = 1 if path == "." else 0
    while at < len(path):
        found = _STEP.match(path, at)
        if found is None or len(steps) > MOST_STEPS:
            return None
        steps.append(int(found[1]) if found[1] else found[2] or found[3] or found[4])
        at = found.end()
    return steps if path else None


def _shown(value: object, *, is_raw: bool) -> Sequence[str] | None:
    """Return a value's one line; a number only as it was written, which jq may not keep for longer ones."""
    if isinstance(value, str):
        return value.split("\n") if is_raw else [json.dumps(value, ensure_ascii=False)]
    if isinstance(value, bool) or value is None:
        return [json.dumps(value)]
    if isinstance(value, int) and abs(value) < 1 << 53:
        return [str(value)]
    return [repr(value)] if isinstance(value, float) else None
