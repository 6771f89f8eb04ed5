"""Tell hyperparameters from machine paths, run names, dates, job ids and logging."""

import re

from afterall.model import Scalar
from afterall.scan.parameters.unordered import means_a_set
from afterall.scan.parameters.values import SUMMARY

_KEYS = re.compile(
    r"(?:^|[._])(?:"
    r"dirs?|paths?|files?|folder|root|home|url|uri|output|out|host(?:name)?|ports?|addr(?:ess)?|user(?:name)?|email"
    r"|entity|project|date|timestamp|nodelist"
    r"|run_name|run_id|job_id|job_name|jobid|uuid|hash|commit|version|local_rank|node_rank|global_rank|world_size"
    r"|log_level|verbos\w*|config|cfg|cwd|tags|notes|group|report_to|experiment_name|wandb\w*|name"
    r")$",
    re.IGNORECASE,
)
# What follows from the others: Hugging Face's trackers log how many weights a model has.
_COUNTS = re.compile(r"(?:^|[./])(?:(?:num|total|trainable|all)_param(?:eter)?s)$")
# What is asked of the scheduler and the shell; within other words these mean something else.
_RESOURCES = re.compile(
    r"(?:^|\.)(?:account|partition|qos|constraint|conda_env|venv|modules|mem|time|cpus_per_task)$"
)
_BRANCHES = re.compile(
    r"^(?:metric_logger|checkpointer|profiler|wandb|logging|logger|tracker|hydra|_wandb|slurm|launcher|callbacks"
    r"|my_wandb\w*|_\w+)(?:\.|$)"
)
# Only under such a key does a text that repeats a run's name say which run it is: people call runs after what
# they set, as `init_lora_weights: pissa` in "pissa".
_NAMES_A_RUN = re.compile(
    r"(?:^|[._-])(?:names?|runs?|exp|experiments?|tags?|groups?|notes?|version|id|ids|job|jobs|title|suffix|prefix"
    r"|comment|description|desc|trial|repo|hub_model_id|dirs?|paths?|out|outputs?|logs?|save|ckpt|checkpoint)$",
    re.IGNORECASE,
)
_FILE = re.compile(
    r"\.(?:safetensors|bin|pt|pth|model|ya?ml|py|out|err|log|jsonl?|csv|tsv|txt|parquet|arrow|sh|slurm|sbatch)$"
)
_DATE = re.compile(r"(?<!\d)20\d\d[-_/.]?[01]\d[-_/.]?[0-3]\d(?!\d)|^\d{1,2}:\d\d:\d\d$")


def is_hyperparameter(key: str, value: Scalar, names: frozenset[str]) -> bool:
    """Tell whether a setting describes the training; `names` are the experiment's and its directories'."""
    if value is None or value == "":
        return False
    if _BRANCHES.search(key) or _KEYS.search(key) or _COUNTS.search(key) or _RESOURCES.search(key):
        return False
    # Patterns of modules begin with a dot or end with a dollar, and a run may be called as its one module.
    return not isinstance(value, str) or means_a_set(key) or not _is_place_or_name(key, value, names)


def _is_place_or_name(key: str, value: str, names: frozenset[str]) -> bool:
    value = SUMMARY.sub("", value)
    if value.startswith(("/", "~", "./", "../", ".", "$")) or "://" in value or "$" in value:
        return True
    if value in names and _NAMES_A_RUN.search(key) is not None:
        return True
    return _FILE.search(value) is not None or _DATE.search(value) is not None
