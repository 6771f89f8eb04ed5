"""Call hyperparameters alike, whatever configurations and command lines call them.

Invariant: a dotted key is only taken for a common name where its last word, or the whole key, means that and
nothing else; settings of validation and evaluation never are.
"""

import re

ALIASES: dict[str, tuple[str, ...]] = {
    "model": (
        "torchtune_model_name",
        "base_model_name_or_path",
        "model_name_or_path",
        "_name_or_path",
        "pretrained_model_name_or_path",
        "base_model",
        "base_model_id",
        "model_id",
        "model_name",
        "model.name",
        "model.path",
        "actor_rollout_ref.model.path",
        "model.flavor",
        "model_path",
        "base_model_name",
        "model",
        "pretrain",
        "checkpointer.checkpoint_dir",
        "checkpoint_dir",
    ),
    "lora_rank": ("lora_rank", "lora_r", "r", "lora.r", "lora.rank", "peft.r", "peft_config.r", "rank"),
    "lora_alpha": ("lora_alpha", "lora.alpha", "peft.alpha", "alpha"),
    "lora_dropout": ("lora_dropout", "lora.dropout"),
    "target_modules": ("target_modules", "lora_target_modules", "lora_target", "lora_modules"),
    "use_dora": ("use_dora", "peft_use_dora"),
    "use_rslora": ("use_rslora", "peft_use_rslora"),
    "load_in_4bit": ("load_in_4bit",),
    "load_in_8bit": ("load_in_8bit",),
    "learning_rate": ("learning_rate", "lr", "optimizer.lr", "optim.lr", "actor_learning_rate"),
    "weight_decay": ("weight_decay", "wd"),
    "batch_size": (
        "batch_size",
        "per_device_train_batch_size",
        "micro_batch_size",
        "train_batch_size",
        "micro_batch_size_per_gpu",
        "train_micro_batch_size_per_gpu",
        "per_gpu_train_batch_size",
        "per_device_batch_size",
        "local_batch_size",
        "bs",
    ),
    "gradient_accumulation_steps": (
        "gradient_accumulation_steps",
        "accumulate_grad_batches",
        "grad_accum",
        "grad_accum_steps",
        "gradient_accumulation_iters",
        "gradient_accumulation",
        "grad_accumulation_steps",
        "accumulation_steps",
    ),
    "epochs": (
        "epochs",
        "num_train_epochs",
        "num_epochs",
        "max_epochs",
        "n_epochs",
        "total_epochs",
        "train.epochs",
    ),
    "max_steps": (
        "max_steps",
        "max_train_steps",
        "training_steps",
        "training.steps",
        "train_iters",
        "max_iters",
        "trainer.total_training_steps",
    ),
    "warmup_steps": (
        "warmup_steps",
        "num_warmup_steps",
        "lr_warmup_steps",
        "lr_warmup_iters",
        "lr_scheduler_warmup_steps",
    ),
    "warmup_ratio": (
        "warmup_ratio",
        "lr_scheduler_warmup_ratio",
        "lr_warmup_ratio",
        "warmup_fraction",
        "warmup_proportion",
    ),
    "max_grad_norm": (
        "max_grad_norm",
        "gradient_clip_val",
        "clip_grad_norm",
        "grad_clip",
        "gradient_clipping",
    ),
    "lr_scheduler": (
        "lr_scheduler_type",
        "lr_scheduler._component_",
        "lr_scheduler",
        "scheduler",
        "lr_decay_style",
        "scheduler_type",
    ),
    "seed": ("seed", "seed_everything", "manual_seed", "global_seed"),
    "dataset": (
        "dataset_label",
        "dataset_name",
        "dataset",
        "dataset_path",
        "datasets.0.path",
        "dataset.data_files",
        "dataset.path",
        "dataset.name",
        "dataset.source",
        "train_file",
        "train_files",
        "train_data",
        "data_path",
        "datasets",
    ),
    "max_seq_len": (
        "tokenizer.max_seq_len",
        "max_seq_len",
        "max_seq_length",
        "sequence_len",
        "cutoff_len",
        "seq_length",
        "seq_len",
        "model_max_length",
        "max_length",
        "max_sequence_length",
        "block_size",
    ),
    "optimizer": ("optim", "optimizer._component_", "optimizer", "optimizer.name"),
    "dtype": ("dtype", "torch_dtype", "precision"),
    "mixed_precision": ("mixed_precision",),
    "train_on_input": ("train_on_input", "train_on_inputs"),
    "prompt": ("prompt", "prompt_template"),
    "packed": ("packed", "packing", "sample_packing", "neat_packing"),
    "samples": ("training_samples", "max_train_samples", "max_samples", "num_samples", "train_samples"),
}
"""Common names, and under each what others call it, the most telling first."""

LABELLED = frozenset({"dataset"})
LABELS = 2
"""The first LABELS aliases of names in LABELLED are labels people gave: they win over any source's paths."""

_BY_ALIAS = {alias: (name, rank) for name, aliases in ALIASES.items() for rank, alias in enumerate(aliases)}
# Words too short or too general to mean the same at the end of any dotted key.
_WHOLE_ONLY = frozenset(
    {"r", "rank", "alpha", "model", "pretrain", "scheduler", "datasets", "bs", "wd", "prompt", "precision"}
)
_ELSEWHERE = re.compile(
    r"(?:^|[._])(?<!clip_)(?:val|valid|validation|eval|evaluation|test|generation|teacher|reward|critic)(?:$|[._])"
    r"|(?:^|\.)rollout\."
)
_TRAINING = re.compile(
    r"(?:^|\.)(?:train|training|trainer|args|config|cfg|hparams|params|model|peft|lora|optim|sft|peft_config\.\w{1,60})$"
)


def common_name(key: str) -> tuple[str, int] | None:
    """Return the common name that a key stands for, and how telling the key is (0 most); None for none."""
    plain = key.replace("-", "_")
    if _ELSEWHERE.search(plain):
        return None
    if plain in _BY_ALIAS:
        return _BY_ALIAS[plain]
    branch, _, word = plain.rpartition(".")
    known = _BY_ALIAS.get(word)
    if known is None or word == "_component_":
        return None
    if word in _WHOLE_ONLY and not _TRAINING.search(branch):
        return None
    return known[0], known[1] + 50
