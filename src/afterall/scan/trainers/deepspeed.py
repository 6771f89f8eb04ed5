"""Read DeepSpeed's own lines: learning rate, speed and memory by step; the loss is the script's to print.

Format: `[INFO] [logging.py:96:log_dist] [Rank 0] step=10, skipped=0, lr=[9.6e-06], mom=[…]`, steps with
skipped ones among them; `epoch=0/micro_step=10/global_step=10, RunningAvgSamplesPerSec=95.1, …,
MaxMemAllocated=11.07GB` (2^30 bytes, since the peak was last set back), in 2022 `0/20,
RunningAvgSamplesPerSec=…` with the epoch's micro steps and no step; `MA 2.1 GB         Max_MA 3.2 GB
CA 4.0 GB         Max_CA 5 GB`, whose last is a whole number; `DeepSpeed info: version=0.14.0,
git-hash=unknown, git-branch=unknown`. The hash is DeepSpeed's own. 0.19 prints none of these by
default: the states that rank 0 saved, `mp_rank_00_model_states.pt` and with ZeRO 3
`zero_pp_rank_0_mp_rank_00_model_states.pt`, name it; they are never opened.
Source: deepspeed/runtime/engine.py, runtime/utils.py, utils/timer.py.
"""

import re
from collections.abc import Sequence
from typing import IO

from afterall.model import Entry, Source
from afterall.scan.curves import Rounding
from afterall.scan.provenance import version_of
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.deepspeed_chat import CHAT_LINES
from afterall.scan.trainers.deepspeed_launcher import LauncherLines
from afterall.scan.trainers.line_format import FormatLines, LineFormat, Row, lines_of
from afterall.scan.trainers.trainer import TraceFiles, Trainer, newest

NAME = "deepspeed"
_STEP = re.compile(r"\bstep=(\d{1,12}), skipped=\d{1,12}, lr=\[([-+\w.]{1,30})[,\]]")
_TIMER = re.compile(
    r"(?:\bglobal_step=(?P<step>\d{1,12})|\] \d{1,9}/\d{1,12}), "
    r"RunningAvgSamplesPerSec=(?P<rate>[-+\w.]{1,30})(?=[,\s])"
)
_MEMORY = re.compile(r"\bMaxMemAllocated=([\d.]{1,12})GB\b")
_USAGE = re.compile(
    r"\bMA [\d.]{1,12} GB\s{1,12}Max_MA ([\d.]{1,12}) GB\s{1,12}CA [\d.]{1,12} GB\s{1,12}Max_CA "
)
_BANNER = re.compile(r"\bDeepSpeed info: version=([^\s,]{1,60}), git-hash=")
_STATES = frozenset({"mp_rank_00_model_states.pt", "zero_pp_rank_0_mp_rank_00_model_states.pt"})


class DeepSpeedLines(FormatLines):
    """Reads also the banner."""

    def tell(self, text: str, source: Source) -> None:
        """Take the version."""
        if found := _BANNER.search(text):
            self.provenance |= version_of(NAME, found[1], source)


def _parse(text: str) -> Row | None:
    if found := _STEP.search(text):
        return {"step": found[1], "lr": found[2]}
    if found := _TIMER.search(text):
        row: dict[str, object] = {"step": found["step"], "train_samples_per_second": found["rate"]}
        memory = _MEMORY.search(text)
        return {**row, "peak_memory_alloc": memory[1]} if memory else row
    if found := _USAGE.search(text):
        return {"peak_memory_alloc": found[1]}
    return None


def _know(_: IO[bytes], name: str) -> Trace:
    return Trace(trainer=NAME, origin=Origin.RESULTS, file=name)


def _choose(entries: Sequence[Entry]) -> Sequence[Entry]:
    return newest([entry for entry in entries if entry.name in _STATES])


FORMAT = LineFormat(
    trainer=NAME,
    triggers=(b", skipped=", b"RunningAvgSamplesPerSec=", b"Max_MA ", b"DeepSpeed info: "),
    parse=_parse,
    rounding=Rounding(significant=6),
    trains=False,
)

DEEPSPEED = Trainer(
    name=NAME,
    lines=(lines_of(FORMAT, DeepSpeedLines), CHAT_LINES, LauncherLines),
    files=(TraceFiles(choose=_choose, read=_know),),
)
