"""Take what the hook wrote: parse one record, and move records through the spool.

Invariant: a record leaves the spool's reach only when something durable holds what it says; what cannot be
read is kept beside its reason.
"""

from afterall.events.record import MAX_RECORD_BYTES, Context, Event, parse_event
from afterall.events.spool import AfterStep, Claimed, Spool, no_step, open_spool

__all__ = [
    "MAX_RECORD_BYTES",
    "AfterStep",
    "Claimed",
    "Context",
    "Event",
    "Spool",
    "no_step",
    "open_spool",
    "parse_event",
]
