"""Tell what a file's name says of its directory: that something was trained, tried, or merely stored.

Invariant: pure tables over names, with the sources of afterall.discover.names.directories.
"""

import re
from enum import IntEnum

from afterall.discover.names.purposes import Purpose, purpose_of


class Grade(IntEnum):
    """How strongly a directory's files say that a training run lives in it; higher is stronger."""

    NOTHING = 0
    MODEL = 1
    """Bare weights: an output, or as well the base model that runs start from."""
    TRACE = 2
    """A run was prepared or begun: batch script, run configuration, log, tracker directory."""
    PRODUCT = 3
    """A run wrote it: checkpoints, adapters, optimizer and trainer states."""


_PRODUCT = re.compile(
    r"""
    trainer_state\.json | training_args\.bin | trainer_log\.jsonl | (train|all)_results\.json
    | adapter_(config\.json|model.*\.(safetensors|bin|pt)|\d+\.pt)
    | (hf|meta|torchtune)_model_(\d+_)?\d+\.pt | recipe_state\.pt
    | (optimizer|scheduler)(_\d+)?\.(pt|bin) | rng_state(_\d+)?\.pth | random_states_\d+\.pkl
    | .*\.(ckpt|nemo|distcp) | lit_model\.pth.* | latest_checkpointed_iteration\.txt | zero_to_fp32\.py
    | model_optim_rng\.pt | (mp_rank|(bf16_|fp16_)?zero_pp_rank)_\d+.*\.pt | nemo_log_globalrank.*\.txt
    """,
    re.VERBOSE,
)

_FINAL_SAVE = re.compile(r"training_args\.bin|adapter_(config\.json|model.*\.(safetensors|bin|pt))")
"""What a script saves once more where it likes when it has trained."""

_SHOWN = re.compile(
    r".*\.(png|jpe?g|gif|svg|webp|bmp|tiff?|mp4|avi|wav|mp3|flac|ogg|txt|csv|html|pdf|md)", re.IGNORECASE
)

_WEIGHTS = re.compile(r".*\.(safetensors|(pt|pth)(\.tar)?|bin)")
_WEIGHTS_OF_OTHERS = re.compile(
    r"(.*tokenizer.*|.*embeddings?|.*dataset.*|vocab.*|.*tokens)\.(bin|pt|pth)", re.IGNORECASE
)

_TRAINED = re.compile(
    r"(?:^|[-_.\d])(?:ckpt|checkpoint|best|last|final|latest|model|weights|net|epoch|step|state|lora|adapter|policy)",
    re.IGNORECASE,
)
_DESCRIPTIONS = frozenset({"config.json", "params.json", "model_index.json", "generation_config.json"})

_RUN_CONFIG = re.compile(
    r"(setup_)?finetune\.ya?ml|torchtune_config.*\.yaml|training_args\.(ya?ml|json)|hparams\.yaml|hyperparameters\.yaml"
)

_CONFIG = re.compile(r".*\.(ya?ml|toml|json)", re.IGNORECASE)
_NO_CONFIG = re.compile(
    r"""
    .*tokenizer.* | special_tokens_map\.json | added_tokens\.json | vocab.*\.json | merges.* | .*\.index\.json
    | generation_config\.json | preprocessor_config\.json | processor_config\.json | chat_template.*
    | trainer_state\.json | (train|eval|all|test|predict)_results\.json | results.*\.json
    | .*\.state\.json | monitor\.json
    | package(-lock)?\.json | .*metrics?\.json | .*predictions?\.json | .*summary\.json | wandb-metadata\.json
    | eval.*\.ya?ml | experiment_summary\.yaml | afterall\.toml | pyproject\.toml
    | multirun\.yaml | hydra\.yaml
    """,
    re.VERBOSE | re.IGNORECASE,
)

_SCRIPT = re.compile(r".*\.(slurm|sbatch)(\.sh)?", re.IGNORECASE)
_MAYBE_SCRIPT = re.compile(r"[^.]+|.*\.(sh|bash|job|sub|submit|batch|cmd|run|bsub|ksh|zsh)", re.IGNORECASE)
_SUBMITIT_SCRIPT = re.compile(r"\d+_submission\.sh", re.ASCII)

_EVALUATION_FILE = re.compile(r".*\.(py|ya?ml|slurm|sbatch|sh|toml)", re.IGNORECASE)


def is_product(name: str) -> bool:
    """Return whether a trainer writes a file of this name while or after it trains."""
    return _PRODUCT.fullmatch(name) is not None


def is_final_save(name: str) -> bool:
    """Return whether a product of this name may be all that was saved of a run in its directory."""
    return _FINAL_SAVE.fullmatch(name) is not None


def is_shown(name: str) -> bool:
    """Return whether a file of this name is for people to look at: pictures, sounds, texts, tables."""
    return _SHOWN.fullmatch(name) is not None


def is_weights(name: str) -> bool:
    """Return whether a file of this name holds weights of some model."""
    return _WEIGHTS.fullmatch(name) is not None and not _WEIGHTS_OF_OTHERS.fullmatch(name)


def is_trained_weights(name: str) -> bool:
    """Return whether training scripts save weights under this name, where no model's description lies by."""
    return is_weights(name) and _TRAINED.search(name) is not None


def describes_model(name: str) -> bool:
    """Return whether a file of this name makes its directory a loadable model, trained here or not."""
    return name in _DESCRIPTIONS or name.startswith("tokenizer")


def is_run_config(name: str) -> bool:
    """Return whether a file of this name configures one run, and nothing else."""
    return _RUN_CONFIG.fullmatch(name) is not None


def may_hold_parameters(name: str) -> bool:
    """Return whether a YAML, JSON or TOML file of this name may say how a run was configured."""
    return _CONFIG.fullmatch(name) is not None and not _NO_CONFIG.fullmatch(name)


def is_script(name: str) -> bool:
    """Return whether a file is a batch script by its name alone."""
    return _SCRIPT.fullmatch(name) is not None


def may_be_script(name: str) -> bool:
    """Return whether a file may be a batch script: its first lines must say so."""
    return _MAYBE_SCRIPT.fullmatch(name) is not None and not _SUBMITIT_SCRIPT.fullmatch(name)


def evaluates(name: str) -> bool:
    """Return whether a script, task or configuration of this name evaluates a model."""
    return _EVALUATION_FILE.fullmatch(name) is not None and purpose_of(name) is Purpose.EVALUATION
