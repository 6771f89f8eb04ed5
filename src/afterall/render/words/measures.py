"""Write sizes, durations and dates in words; sizes in decimal units, times in UTC."""

import math
from datetime import UTC, date, datetime

from afterall.render.words.numbers import real

UNITS_NOTE = "1 GB = 10⁹ bytes"
_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB", "EB")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def size(size_bytes: int) -> str:
    """Return a size in decimal units, as disks are sold: 2.4 GB, 82 MB, 40 bytes."""
    if abs(size_bytes) < 1000:
        return f"{size_bytes} byte" if abs(size_bytes) == 1 else f"{size_bytes} bytes"
    value, unit = real(size_bytes), 0
    while abs(value) >= 999.5 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    digits = (
        f"{value:.1f}" if abs(value) < 9.95 else f"{value:,.1f}" if abs(value) < 99.95 else f"{value:,.0f}"
    )
    digits = digits if abs(value) < 9.95 else digits.removesuffix(".0")
    return f"{digits} {_UNITS[unit]}"


def memory(size_bytes: int) -> str:
    """Return a size of memory in binary units, as Slurm and torch count it: 64 GiB."""
    value = real(size_bytes)
    for unit, length in (("GiB", 1024**3), ("MiB", 1024**2), ("KiB", 1024)):
        if abs(value) >= length:
            return f"{value / length:,.1f}".removesuffix(".0") + f" {unit}"
    return size(size_bytes)


def duration(seconds: float) -> str:
    """Return a duration as one would say it: 39 seconds, 1 minute, 4.7 minutes, 3.2 hours, 2.1 days."""
    seconds = real(seconds)
    if not math.isfinite(seconds):
        return "unknown"
    if abs(seconds) < 59.95:
        words = f"{seconds:.1f}".removesuffix(".0")
        return f"{words} second" if words == "1" else f"{words} seconds"
    for length, word, limit in ((60, "minutes", 3600), (3600, "hours", 48 * 3600), (86400, "days", math.inf)):
        if abs(seconds) < limit * 0.9995:
            told = f"{seconds / length:,.1f}"
            told = told if seconds % length else told.removesuffix(".0")
            return f"{told} {word.removesuffix('s')}" if told == "1" else f"{told} {word}"
    return "unknown"


def clock(seconds: float) -> str:
    """Return a duration as a clock shows it: 0:39, 4:41, 3:12:05."""
    seconds = real(seconds)
    if not math.isfinite(seconds):
        return "unknown"
    minutes, rest = divmod(round(abs(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    sign = "-" if seconds < 0 else ""
    return f"{sign}{hours}:{minutes:02}:{rest:02}" if hours else f"{sign}{minutes}:{rest:02}"


def day(when: datetime) -> str:
    """Return the day in UTC: October 18, 2025."""
    utc = when.astimezone(UTC)
    return f"{_MONTHS[utc.month - 1]} {utc.day}, {utc.year}"


def days(first: datetime | None, last: datetime | None) -> str:
    """Return the day or the range of days in UTC, the year and month said once; "" where both are None."""
    known = sorted(when.astimezone(UTC) for when in (first, last) if when is not None)
    if not known:
        return ""
    a, b = known[0].date(), known[-1].date()
    if a == b:
        return day(known[0])
    if (a.year, a.month) == (b.year, b.month):
        return f"{_MONTHS[a.month - 1]} {a.day}–{b.day}, {a.year}"
    start = _month_day(a) if a.year == b.year else f"{_month_day(a)}, {a.year}"
    return f"{start} – {_month_day(b)}, {b.year}"


def moment(when: datetime) -> str:
    """Return a time to the second in UTC: 2025-10-18 07:02:35 UTC."""
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def iso(when: datetime) -> str:
    """Return a time as RESULTS.json writes it: 2025-10-18T07:02:35Z."""
    return when.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _month_day(when: date) -> str:
    return f"{_MONTHS[when.month - 1]} {when.day}"
