"""Know that PEFT saved an adapter, and its version, where no trainer says more.

Format: `peft_version` in adapter_config.json since PEFT 0.18, and `inference_mode` and `task_type` in all
releases; torchtune writes a file of that name with neither.
"""

from collections.abc import Sequence
from typing import IO

from afterall.model import Entry
from afterall.scan.provenance import version_of
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.line_files import read_json
from afterall.scan.trainers.trainer import TraceFiles, Trainer, newest

NAME = "peft"
_ITS_OWN = frozenset({"inference_mode", "task_type"})


def read_adapter(file: IO[bytes], name: str) -> Trace | None:
    """Return which PEFT wrote an adapter_config.json, None where another program did.

    Raises BadInput where it is damaged.
    """
    config = read_json(file, name)
    if not _ITS_OWN.issubset(config):
        return None
    trace = Trace(trainer=NAME, origin=Origin.RESULTS, file=name)
    trace.provenance = version_of(NAME, str(config.get("peft_version")), trace.source("key peft_version"))
    return trace


def _choose(entries: Sequence[Entry]) -> Sequence[Entry]:
    return newest([entry for entry in entries if entry.name == "adapter_config.json"])


PEFT = Trainer(name=NAME, files=(TraceFiles(choose=_choose, read=read_adapter),))
