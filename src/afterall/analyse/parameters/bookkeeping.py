"""Tell settings that shape the training from those that concern saving, logging, evaluation or the machine.

Also from what scripts write among their arguments that is none: marks of the job, and what came out.

Invariant: pure over a setting's dotted key; what takes data from the training (`val_set_size`) or may change
its result shapes it. Sources: transformers training_args.py, torchtune recipes/configs, axolotl and
LLaMA-Factory's arguments, lightning Trainer, accelerate and DeepSpeed configurations.
"""

import re
from collections.abc import Iterable

from afterall.model import Scalar

_SAVING = (
    r"save|saves|saving|save_\w+|saving_\w+|epochs_to_save|keep_last\w*|max_checkpoints|checkpoints_total_limit"
    r"|checkpoint(?:ing)?_(?:steps|every\w*|interval|freq\w*|format|strategy)|checkpoint_every\w*"
    r"|push_to_hub\w*|hub_\w+|enable_async_checkpointing|async_checkpointing|enable_jit_checkpoint|overwrite_\w+"
)
_LOGGING = (
    r"logging_\w+|log_(?:every|freq|interval|level|step|peak|on|dir|file|to|with|grad|completion|model|rank)\w*"
    r"|logs?|logger|print_\w+|verbose|verbosity|disable_tqdm|tqdm\w*|report_to|trackers?|tracker_\w+|wandb\w*|use_wandb"
    r"|tensorboard\w*|use_tensorboard|mlflow\w*|comet\w*|neptune\w*|profile|profile_\w+|profiler\w*|progress_bar\w*"
    r"|plot_loss|include_num_input_tokens_seen|include_tokens_per_second|skip_memory_metrics"
)
_EVALUATING = (
    r"evals?|eval_\w+|evals_\w+|evaluate_\w+|evaluation_\w+|run_val\w*|run_eval\w*|epochs_to_evaluate|do_(?:eval|predict|train)"
    r"|per_device_eval_\w+|\w+_eval_batch_size|batch_size_val|val_batch_size|val_(?:check|freq|interval|every)\w*"
    r"|check_val_every\w*|limit_val_batches|num_sanity_val_steps|validate_\w+|metric_for_best_model|greater_is_better"
    r"|prediction_loss_only|batch_eval_metrics|predict_with_generate|bf16_full_eval|fp16_full_eval|max_eval_samples"
)
_MACHINE = (
    r"num_workers|workers|dataloader_num_workers|num_proc|\w+_num_(?:workers|proc)|pin_memory|dataloader_pin_memory"
    r"|persistent_workers|dataloader_persistent_workers|\w*prefetch_factor|local_rank|node_rank|machine_rank|rdzv_\w+"
    r"|master_\w+|main_process_\w+|ddp_timeout\w*|ddp_backend|timeout|nccl\w*|\w*cache_dir|resume\w*|ignore_data_skip"
    r"|hostname|hosts?|nodelist|gpu_ids?|cuda_visible_devices|use_auth_token|trust_remote_code|overwrite_cache"
    r"|p?pid|device|device_ids?|cuda_device|gpu|node|node_name|dist_url|dist_backend|init_method|argv|cmd|command|cmdline"
    r"|deepspeed|deepspeed_config\w*|fsdp_config|accelerate_config|config_file|same_network|downcast_bf16"
)
_JOB = (
    r"slurm_\w+|array_(?:job|task)_id|(?:array|job)_(?:idx|index|num)|(?:run|exp|experiment|trial)_?(?:id|idx|index|num|number)"
    r"|uid|identifier|launch_time|start_time|end_time|begin_time|created|created_at|updated_at|exp_?name|log_?dir|tb_?dir"
)
_KEY = re.compile(rf"(?:{_SAVING}|{_LOGGING}|{_EVALUATING}|{_MACHINE}|{_JOB})", re.IGNORECASE)
_SCORE = r"(?:acc|accuracy|f1|loss|auc|bleu|ppl|perplexity|score|metric|wer|cer|mse|mae|rmse|em)"
_RESULT = re.compile(
    rf"(?:.*_)?(?:best|final|last|test|val|valid|validation|dev|train|eval|avg|mean)_(?:\w+_)?{_SCORE}"
    r"|(?:best|final|last)_(?:epoch|step|iter|iteration|checkpoint)|best_so_far"
    r"|(?:train|training|eval|total|elapsed|wall|run)_?(?:time|runtime|seconds|hours)(?:_s|_sec\w*|_h\w*|_min\w*)?|elapsed"
    r"|(?:gpu|peak|max|cuda)_?(?:gpu_)?mem(?:ory)?(?:_\w+)?|\w*_per_sec(?:ond)?",
    re.IGNORECASE,
)
_BRANCH = re.compile(
    r"(?:^|\.)(?:eval|evaluation|evaluator|val|validation|dataset_val|test|metric_logger|logger|logging|profiler"
    r"|callbacks|wandb|tracker|trackers|compute_environment)(?:\.|$)",
    re.IGNORECASE,
)


def is_result(name: str, values: Iterable[Scalar]) -> bool:
    """Tell whether numbers under a key are what a run came to, as a script adds them to its arguments."""
    word = name.replace("-", "_").rpartition(".")[2]
    are_numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    return are_numbers and _RESULT.fullmatch(word) is not None


def is_bookkeeping(name: str) -> bool:
    """Tell whether a setting says nothing of the training itself, so that runs compare whatever it is."""
    branch, _, word = name.replace("-", "_").rpartition(".")
    return _KEY.fullmatch(word) is not None or _BRANCH.search(branch) is not None
