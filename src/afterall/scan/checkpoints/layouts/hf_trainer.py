"""Find the checkpoints of Hugging Face's Trainer and what builds on it: `checkpoint-N`, and the final model.

Invariant: the weights that lie directly beside `checkpoint-N`, training_args.bin or trainer_state.json are
the run's final model; a directory still called tmp-checkpoint-N is a save that was interrupted.
Source: transformers 4.30 to 5.23, trainer.py (_save_checkpoint, _rotate_checkpoints), trainer_callback.py
(DefaultFlowCallback).
"""

import re
from collections.abc import Callable, Iterator, Mapping

from afterall.model import Scalar
from afterall.scan.checkpoints.entries import Directory, Left
from afterall.scan.checkpoints.layouts.composite import is_listed, parts_of, take
from afterall.scan.checkpoints.layouts.shape import (
    Layout,
    Needs,
    Place,
    Saving,
    has_weights,
    model_files,
    number,
    whole,
)

NAME = "hf_trainer"
FINAL = "final"
STEP_NAME = "checkpoint-{step}"
ARGUMENTS = "training_args.bin"

CHECKPOINT = re.compile(r"(?P<before>tmp-)?checkpoint-(?P<step>\d+)(?P<after>[.-]?tmp)?")
_MARKS = frozenset({"training_args.bin", "trainer_state.json", "trainer_log.jsonl"})
_NEEDS = Needs(config=True, trainer_state=True, peft_config=True)
_FINAL_NEEDS = Needs(config=True, peft_config=True)
_MOST_STEPS = 10**12


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
            parts = parts_of(left, run) if is_listed(run) else []
            yield Place(
                name=FINAL,
                path=run.path,
                directory=run.path,
                layout=layout,
                entries=take(left, run, names, parts) if parts else left.take_files(run, names),
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


def saving(arguments: Mapping[str, Scalar]) -> Saving | None:
    """Return when a run with these TrainingArguments saves; None where they do not say.

    Since 4.47, which has a SaveStrategy instead of an IntervalStrategy, saving by steps saves at the end too.
    The best is kept as soon as a metric is named, whether or not it is loaded at the end.
    """
    strategy = arguments.get("save_strategy")
    if not isinstance(strategy, str):
        return None
    limit = _positive(arguments.get("save_total_limit"))
    return Saving(
        every_steps=_positive(arguments.get("save_steps")) if strategy == "steps" else None,
        every_epoch=strategy == "epoch" and _has_whole_epochs(arguments),
        at_end=strategy == "steps" and arguments.get("save_strategy.class") == "SaveStrategy",
        keeps=int(limit) if limit is not None else None,
        keeps_best=arguments.get("load_best_model_at_end") is True or "metric_for_best_model" in arguments,
    )


def _has_whole_epochs(arguments: Mapping[str, Scalar]) -> bool:
    """Tell whether the planned steps are a whole number of epochs' steps."""
    epochs = _positive(arguments.get("num_train_epochs"))
    return _positive(arguments.get("max_steps")) is None and epochs is not None and epochs == int(epochs)


def _positive(value: Scalar) -> int | float | None:
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else 0
    return number if 0 < number < _MOST_STEPS else None


def _find(left: Left) -> Iterator[Place]:
    return find_in(left, NAME, lambda _: True)


LAYOUT = Layout(
    name=NAME,
    find=_find,
    step_name=STEP_NAME,
    arguments_name=ARGUMENTS,
    saving=saving,
    saved_name=whole(CHECKPOINT),
    prunes=True,
    trainer="huggingface",
)
