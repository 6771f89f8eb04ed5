"""Read from a saved model's config.json which release of Transformers saved it.

`save_pretrained` writes the running release, whatever the base model's file said (transformers 4.20 to 5.24,
configuration_utils.py, `to_dict`). The file is only read where the Trainer saved a full model: beside its
arguments or its state. Others copy a base model's along, so that it counts behind every other source.
"""

from collections.abc import Sequence
from typing import IO

from afterall.model import Entry
from afterall.scan.provenance import version_of
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.huggingface_state import BESIDE_MODEL, NAME
from afterall.scan.trainers.line_files import read_json
from afterall.scan.trainers.trainer import TraceFiles, beside, newest

_KEY = "transformers_version"


def read_model_config(file: IO[bytes], name: str) -> Trace | None:
    """Return the release in a config.json, None without one; raise BadInput where it is damaged."""
    trace = Trace(trainer=NAME, origin=Origin.TERMINAL_SUMMARY, file=name)
    trace.provenance = version_of(
        "transformers", str(read_json(file, name).get(_KEY)), trace.source(f"key {_KEY}")
    )
    return trace if trace.provenance else None


def _choose(entries: Sequence[Entry]) -> Sequence[Entry]:
    return newest(beside([entry for entry in entries if entry.name == "config.json"], entries, BESIDE_MODEL))


MODEL_CONFIG_FILES = TraceFiles(choose=_choose, read=read_model_config)
