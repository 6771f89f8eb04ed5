"""Follow what `((…))`, `let` and the sums of a `for` do to variables, and tell what they come to.

Invariant: total; a variable that is changed in a way that is not followed here is forgotten.
"""

import re

from afterall.scan.parameters.scripts.arithmetic import changed_names
from afterall.scan.parameters.scripts.variables import Variables

_MOST_PARTS = 20
_CHANGED = re.compile(
    r"\s*([A-Za-z_]\w{0,100})\s*(?:(<<|>>|[-+*/%&|^])?=(?!=)(.*)|(\+\+|--)\s*)\Z", re.DOTALL | re.ASCII
)
_BEFORE = re.compile(r"\s*(\+\+|--)\s*([A-Za-z_]\w{0,100})\s*\Z", re.ASCII)


def summed(text: str, variables: Variables, *, is_sure: bool) -> bool | None:
    """Take what a sum sets and return whether it comes to anything but 0; None where that is unknown."""
    parts = text.split(",")
    if not is_sure or len(parts) > _MOST_PARTS:
        _forget(text, variables)
        return None
    value: str | None = None
    for part in parts:
        value = _part(part, variables)
    return None if value is None else int(value) != 0


def _part(text: str, variables: Variables) -> str | None:
    """Take one sum and return its value."""
    before = _BEFORE.match(text)
    changed = _CHANGED.match(text) if before is None else None
    if before is None and changed is None:
        return variables.sum_of(text)
    name = before[2] if before is not None else changed[1] if changed is not None else ""
    held = variables.sum_of(name)
    if changed is not None and changed[3] is not None:
        sign, rest = changed[2], changed[3]
        value = None if changed_names(rest) else variables.sum_of(f"{name}{sign}({rest})" if sign else rest)
        after = value
    else:
        step = (before[1] if before is not None else changed[4] if changed is not None else "")[0]
        after = None if held is None else variables.sum_of(f"{held}{step}1")
        value = after if before is not None else held
    if after is None:
        variables.forget(name)
    else:
        variables.assign(name, after)
    return value


def _forget(text: str, variables: Variables) -> None:
    for name in changed_names(text):
        variables.forget(name)
