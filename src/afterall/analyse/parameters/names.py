"""Know which parameters people choose, which follow from those, and which only name a run.

Invariant: order and membership are fixed here; nothing is looked up in the data but a run's own name.
"""

import math
import re
from collections.abc import Mapping

from afterall.model import Experiment, Scalar

CHOSEN = (
    "model",
    "lora_rank",
    "learning_rate",
    "epochs",
    "batch_size",
    "gradient_accumulation_steps",
    "dataset",
    "lr_scheduler",
    "optimizer",
    "weight_decay",
    "lora_dropout",
    "target_modules",
    "use_dora",
    "use_rslora",
    "max_grad_norm",
    "max_seq_len",
    "packed",
    "train_on_input",
    "prompt",
    "dtype",
    "mixed_precision",
    "load_in_4bit",
    "load_in_8bit",
)
"""Parameters that a person chooses for their own sake, best known first: one never hides behind another."""

FOLLOWING = ("lora_alpha", "warmup_steps", "warmup_ratio", "max_steps", "samples")
"""Known parameters that mostly go along with a chosen one: told on their own only where they do not."""

OF_ADAPTERS = ("lora_alpha", "lora_dropout", "target_modules", "use_dora", "use_rslora")
"""Known parameters of an adapter besides its rank: where none is trained there is nothing to set."""

OFF_UNLESS_SET = frozenset({"use_dora", "use_rslora", "packed", "load_in_4bit", "load_in_8bit"})
"""Known parameters whose being off is what it is not to set them, for every trainer."""

FOLLOWS_FIRST = {
    "lora_alpha": "lora_rank",
    "samples": "dataset",
    "max_steps": "epochs",
    "warmup_steps": "epochs",
}
"""Whom a known follower is said to follow where several would do."""

SHAPES_LOSS = frozenset(
    {
        "beta",
        "dpo_beta",
        "gamma_beta_ratio",
        "kto_beta",
        "label_smoothing",
        "label_smoothing_factor",
        "loss_type",
        "pref_beta",
        "pref_loss",
        "rpo_alpha",
        "simpo_gamma",
    }
)
"""Last words of settings that the loss itself is made of (trl, LLaMA-Factory, transformers)."""

MULTIPLIED = ("lora_rank", "learning_rate", "batch_size", "weight_decay")
"""Parameters whose steps people take by factors, so that what lies between two values is geometric."""

GRADED = {
    "lora_rank": (1, math.inf),
    "learning_rate": (1e-30, math.inf),
    "batch_size": (1, math.inf),
    "gradient_accumulation_steps": (1, math.inf),
    "weight_decay": (0, 1),
    "lora_alpha": (1e-30, math.inf),
    "lora_dropout": (0, 0.99),
    "warmup_ratio": (0, 0.99),
}
"""Parameters of which more or less can be had than was tried, with the least and the most.

A count of epochs or steps is none, for it is how long training goes on; nor is a key that only some project
knows, as of a fold or a layer.
"""

_RUN_WORDS = frozenset(
    {
        "cache_dir",
        "cwd",
        "date",
        "exp_dir",
        "exp_name",
        "experiment_dir",
        "experiment_name",
        "group",
        "host",
        "hostname",
        "hub_model_id",
        "id",
        "job_id",
        "job_name",
        "local_rank",
        "log_dir",
        "log_path",
        "logging_dir",
        "logs",
        "master_addr",
        "master_port",
        "my_wandb_run_name",
        "name",
        "notes",
        "nproc_per_node",
        "out",
        "out_dir",
        "output",
        "output_dir",
        "output_path",
        "overwrite_output_dir",
        "port",
        "project",
        "push_to_hub",
        "report_to",
        "results_dir",
        "resume_from_checkpoint",
        "run",
        "run_dir",
        "run_id",
        "run_name",
        "save_dir",
        "save_path",
        "tags",
        "time",
        "timestamp",
        "tmp_dir",
        "tmpdir",
        "user",
        "username",
        "uuid",
        "wandb_project",
        "wandb_run_name",
        "work_dir",
        "workdir",
    }
)
_MODULES = ("target_modules", "exclude_modules", "modules_to_save", "attn_modules", "lora_target")
"""How settings end that name parts of the model: runs are called after those, never the other way round."""

_NAME_WORDS = re.compile(
    r"(?:^|[._-])(?:names?|runs?|exp|experiments?|tags?|groups?|notes?|version|ids?|jobs?|title|suffix|prefix"
    r"|comment|description|desc|trial|repo|dirs?|paths?|outs?|outputs?|logs?|save|ckpt|checkpoint)$",
    re.IGNORECASE,
)

_RANKS = {name: place for place, name in enumerate((*CHOSEN, *FOLLOWING))}


def prominence(name: str) -> tuple[int, int, str]:
    """Return a sort key: known parameters in their order, then others, the less nested first."""
    return (_RANKS.get(name, len(_RANKS)), name.count("."), name)


def is_known(name: str) -> bool:
    """Tell whether a parameter bears one of the common names."""
    return name in _RANKS


def last_word(name: str) -> str:
    """Return the last part of a dotted key."""
    return name.rpartition(".")[2]


def is_named_so(name: str) -> bool:
    """Tell whether a key says in words that its value is a name."""
    return _NAME_WORDS.search(name) is not None


def names_a_run(
    name: str, by_experiment: Mapping[str, Scalar], experiments: Mapping[str, Experiment]
) -> bool:
    """Tell whether a parameter only says which run this is: its name, its output directory, its host.

    A key that says so in words does; so does any other whose text holds each run's own name within a path, or
    beside more words where that name is no plain word. What equals the runs' names under a key of its own is
    what people called them after: `init_lora_weights: pissa` in "pissa".
    """
    if is_known(name) or name.endswith(_MODULES):
        return False
    if last_word(name).lower() in _RUN_WORDS:
        return True
    is_named = is_named_so(name)
    places = {run: experiments[run].layout.path or run for run in by_experiment}
    return all(_holds(value, places[run], is_named=is_named) for run, value in by_experiment.items())


def _holds(value: Scalar, place: str, *, is_named: bool) -> bool:
    own = place.rstrip("/").rpartition("/")[2]
    if not isinstance(value, str) or len(own) < 2 or own.isdecimal():
        return False
    if re.search(rf"(?<![A-Za-z0-9]){re.escape(own)}(?![A-Za-z0-9])", value) is None:
        return False
    return is_named or "/" in value or (value != own and re.search(r"[0-9]", own) is not None)
