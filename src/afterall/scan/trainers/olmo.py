"""Read the blocks that OLMo and OLMo-core log.

Format: `[step=10/1000,epoch=0]` behind a logger's words, without an epoch until 2024, in OLMo-core with
`eta=…` and `???` where nobody knows the last step; below it lines as `    train/CrossEntropyLoss=2.345`, in
OLMo-core `    train/CE loss=2.345`, four or so digits with commas between thousands. Tokens and batches a
second are of one device. OLMo's MB are 10^6 bytes. `Training complete` is the last word. Source:
olmo/train.py and util.py, olmo_core/train/callbacks/console_logger.py, speed_monitor.py,
gpu_memory_monitor.py.
"""

import re
from typing import ClassVar

from afterall.scan.curves import Rounding
from afterall.scan.trainers.line_format import LineFormat, lines_of
from afterall.scan.trainers.stepped_blocks import BlockLines, Names
from afterall.scan.trainers.trainer import Trainer

NAME = "olmo"
_GIB_A_MB = 1e6 / (1 << 30)


class OlmoLines(BlockLines):
    """Knows what OLMo logs."""

    step = re.compile(
        r"(?:^|\s)\[step=(?P<step>[\d,]{1,16})/(?P<planned>[\d,]{1,16}|\?\?\?)"
        r"(?:,epoch=\d{1,9})?(?:, ?eta=[^\]]{0,60})?\]$"
    )
    number = re.compile(r"\s{0,8}(?P<name>[A-Za-z_]{2,20}/[\w /()-]{1,60})=(?P<value>[-+\w.,]{1,30})$")
    names: ClassVar[Names] = {
        "train/CrossEntropyLoss": ("loss", 1),
        "train/CE loss": ("loss", 1),
        "optim/total_grad_norm": ("grad_norm", 1),
        "optim/total grad norm": ("grad_norm", 1),
        "optim/learning_rate_group0": ("lr", 1),
        "optim/LR (group 0)": ("lr", 1),
        "optim/LR": ("lr", 1),
        "throughput/total_tokens": ("total_tokens", 1),
        "throughput/total tokens": ("total_tokens", 1),
        "throughput/device/tokens_per_second": ("tokens_per_second_per_gpu", 1),
        "throughput/device/TPS": ("tokens_per_second_per_gpu", 1),
        "throughput/device/batches_per_second": ("train_steps_per_second", 1),
        "throughput/device/BPS": ("train_steps_per_second", 1),
        "gpu_memory/GPU active mem (GiB)": ("peak_memory_active", 1),
        "gpu_memory/GPU reserved mem (GiB)": ("peak_memory_reserved", 1),
        "System/Peak GPU Memory (MB)": ("peak_memory_alloc", _GIB_A_MB),
    }


FORMAT = LineFormat(
    trainer=NAME,
    triggers=(b"[step=", b"Training complete", *(f"{name}=".encode() for name in OlmoLines.names)),
    parse=lambda _: None,
    done=re.compile(r"(?:^|[\s\]])Training complete$"),
    done_needs_rows=True,
    rounding=Rounding(significant=4),
)

OLMO = Trainer(name=NAME, lines=(lines_of(FORMAT, OlmoLines),))
