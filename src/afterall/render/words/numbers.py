"""Write numbers with as many digits as help, and the same number in the same way everywhere.

Invariant: total over every int and float; NaN and the infinities are written as such, never as a number.
"""

import math
from collections.abc import Iterable

MISSING = "—"


def real(value: float) -> float:
    """Return `value` as a float; an integer beyond every float, as JSON allows, becomes an infinity."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def count(value: int) -> str:
    """Return a count with thousands separators: 1,500."""
    return f"{value:,}" if abs(value) < 10**15 else number(real(value))


def number(value: float, digits: int = 5) -> str:
    """Return `value` to `digits` significant digits without trailing zeros: 0.0003, 1e-5, 1,296.3, NaN, ∞."""
    if isinstance(value, int) and abs(value) < 10**15:
        return count(value)
    value = real(value)
    if not math.isfinite(value):
        return _not_finite(value)
    if value == 0:
        return "0"
    magnitude = abs(value)
    if magnitude < 1e-4 or magnitude >= 1e9:
        mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
        return f"{_trimmed(mantissa)}e{int(exponent)}"
    return _trimmed(f"{value:,.{_decimals(magnitude, digits)}f}")


def fixed(value: float, decimals: int) -> str:
    """Return `value` with exactly `decimals` decimals, or in powers of ten where they would hide it."""
    value = real(value)
    if not math.isfinite(value):
        return _not_finite(value)
    if value and (abs(value) < 0.5 * 10**-decimals or abs(value) >= 1e9):
        return number(value, 4)
    return f"{value:,.{decimals}f}"


def decimals_for(values: Iterable[float]) -> int:
    """Return the decimals that show five digits of the largest, three of the smallest, and tell all apart.

    Values that differ only beyond the eighth significant digit count as equal. Zeros that would end all of
    them are dropped.
    """
    sizes = sorted({abs(value) for value in map(real, values) if math.isfinite(value) and value})
    if not sizes:
        return 4
    wanted = max(_decimals(sizes[-1], 5), min(_decimals(sizes[0], 3), 6))
    most = max(wanted, min(_decimals(sizes[-1], 8), 10))
    distinct = len({f"{size:.7e}" for size in sizes})
    while wanted < most and len({f"{size:.{wanted}f}" for size in sizes}) < distinct:
        wanted += 1
    while wanted > 1 and all(f"{size:.{wanted}f}".endswith("0") for size in sizes):
        wanted -= 1
    return wanted


def percent(share: float) -> str:
    """Return a share of one as a percentage with a sensible digit: 0.6 %, 26 %, <0.01 %."""
    value = abs(real(share)) * 100
    if not math.isfinite(value):
        return _not_finite(value)
    if 0 < value < 0.01:
        return "<0.01 %"
    if value >= 9.95:
        return f"{value:,.0f} %"
    return f"{value:.1f} %" if value >= 0.095 else f"{value:.2f} %"


def _decimals(magnitude: float, digits: int) -> int:
    """Return how many decimals show `digits` significant digits of a positive finite number."""
    return max(0, digits - 1 - math.floor(math.log10(magnitude)))


def _trimmed(digits: str) -> str:
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def _not_finite(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "∞" if value > 0 else "-∞"


def not_finite(value: float) -> str:
    """Return NaN or an infinity as programs read it: "NaN", "Infinity", "-Infinity"."""
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"
