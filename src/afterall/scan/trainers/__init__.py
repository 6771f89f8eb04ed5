"""Keep the registry of trainers and loggers: a new one is one module and one row here.

Where two trainers left traces, the first of this table names the run: those that build upon others come
first.
"""

from collections.abc import Sequence

from afterall.scan.logs.bars import Bars
from afterall.scan.logs.reader import TraceReader
from afterall.scan.trainers.deepspeed import DEEPSPEED
from afterall.scan.trainers.huggingface import HUGGING_FACE
from afterall.scan.trainers.lightning import LIGHTNING
from afterall.scan.trainers.litgpt import LITGPT
from afterall.scan.trainers.llamafactory import LLAMA_FACTORY
from afterall.scan.trainers.megatron import MEGATRON
from afterall.scan.trainers.mlflow import MLFLOW
from afterall.scan.trainers.nemo import NEMO
from afterall.scan.trainers.plain import PLAIN
from afterall.scan.trainers.submitit import SUBMITIT
from afterall.scan.trainers.tensorboard import TENSORBOARD
from afterall.scan.trainers.torchtitan import TORCHTITAN
from afterall.scan.trainers.torchtune import TORCHTUNE
from afterall.scan.trainers.trainer import TraceFiles, Trainer
from afterall.scan.trainers.wandb import WANDB

TRAINERS: tuple[Trainer, ...] = (
    TORCHTUNE,
    LLAMA_FACTORY,
    HUGGING_FACE,
    NEMO,
    LITGPT,
    LIGHTNING,
    MEGATRON,
    TORCHTITAN,
    DEEPSPEED,
    WANDB,
    TENSORBOARD,
    MLFLOW,
    SUBMITIT,
    PLAIN,
)


def make_readers(name: str, bars: Bars) -> Sequence[TraceReader]:
    """Return a fresh reader of every trainer's and logger's lines, for one part of the log of this name."""
    return [make(name, bars) for trainer in TRAINERS for make in trainer.lines]


__all__ = ["TRAINERS", "TraceFiles", "Trainer", "make_readers"]
