"""Keep the registry of trainers and loggers: a new one is one module and one row here.

Where two trainers left traces, the first of this table names the run: those that build upon others come
first.
"""

from collections.abc import Sequence

from afterall.scan.logs.bars import Bars
from afterall.scan.logs.reader import TraceReader
from afterall.scan.trainers.accelerate import ACCELERATE
from afterall.scan.trainers.axolotl import AXOLOTL
from afterall.scan.trainers.composer import COMPOSER
from afterall.scan.trainers.deepspeed import DEEPSPEED
from afterall.scan.trainers.espnet import ESPNET
from afterall.scan.trainers.fastai import FASTAI
from afterall.scan.trainers.gpt_neox import GPT_NEOX
from afterall.scan.trainers.gpu_metrics import GPU_METRICS_FILE
from afterall.scan.trainers.huggingface import HUGGING_FACE
from afterall.scan.trainers.hydra import HYDRA
from afterall.scan.trainers.internevo import INTERNEVO
from afterall.scan.trainers.lightning import LIGHTNING
from afterall.scan.trainers.litgpt import LITGPT
from afterall.scan.trainers.llamafactory import LLAMA_FACTORY
from afterall.scan.trainers.maxtext import MAXTEXT
from afterall.scan.trainers.megatron import MEGATRON
from afterall.scan.trainers.mlflow import MLFLOW
from afterall.scan.trainers.mmengine import MMENGINE
from afterall.scan.trainers.ms_swift import MS_SWIFT
from afterall.scan.trainers.nanotron import NANOTRON
from afterall.scan.trainers.nemo import NEMO
from afterall.scan.trainers.nemo_automodel import NEMO_AUTOMODEL
from afterall.scan.trainers.nemo_rl import NEMO_RL
from afterall.scan.trainers.olmo import OLMO
from afterall.scan.trainers.openrlhf import OPENRLHF
from afterall.scan.trainers.paddlenlp import PADDLENLP
from afterall.scan.trainers.peft import PEFT
from afterall.scan.trainers.plain import PLAIN
from afterall.scan.trainers.prime_rl import PRIME_RL
from afterall.scan.trainers.slime import SLIME
from afterall.scan.trainers.spacy import SPACY
from afterall.scan.trainers.submitit import SUBMITIT
from afterall.scan.trainers.tensorboard import TENSORBOARD
from afterall.scan.trainers.timm import TIMM
from afterall.scan.trainers.torchtitan import TORCHTITAN
from afterall.scan.trainers.torchtune import TORCHTUNE
from afterall.scan.trainers.trainer import TraceFiles, Trainer
from afterall.scan.trainers.trl import TRL
from afterall.scan.trainers.ultralytics import ULTRALYTICS
from afterall.scan.trainers.verl import VERL
from afterall.scan.trainers.wandb import WANDB

TRAINERS: tuple[Trainer, ...] = (
    TORCHTUNE,
    LLAMA_FACTORY,
    AXOLOTL,
    MS_SWIFT,
    TRL,
    HUGGING_FACE,
    NEMO,
    NEMO_RL,
    NEMO_AUTOMODEL,
    LITGPT,
    LIGHTNING,
    GPT_NEOX,
    SLIME,
    MEGATRON,
    OLMO,
    COMPOSER,
    TORCHTITAN,
    NANOTRON,
    INTERNEVO,
    PADDLENLP,
    MAXTEXT,
    VERL,
    OPENRLHF,
    PRIME_RL,
    ULTRALYTICS,
    MMENGINE,
    TIMM,
    ESPNET,
    SPACY,
    FASTAI,
    DEEPSPEED,
    WANDB,
    TENSORBOARD,
    MLFLOW,
    HYDRA,
    SUBMITIT,
    GPU_METRICS_FILE,
    PLAIN,
    ACCELERATE,
    PEFT,
)


def make_readers(name: str, bars: Bars) -> Sequence[TraceReader]:
    """Return a fresh reader of every trainer's and logger's lines, for one part of the log of this name."""
    return [make(name, bars) for trainer in TRAINERS for make in trainer.lines]


def based_on(name: str) -> str:
    """Return the trainer whose states and checkpoints a trainer writes: itself, or what it builds on."""
    return next(
        (trainer.builds_on for trainer in TRAINERS if trainer.name == name and trainer.builds_on), name
    )


__all__ = ["TRAINERS", "TraceFiles", "Trainer", "based_on", "make_readers"]
