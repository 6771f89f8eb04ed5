"""Find LLaMA-Factory's checkpoints: the HF Trainer's, in a directory with its own log and arguments.

Invariant: claims only runs that bear LLaMA-Factory's marks; the rest is the HF Trainer's.
"""

from collections.abc import Iterator

from afterall.scan.checkpoints.entries import Directory, Left
from afterall.scan.checkpoints.layouts import hf_trainer
from afterall.scan.checkpoints.layouts.shape import Layout, Place, whole

NAME = "llama_factory"
_MARKS = frozenset({"trainer_log.jsonl", "llamaboard_config.yaml", "running_log.txt"})


def _is_run(directory: Directory) -> bool:
    return not _MARKS.isdisjoint(directory.files)


def _find(left: Left) -> Iterator[Place]:
    return hf_trainer.find_in(left, NAME, _is_run)


LAYOUT = Layout(
    name=NAME,
    find=_find,
    step_name=hf_trainer.STEP_NAME,
    arguments_name=hf_trainer.ARGUMENTS,
    saving=hf_trainer.saving,
    saved_name=whole(hf_trainer.CHECKPOINT),
    prunes=True,
)
