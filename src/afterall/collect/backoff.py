"""Say how long to wait before the next try.

Invariant: the same try of the same thing waits equally long, so that a restarted worker keeps its word; two
things that failed together drift apart.
"""

from datetime import timedelta
from hashlib import sha256

from afterall.settings import SiteSettings

_JITTER = 0.25


def delay(attempts: int, key: str, site: SiteSettings) -> timedelta:
    """Return the wait after `attempts` earlier tries: doubling, capped, shortened by up to a quarter."""
    # 2**40 seconds are beyond every cap; the bound keeps the float finite.
    longest = min(site.retry_first_s * 2.0 ** min(attempts, 40), site.retry_last_s)
    spread = sha256(f"{key}:{attempts}".encode("utf-8", "surrogatepass")).digest()[0] / 255
    return timedelta(seconds=longest * (1 - _JITTER * spread))
