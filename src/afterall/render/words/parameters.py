"""Name hyperparameters and write their values as researchers do."""

import re
from collections.abc import Iterable
from hashlib import sha256

from afterall.model import Scalar, VaryingParameter
from afterall.render.words.numbers import MISSING, number

_TITLES = {
    "model": "Model",
    "lora_rank": "LoRA Rank",
    "lora_alpha": "LoRA Alpha",
    "lora_dropout": "LoRA Dropout",
    "target_modules": "Target Modules",
    "use_dora": "DoRA",
    "use_rslora": "rsLoRA",
    "load_in_4bit": "4-bit Quantization",
    "load_in_8bit": "8-bit Quantization",
    "learning_rate": "Learning Rate",
    "weight_decay": "Weight Decay",
    "batch_size": "Batch Size",
    "gradient_accumulation_steps": "Gradient Accumulation",
    "epochs": "Epochs",
    "max_steps": "Max Steps",
    "warmup_steps": "Warmup Steps",
    "warmup_ratio": "Warmup Ratio",
    "max_grad_norm": "Max Gradient Norm",
    "lr_scheduler": "LR Scheduler",
    "seed": "Seed",
    "dataset": "Dataset",
    "max_seq_len": "Max Sequence Length",
    "optimizer": "Optimizer",
    "dtype": "Dtype",
    "mixed_precision": "Mixed Precision",
    "train_on_input": "Train on Input",
    "prompt": "Prompt",
    "packed": "Packed",
    "samples": "Training Samples",
}
LONGEST = 80
"""Longer values are cut where they are told."""
_SHOWN = 50
_SUMMARY = re.compile(r"\d{1,9} values, sha256 [0-9a-f]{12}(?=: )")
"""What scanning puts for a long list."""
_KEPT = ("LoRA", "DoRA", "rsLoRA", "LR")
_SHORT = {"lora_rank": "rank", "lora_alpha": "alpha", "lora_dropout": "dropout"}

EVERYDAY = (
    "dataset",
    "samples",
    "epochs",
    "max_steps",
    "lora_rank",
    "learning_rate",
    "batch_size",
    "gradient_accumulation_steps",
    "optimizer",
    "max_seq_len",
    "dtype",
    "seed",
)
"""The parameters worth a word where they are the same in every run, in the order in which they are told."""

_OF_A_MODEL = ("model.", "tokenizer.", "checkpointer.", "config.")


def followers(name: str, moves_with: Iterable[str]) -> list[str]:
    """Return which parameters that change with another are worth telling: a model's own layers are not."""
    return [other for other in moves_with if name != "model" or not other.startswith(_OF_A_MODEL)]


def title(name: str) -> str:
    """Return a parameter's name as a heading: "LoRA Rank"; unknown ones keep their dotted key."""
    return _TITLES.get(name, name)


def phrase(name: str) -> str:
    """Return a parameter's name within a sentence: "LoRA rank"."""
    words = _TITLES.get(name)
    if words is None:
        return name
    return " ".join(word if word in _KEPT else word.lower() for word in words.split(" "))


def names(name: str) -> tuple[str, ...]:
    """Return everything that a parameter may be called in a report: its key, its title, its short name."""
    return name, title(name), _SHORT.get(name, name)


def setting(name: str, value: Scalar, own: str = "") -> str:
    """Return a parameter with its value, as short as it stays clear: "rank 64", "tiny-1B", "packed".

    `own` is what somebody calls the parameter, "" for our name.
    """
    if name == "model":
        return worded(value)
    called = own or phrase(name)
    if value is None:
        return absent(name) if name == "lora_rank" else f"{called} not set"
    if isinstance(value, bool):
        return f"{called} on" if value else f"{called} off"
    return f"{own or _SHORT.get(name, called)} {worded(value)}"


def absent(name: str) -> str:
    """Return what a run has that is known to have none of a parameter: without a rank all weights train."""
    return "full fine-tune" if name == "lora_rank" else "not set"


def worded(value: Scalar) -> str:
    """Return a parameter's value in words: 0.0003, 1e-5, on, none."""
    match value:
        case None:
            return "none"
        case bool():
            return "on" if value else "off"
        case int():
            return str(value) if abs(value) < 10**15 else number(value, 6)
        case float():
            return number(value, 6)
        case str():
            return _brief(value) or '""'


def _brief(text: str) -> str:
    """Return a text short enough for a sentence; long texts that differ stay different."""
    summary = _SUMMARY.match(text)
    if summary is not None:
        return summary[0]
    if len(text) <= LONGEST:
        return text
    digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{text[:_SHOWN].rstrip()}… (sha256 {digest})"


def listed(values: Iterable[Scalar], most: int = 6) -> list[str]:
    """Return values in words, at most `most` of them, the rest counted in the last item."""
    words = [worded(value) for value in values]
    if len(words) <= most:
        return words
    return [*words[: most - 1], f"{len(words) - most + 1} more"]


def alternatives(parameter: VaryingParameter, most: int = 6) -> str:
    """Return a parameter's values against each other: "4 vs 64", "0.1 in some runs" where others set none.

    That runs are known to have none is an alternative too: "8 vs 64 vs full fine-tune".
    """
    words = [worded(value) for value in parameter.values]
    words += [absent(parameter.name)] if parameter.unset else []
    if len(words) == 1:
        return f"{words[0]} in some runs"
    more = len(words) - most + 1
    return f"{' vs '.join(words[: most - 1])} and {more} more" if more > 1 else " vs ".join(words)


def short_models(values: Iterable[Scalar]) -> dict[str, str]:
    """Return each model's name without its directory or organisation, unless two would become one."""
    names = sorted({value for value in values if isinstance(value, str)})
    brief = {name: name.rstrip("/").rpartition("/")[2] or name for name in names}
    clashes = {word for word in brief.values() if list(brief.values()).count(word) > 1}
    return {name: name if word in clashes else word for name, word in brief.items()}


def cell(value: Scalar) -> str:
    """Return a parameter's value for a table, "—" where the experiment does not say."""
    return MISSING if value is None else worded(value)


def cell_of(parameter: VaryingParameter, experiment: str) -> str:
    """Return what a table shows of an experiment's setting: "full" for a full fine-tune's rank."""
    if experiment in parameter.unset and parameter.name == "lora_rank":
        return "full"
    return cell(parameter.by_experiment.get(experiment))
