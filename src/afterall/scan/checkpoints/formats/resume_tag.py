"""Read the small text file that names the newest checkpoint: DeepSpeed's `latest`, Megatron's iteration.

Invariant: total over any bytes; a tag is one name or number, never a path that leaves its directory.
Source: deepspeed/runtime/engine.py (save_checkpoint), Megatron-LM megatron/training/checkpointing.py
(get_checkpoint_tracker_filename, read_metadata).
"""

import re

from afterall.scan.checkpoints.formats.contents import Contents, Format, Readable

NAME = "resume-tag"
DEEPSPEED = "latest"
MEGATRON = "latest_checkpointed_iteration.txt"
MAX_BYTES = 4096

_TAG = re.compile(r"[\w=+-][\w.=+-]{0,199}", re.ASCII)


def parse_tag(data: bytes) -> str | None:
    """Return the name that such a file holds, None where it holds anything else."""
    text = data[:MAX_BYTES].decode("utf-8", "replace").strip()
    return text if _TAG.fullmatch(text) else None


def _recognises(_: bytes) -> bool:
    return True


def _read(file: Readable, head: bytes) -> Contents:
    small = file.size <= min(len(head), MAX_BYTES)
    return Contents(format=NAME, document=parse_tag(head) if small else None)


FORMAT = Format(name=NAME, recognises=_recognises, read=_read)
