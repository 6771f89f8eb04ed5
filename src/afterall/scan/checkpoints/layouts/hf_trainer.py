"""Find the checkpoints of Hugging Face's Trainer and what builds on it: `checkpoint-N`, and the final model.

Invariant: the weights that lie directly beside `checkpoint-N`, training_args.bin or trainer_state.json are
the run's final model; a directory still called tmp-checkpoint-N is a save that was interrupted.
Source: transformers 4.30 to 5.23, trainer.py (_save_checkpoint, _rotate_checkpoints).
"""

import re
from collections.abc import Callable, Iterator

from afterall.scan.checkpoints.entries import Directory, Left
from afterall.scan.checkpoints.layouts.shape import (
    Layout,
    Needs,
    Place,
    has_weights,
    model_files,
    number,
    whole,
)

NAME = "hf_trainer"
FINAL = "final"

CHECKPOINT = re.compile(r"(?P<before>tmp-)?checkpoint-(?P<step>\d+)(?P<after>[.-]?tmp)?")
_MARKS = frozenset({"training_args.bin", "trainer_state.json", "trainer_log.jsonl"})
_NEEDS = Needs(config=True, trainer_state=True, peft_config=True)
_FINAL_NEEDS = Needs(config=True, peft_config=True)


def find_in(left: Left, layout: str, is_run: Callable[[Directory], bool]) -> Iterator[Place]:
    """Take the checkpoints of every directory of which `is_run` says that the layout wrote it."""
    for run in left:
        saved = [(inside, CHECKPOINT.fullmatch(inside.name)) for inside in left.inside(run)]
        steps = [(inside, found) for inside, found in saved if found is not None]
        if not (steps or _MARKS & run.files.keys()) or not is_run(run):
            continue
        for inside, found in steps:
            yield _checkpoint(left, inside, found, layout)
        if has_weights(run):
            names = {*model_files(run), *(_MARKS & run.files.keys())}
            yield Place(
                name=FINAL,
                path=run.path,
                directory=run.path,
                layout=layout,
                entries=left.take_files(run, names),
                is_final=True,
                needs=_FINAL_NEEDS,
            )


def _checkpoint(left: Left, directory: Directory, found: re.Match[str], layout: str) -> Place:
    staging = bool(found["before"] or found["after"])
    return Place(
        name=directory.name,
        path=directory.path,
        directory=directory.path,
        layout=layout,
        entries=left.take_directory(directory.path),
        step=number(found, "step"),
        needs=Needs() if staging else _NEEDS,
        unfinished=directory.name if staging else "",
    )


def _find(left: Left) -> Iterator[Place]:
    return find_in(left, NAME, lambda _: True)


LAYOUT = Layout(name=NAME, find=_find, saved_name=whole(CHECKPOINT), prunes=True, trainer="huggingface")
