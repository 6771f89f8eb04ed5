"""Read the arguments that Hugging Face's Trainer keeps beside the weights, training_args.bin.

Invariant: read as a pickle's description, never unpickled; total over any bytes. What concerns saving alone
is left to the checkpoints' own reader, and what only tells the machine or a log is left out.

Source: transformers training_args.py (TrainingArguments), trainer.py (`_save`); trl's configurations extend
it.
"""

import re
from pathlib import Path

from afterall.model import ExperimentLayout, Fact, Source
from afterall.scan.checkpoints.formats import read_contents
from afterall.scan.checkpoints.formats.torch_zip import Archive
from afterall.scan.files import read_whole
from afterall.scan.parameters.config_files import MOST_BYTES, nearest

_NAME = "training_args.bin"
_FILE = re.compile(r"(?:^|/)training_args\.bin$")
_HEAD_BYTES = 1 << 16
_LEFT_OUT = re.compile(
    r"\.class$|^_|^(?:save|logging|log|eval|hub|push_to|do|ddp|fsdp|jit|past|tpu|ray|xpu|mp|dataloader_num)_|^(?:skip|no)_"
    r"|^(?:use_cpu|use_mps_device|push_to_hub|disable_tqdm|prediction_loss_only|batch_eval_metrics|debug)$"
    r"|_full_eval$|^(?:enable_jit_checkpoint|restore_callback_states_from_checkpoint)$"
    r"|^(?:ignore_data_skip|remove_unused_columns|length_column_name|dataloader_(?:pin_memory|persistent_workers))$"
    r"|^(?:metric_for_best_model|greater_is_better|include_num_input_tokens_seen|trust_remote_code|accelerator_config)$"
)

_AS_EVER = frozenset({("load_best_model_at_end", False)})
"""What tells of the last weights only where it is not so."""


class _Bytes:
    """Bytes as formats of checkpoint files see a file."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def size(self) -> int:
        return len(self._data)

    def read(self, offset: int, length: int) -> bytes:
        return self._data[offset : offset + length]

    def holes(self) -> tuple[tuple[int, int], ...]:
        return ()


def read_training_arguments(set_dir: Path, layout: ExperimentLayout) -> dict[str, Fact]:
    """Return the arguments of an experiment's trainer, from the file nearest to its own directory."""
    for entry in nearest(layout.entries, layout.path, _FILE)[:1]:
        try:
            return parse_training_arguments(read_whole(set_dir, entry.path, MOST_BYTES), entry.path)
        except OSError:
            continue
    return {}


def parse_training_arguments(data: bytes, file: str) -> dict[str, Fact]:
    """Return the arguments in a file's bytes; a damaged one says nothing: its checkpoint's checks name it."""
    document = read_contents(_NAME, _Bytes(data), data[:_HEAD_BYTES]).document
    told = document.scalars if isinstance(document, Archive) else {}
    return {
        key: Fact(value, Source(file, f"key {key}"))
        for key, value in told.items()
        if not _LEFT_OUT.search(key) and (key, value) not in _AS_EVER
    }
