"""Count what became of events and sets in one run of the worker, or in all of them together."""

from msgspec import Struct


class Collected(Struct):
    """What was done; `waiting` and `held` are what one run left for the next."""

    claimed: int = 0
    """Records taken from new/."""
    quarantined: int = 0
    """Records that could not be read."""
    ignored: int = 0
    """Events that ask for nothing: no set, not opted in, a user who is not served."""
    folded: int = 0
    """Events that a set's note now holds."""
    reported: int = 0
    provisional: int = 0
    """Reports written although jobs of the set live, as the set asks."""
    forgotten: int = 0
    """Sets that turned out not to have opted in."""
    failed: int = 0
    """Events and sets given up."""
    held: int = 0
    """Events whose set is not known yet."""
    waiting: int = 0
    """Sets that are not finished."""
    other_worker: bool = False
    """True: another worker has the spool, and nothing was done."""
