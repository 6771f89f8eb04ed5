"""Empty the hook's spool: bring endings together by set, wait until nobody of it lives, have it reported on.

Invariant: whoever is killed at whatever instant, no ending is lost; and no path of a user's is touched but by
a process that has become that user for good.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from afterall.collect.asking import commands_of
    from afterall.collect.backlog import Waiting, waiting
    from afterall.collect.collected import Collected
    from afterall.collect.decisions import log_to_stderr
    from afterall.collect.run import collect_once, collect_watch, sweep
    from afterall.collect.worker import Means

__all__ = [
    "Collected",
    "Means",
    "Waiting",
    "collect_once",
    "collect_watch",
    "commands_of",
    "log_to_stderr",
    "sweep",
    "waiting",
]

_HOMES = {
    "Collected": "collected",
    "Means": "worker",
    "Waiting": "backlog",
    "collect_once": "run",
    "collect_watch": "run",
    "commands_of": "asking",
    "log_to_stderr": "decisions",
    "sweep": "run",
    "waiting": "backlog",
}


def __getattr__(name: str) -> object:
    """Load a public name when it is used: `as_user` starts as root and must load next to nothing first."""
    if name not in _HOMES:
        raise AttributeError(name)
    return getattr(import_module(f"afterall.collect.{_HOMES[name]}"), name)
