"""Read torchtitan's metrics lines, coloured or not.

Format: `step: 10  loss:  7.1234  grad_norm:  1.3  memory: 12.3GiB(15.4%)  tps: 1,234  tflops: …  mfu: …`,
tps of one device (`wps` until 2024), memory the most reserved since the line before, no grad_norm until
2025, a loss of five decimals since 2026; `validate step: 10  loss: …`; `Training starts at step 1, … total
steps 1000 (warmup 200)`, later `Trainer is initialized with … total steps 1000`; `Training completed`. Of
pipeline stages only the last has a loss, the others print -1 in its place, rank 0 among them. Others print
steps and losses too: only a line with memory and speed as torchtitan writes them is its own. Source:
torchtitan/components/metrics.py, train.py.
"""

import re

from afterall.model import Fact, Source
from afterall.scan.curves import Rounding
from afterall.scan.provenance import version_of
from afterall.scan.trainers.line_format import PLANNED, FormatLines, LineFormat, Row, lines_of
from afterall.scan.trainers.trainer import Trainer

NAME = "torchtitan"
_STEP = re.compile(
    r"(?:^| - |^\[titan\] )(validate )?step:\s{1,8}(\d{1,12})\s{2,8}loss:\s{1,8}(\S{1,30})\s{2}"
    r"(?:\s{0,4}grad_norm:\s{1,8}(\S{1,30})\s{2})?"
    r".{0,200}?\bmemory:\s{1,8}(\d{1,6}\.\d{1,4})GiB(?:\([\d.]{1,8}%\))?\s{1,4}[tw]ps:\s{1,12}([\d,]{1,16})(?:\s|$)"
)
_NO_LOSS = re.compile(r"-1\.0{4,8}")
"""What a pipeline's stages print that have none."""
_START = re.compile(r"(?:^| - )(?:Training starts at step (\d{1,12})\b|Trainer is initialized with )")
_TOTAL = re.compile(r"\btotal steps (\d{1,12})\b")
_GPU = re.compile(
    r"(?:^| - )(?:CUDA|GPU|HIP|XPU) capacity: (\S.{1,100}?)(?: \(\d{1,3}\))? with [\d.]{1,12}GiB"
)
_VERSION = re.compile(r"(?:^| - )torchtitan version: (\S{1,60}) \(")


class TorchtitanLines(FormatLines):
    """Reads also what the trainer says as it starts."""

    def tell(self, text: str, source: Source) -> None:
        """Take where the run starts, its GPU and its version."""
        start = _START.search(text)
        if start is not None and start[1] is not None:
            self.is_resumed = int(start[1]) > 1
        if gpu := _GPU.search(text):
            self.provenance["gpu"] = Fact(gpu[1], source)
        version = _VERSION.search(text)
        if version is not None and version[1] != "0.0.0":
            self.provenance |= version_of(NAME, version[1], source)


def _parse(text: str) -> Row | None:
    if _START.search(text):
        total = _TOTAL.search(text)
        return {PLANNED: total[1]} if total is not None else None
    found = _STEP.search(text)
    if found is None:
        return None
    is_validation, step, loss, norm, memory, speed = found.groups()
    if is_validation:
        return {"step": step, "val_loss": loss}
    row: dict[str, object] = {"step": step, "peak_memory_reserved": memory}
    row["tokens_per_second_per_gpu"] = speed.replace(",", "")
    if _NO_LOSS.fullmatch(loss) is None:
        row["loss"] = loss
    return {**row, "grad_norm": norm} if norm is not None else row


FORMAT = LineFormat(
    trainer=NAME,
    triggers=(
        b"step:",
        b"total steps ",
        b"Training starts at step ",
        b"Training completed",
        b"GiB memory",
        b"torchtitan version: ",
    ),
    parse=_parse,
    done=re.compile(r"(?:^| - )Training completed$"),
    done_needs_rows=True,
    rounding=Rounding(decimals=4),
)

TORCHTITAN = Trainer(name=NAME, lines=(lines_of(FORMAT, TorchtitanLines),))
