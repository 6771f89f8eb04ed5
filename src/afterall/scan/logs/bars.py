r"""Read progress bars out of whole blocks at once: how far each got, whatever program drew it.

Format: tqdm's `{name}: 44%|████▍     | 22/50 [00:02<00:03, 9.1it/s]`, drawn again and again after a \\r.
"""

import re
from collections.abc import Iterable

from msgspec import Struct

from afterall.scan.curves import mark_of
from afterall.scan.logs.blocks import MANY_BYTES, Block
from afterall.scan.logs.lines import clean

_TOTALS = re.compile(rb"/(\d{1,12}) \[")
_HEAD = re.compile(r"(?P<name>[^%|]{0,200}?):?\s*\d{1,3}%.{0,400}?\s(?P<done>\d{1,12})")
MOST_BARS = 64


class Bar(Struct, frozen=True):
    """How far one progress bar got: its name ("" for none), its total, and the line it was last drawn on."""

    name: str
    done: int
    total: int
    mark: int


class Bars:
    """The last state of every progress bar of a log, in the order they first appeared."""

    def __init__(self) -> None:
        self._bars: dict[tuple[str, int], Bar] = {}

    @property
    def unnamed(self) -> list[Bar]:
        """Bars without a name, as trainers draw theirs, oldest first."""
        return [bar for bar in self._bars.values() if not bar.name]

    def read_block(self, block: Block) -> None:
        """Take the last state of every bar in a block."""
        for total in _totals(block.data):
            end = b"/" + total + b" ["
            bar = _bar_at(block, block.data.rfind(end), int(total))
            if bar is not None and (len(self._bars) < MOST_BARS or (bar.name, bar.total) in self._bars):
                self._bars[bar.name, bar.total] = bar


def _totals(data: bytes) -> Iterable[bytes]:
    """Return each total in a block once, in the order in which they first appear."""
    if len(data) >= MANY_BYTES:
        from afterall.scan.logs.bar_arrays import all_follow  # noqa: PLC0415 (see MANY_BYTES)

        *_, last = (b"", *_TOTALS.findall(data, data.rfind(b"[") - 20))
        if last and all_follow(data, b"/" + last + b" "):
            return (last,)
    return dict.fromkeys(_TOTALS.findall(data))


def _bar_at(block: Block, slash: int, total: int) -> Bar | None:
    """Return the bar whose "done/total" has its slash there; None where it is none, or has a loss."""
    data = block.data
    start = max(data.rfind(b"\n", 0, slash), data.rfind(b"\r", 0, slash), slash - 1000) + 1
    _, head = clean(data[start:slash])
    found = _HEAD.fullmatch(head)
    if found is None or "Loss:" in found["name"]:
        return None
    mark = mark_of(block.offset + start, block.line_at(start))
    return Bar(found["name"].strip(), int(found["done"]), total, mark)
