"""Tell what a job, script or log is for by the words of its name.

Invariant: a name that says nothing, or that says it trains, is training's; words that belong to the
experiment's own name say nothing.
"""

from enum import Enum

from afterall.discover.names.directories import words_of


class Purpose(Enum):
    """What a job does."""

    TRAINING = "training"
    EVALUATION = "evaluation"
    SIDE = "side"
    """It prepares data or reuses a model, and trains none."""
    REPORT = "report"
    """It writes the report."""


_TRAINING = frozenset(
    {"train", "training", "trainer", "finetune", "finetuning", "sft", "pretrain", "pretraining"}
)
_EVALUATION = frozenset(
    {"eval", "evals", "evaluate", "evaluation", "evaluations", "inspect", "benchmark", "mmlu"}
)
_SIDE = frozenset(
    {
        "convert", "download", "export", "inference", "jupyter", "merge", "notebook", "plot", "plots",
        "preprocess", "preprocessing", "quantize", "tensorboard", "tokenize", "upload",
    }
)  # fmt: skip
_REPORT = frozenset({"afterall"})


def purpose_of(name: str, own: frozenset[str] = frozenset()) -> Purpose:
    """Return what `name` says, without the words `own` of the experiment that it belongs to."""
    words = words_of(name) - own
    if words & _REPORT:
        return Purpose.REPORT
    if words & _TRAINING:
        return Purpose.TRAINING
    if words & _EVALUATION:
        return Purpose.EVALUATION
    return Purpose.SIDE if words & _SIDE else Purpose.TRAINING
