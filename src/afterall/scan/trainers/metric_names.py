"""Name metrics alike, whatever trainers and loggers call them.

Invariant: a name is only taken for another where every known writer means the same by it; names that mean
different things to different writers are left to the trainer's own module.
"""


def _both(name: str, curve: str) -> dict[str, str]:
    """Return a metric's names in training and in validation, HF Trainer's own and its trackers'."""
    training = {name: curve, f"train/{name}": curve}
    return {**training, f"eval_{name}": f"val_{curve}", f"eval/{name}": f"val_{curve}"}


CURVES: dict[str, str] = {
    # training loss
    "loss": "loss",
    "train/loss": "loss",
    "train_loss": "loss",
    "training_loss": "loss",
    "train_loss_step": "loss",
    "train/loss_step": "loss",
    "training/loss": "loss",
    "reduced_train_loss": "loss",
    "lm loss": "loss",
    "train/lm_loss": "loss",
    "lm-loss-training/lm loss": "loss",
    "loss_metrics/global_avg_loss": "loss",
    # as PyTorch's own examples of TensorBoard name them, and what descends from them
    **dict.fromkeys(("Loss/train", "loss/train", "Train/Loss", "Train/loss", "train/Loss"), "loss"),
    **dict.fromkeys(("Loss/training", "loss/training", "Training/Loss", "Training/loss"), "loss"),
    # validation loss
    "val_loss": "val_loss",
    "val/loss": "val_loss",
    "eval_loss": "val_loss",
    "eval/loss": "val_loss",
    "valid_loss": "val_loss",
    "valid/loss": "val_loss",
    "validation_loss": "val_loss",
    "validation/loss": "val_loss",
    "val_loss_epoch": "val_loss",
    "lm loss validation": "val_loss",
    "validation/lm_loss": "val_loss",
    "lm-loss-validation/lm loss validation": "val_loss",
    "validation_metrics/loss": "val_loss",
    **dict.fromkeys(("Loss/val", "loss/val", "Val/Loss", "Val/loss", "val/Loss"), "val_loss"),
    **dict.fromkeys(("Loss/valid", "loss/valid", "Valid/Loss", "Valid/loss", "valid/Loss"), "val_loss"),
    **dict.fromkeys(("Loss/validation", "loss/validation", "Validation/Loss"), "val_loss"),
    **dict.fromkeys(("Validation/loss", "validation/Loss", "Loss/eval", "loss/eval"), "val_loss"),
    # learning rate
    "lr": "learning_rate",
    "learning_rate": "learning_rate",
    "learning-rate": "learning_rate",
    "learning-rate/learning-rate": "learning_rate",
    "train/learning_rate": "learning_rate",
    "train/lr": "learning_rate",
    "lr-AdamW": "learning_rate",
    "lr-Adam": "learning_rate",
    "lr-SGD": "learning_rate",
    # throughput
    "tokens_per_second_per_gpu": "tokens_per_second_per_gpu",
    "tokens/train_per_sec_per_gpu": "tokens_per_second_per_gpu",
    "train/tokens/train_per_sec_per_gpu": "tokens_per_second_per_gpu",
    "train_tokens_per_second": "tokens_per_second",
    "train/train_tokens_per_second": "tokens_per_second",
    "throughput(tps)": "tokens_per_second_per_gpu",
    "train_samples_per_second": "samples_per_second",
    "train/train_samples_per_second": "samples_per_second",
    "train_steps_per_second": "steps_per_second",
    "train/train_steps_per_second": "steps_per_second",
    # gradients
    "grad_norm": "grad_norm",
    "train/grad_norm": "grad_norm",
    "grad-norm": "grad_norm",
    "grad-norm/grad-norm": "grad_norm",
    "grad norm": "grad_norm",
    # memory, GiB
    "peak_memory_active": "peak_memory_active_gib",
    "peak_memory_alloc": "peak_memory_alloc_gib",
    "peak_memory_reserved": "peak_memory_reserved_gib",
    "memory/max_active (GiB)": "peak_memory_active_gib",
    "memory/max_allocated (GiB)": "peak_memory_alloc_gib",
    "train/memory/max_active (GiB)": "peak_memory_active_gib",
    "train/memory/max_allocated (GiB)": "peak_memory_alloc_gib",
    "memory/max_mem_active(gib)": "peak_memory_active_gib",
    "memory/max_mem_allocated(gib)": "peak_memory_alloc_gib",
    "memory/max_memory_active": "peak_memory_active_gib",
    "memory/max_memory_allocated": "peak_memory_alloc_gib",
    "memory/max_active(GiB)": "peak_memory_active_gib",
    "memory/max_reserved(GiB)": "peak_memory_reserved_gib",
    "memory/device_reserved (GiB)": "peak_memory_reserved_gib",
    "train/memory/device_reserved (GiB)": "peak_memory_reserved_gib",
    "memory/device_mem_reserved(gib)": "peak_memory_reserved_gib",
    "memory/device_memory_reserved": "peak_memory_reserved_gib",
    # preferences, rewards and policies: TRL, Axolotl, LLaMA-Factory and ms-swift by way of HF, torchtune
    **_both("rewards/accuracies", "reward_accuracy"),
    **_both("rewards/margins", "reward_margin"),
    **_both("reward", "reward"),
    **_both("rlhf_reward", "reward"),
    **_both("objective/rlhf_reward", "reward"),
    **_both("kl", "kl"),
    **_both("objective/kl", "kl"),
    **_both("entropy", "entropy"),
    **_both("mean_token_accuracy", "token_accuracy"),
    **_both("token_acc", "token_accuracy"),
    **_both("policy_loss", "policy_loss"),
    **_both("loss/policy_avg", "policy_loss"),
    **_both("value_loss", "value_loss"),
    **_both("loss/value_avg", "value_loss"),
    **_both("class_loss", "class_loss"),
    **_both("kd_loss", "kd_loss"),
    **_both("nll_loss", "nll_loss"),
    **_both("completions/mean_length", "completion_length"),
    **_both("completion_length", "completion_length"),
    # verl's
    "critic/rewards/mean": "reward",
    "actor/pg_loss": "policy_loss",
    "critic/vf_loss": "value_loss",
    "actor/entropy": "entropy",
    "actor/kl_loss": "kl",
    "actor/grad_norm": "grad_norm",
    "actor/lr": "learning_rate",
    "response_length/mean": "completion_length",
    "perf/max_memory_allocated_gb": "peak_memory_alloc_gib",
    "perf/max_memory_reserved_gb": "peak_memory_reserved_gib",
    # as OpenRLHF, OLMo and Composer name them to trackers
    "train/gpt_loss": "loss",
    "eval/eval gpt_loss": "val_loss",
    "train/actor_lr": "learning_rate",
    "train/actor_grad_norm": "grad_norm",
    "train/CrossEntropyLoss": "loss",
    "train/CE loss": "loss",
    "optim/total_grad_norm": "grad_norm",
    "optim/total grad norm": "grad_norm",
    "optim/learning_rate_group0": "learning_rate",
    "optim/LR (group 0)": "learning_rate",
    "throughput/device/tokens_per_second": "tokens_per_second_per_gpu",
    "throughput/device/TPS": "tokens_per_second_per_gpu",
    "loss/train/total": "loss",
    "metrics/eval/LanguageCrossEntropy": "val_loss",
    # progress
    "epoch": "epoch",
    "train/epoch": "epoch",
    "num_input_tokens_seen": "tokens",
    "train/num_input_tokens_seen": "tokens",
    "num_tokens": "tokens",
    "train/num_tokens": "tokens",
    "tokens/total": "tokens",
    "total_tokens": "tokens",
    "tokens_seen": "tokens",
    "n_tokens_seen": "tokens",
    "ntokens_seen": "tokens",
    # totals of HF Trainer, whose train_loss is the mean over the run
    "train/train_loss": "mean_loss",
    "train_runtime": "train_seconds",
    "train/train_runtime": "train_seconds",
}
"""From a writer's name to the curve it belongs to; memory in GiB, rates a second, times in seconds."""

STEP_NAMES: tuple[str, ...] = (
    "global_step",
    "train/global_step",
    "training/global_step",
    "step",
    "iteration",
    "iter",
    "current_steps",
    "train/step",
)
"""Names under which a row tells its optimizer step, counted from 1, the surest first."""

STEP_FROM_ZERO = "trainer/global_step"
"""Lightning's: counted from 0."""

_HF_TOTALS = frozenset(
    {"train_runtime", "train/train_runtime", "total_flos", "train/total_flos", "train/global_step"}
)


_OF_REWARD_MODELS = {
    **_both("accuracy", "reward_accuracy"),
    **_both("margin", "reward_margin"),
}
_REWARD_MODELS = frozenset({"mean_reward", "train/mean_reward", "eval_mean_reward", "eval/mean_reward"})


KNOWN: frozenset[str] = frozenset({*CURVES, *_OF_REWARD_MODELS, *_REWARD_MODELS})
"""Every name that `curve_of` may look at."""


def curve_of(name: str, names: frozenset[str]) -> str | None:
    """Return the curve that a value belongs to, among all `names` of its row or summary; None for no curve.

    HF writes its totals under `train_loss` beside a runtime, a mean over the run; others log the loss of a
    step under that name. TRL's reward trainer writes `accuracy` and `margin` beside the mean reward.
    """
    if name == "train_loss" and not _HF_TOTALS.isdisjoint(names):
        return "mean_loss"
    if name in _OF_REWARD_MODELS and not _REWARD_MODELS.isdisjoint(names):
        return _OF_REWARD_MODELS[name]
    return CURVES.get(name)
