"""Read the blocks that MosaicML's Composer logs, as LLM Foundry trains with it.

Format: `[batch=12/500]:`, where a run lasts epochs `[epoch=2][batch=5/40]:`, counted within the epoch, both
from 1; below it lines as `Train loss/train/total: 8.4213`, indented, four decimals, and after a validation
`Eval metrics/eval/LanguageCrossEntropy: 2.3456`. Losses are of the batch; a GB are 10^9 bytes. What it counts
of tokens and batches are those before. Source: composer/loggers/console_logger.py,
composer/callbacks/memory_monitor.py and speed_monitor.py.
"""

import re
from typing import ClassVar

from afterall.scan.curves import Rounding
from afterall.scan.trainers.line_format import LineFormat, lines_of
from afterall.scan.trainers.stepped_blocks import BlockLines, Names
from afterall.scan.trainers.trainer import Trainer

NAME = "composer"
_GIB_A_GB = 1e9 / (1 << 30)


class ComposerLines(BlockLines):
    """Knows what Composer logs."""

    step = re.compile(
        r"^(?:\[epoch=(?P<epoch>\d{1,9})(?:/\d{1,9})?\]\[batch=(?P<in_epoch>\d{1,12})/(?P<length>\d{1,12})\]"
        r"|\[batch=(?P<step>\d{1,12})/(?P<planned>\d{1,12})\]):"
    )
    number = re.compile(r"\s{0,12}(?P<name>(?:Train|Eval) [\w/.-]{1,120}): (?P<value>[-+\w.]{1,30})$")
    names: ClassVar[Names] = {
        "Train loss/train/total": ("loss", 1),
        "Train l2_norm/grad/global": ("grad_norm", 1),
        "Train throughput/batches_per_sec": ("train_steps_per_second", 1),
        "Train throughput/device/tokens_per_sec": ("tokens_per_second_per_gpu", 1),
        "Train memory/peak_allocated_mem": ("peak_memory_alloc", _GIB_A_GB),
        "Train memory/peak_active_mem": ("peak_memory_active", _GIB_A_GB),
        "Train memory/peak_reserved_mem": ("peak_memory_reserved", _GIB_A_GB),
        "Eval metrics/eval/LanguageCrossEntropy": ("val_loss", 1),
        "Eval metrics/eval/CrossEntropy": ("val_loss", 1),
    }

    def step_of(self, begun: re.Match[str]) -> int:
        """Return the batches so far, those of the epochs before with them."""
        if begun["step"] is not None:
            return int(begun["step"])
        return (int(begun["epoch"]) - 1) * int(begun["length"]) + int(begun["in_epoch"])


FORMAT = LineFormat(
    trainer=NAME,
    triggers=(b"[batch=", *(name.encode() for name in ComposerLines.names)),
    parse=lambda _: None,
    rounding=Rounding(decimals=4),
)

COMPOSER = Trainer(name=NAME, lines=(lines_of(FORMAT, ComposerLines),))
