"""Find out to which set a directory belongs, which experiments it holds, and whose the jobs and logs are.

Invariant: looks at names first, reads little, follows no link out of the set, and writes nothing.
"""

from afterall.discover.discovery import discover
from afterall.discover.finding import find_set, sets_below
from afterall.discover.matching.matches import match
from afterall.discover.mentions import shared_log_mentions

__all__ = ["discover", "find_set", "match", "sets_below", "shared_log_mentions"]
