"""Name metrics, and give each metric one number of decimals throughout a report."""

import math
import re
from collections.abc import Iterable, Mapping
from enum import Enum, auto

from msgspec import Struct

from afterall.model import Scalar
from afterall.render.words.measures import duration
from afterall.render.words.numbers import MISSING, count, decimals_for, fixed, number


class Style(Enum):
    """How a metric's numbers are written."""

    COLUMN = auto()
    """The same decimals for every run."""
    COUNT = auto()
    RATE = auto()
    """Whole numbers where they are large."""
    GIB = auto()
    SECONDS = auto()
    PLAIN = auto()


class MetricName(Struct, frozen=True):
    """A metric's names: in a table's head, in a sentence, and how it is written."""

    header: str
    phrase: str
    style: Style

    @property
    def heading(self) -> str:
        """The phrase as a label: "Final training loss"; a score's key as it is."""
        return self.phrase if self.phrase == self.header else self.phrase[:1].upper() + self.phrase[1:]


METRICS = {
    "final_loss": MetricName("Final Loss", "final training loss", Style.COLUMN),
    "best_loss": MetricName("Best Loss", "lowest training loss", Style.COLUMN),
    "best_loss_step": MetricName("Best Loss Step", "step of the lowest training loss", Style.COUNT),
    "mean_last_loss": MetricName(
        "Loss, Last Steps", "mean training loss of the last logged steps", Style.COLUMN
    ),
    "mean_loss": MetricName("Mean Loss", "mean training loss over the whole run", Style.COLUMN),
    "final_val_loss": MetricName("Val Loss", "final validation loss", Style.COLUMN),
    "best_val_loss": MetricName("Best Val Loss", "lowest validation loss", Style.COLUMN),
    "best_val_step": MetricName("Best Val Step", "step of the lowest validation loss", Style.COUNT),
    "global_step": MetricName("Steps", "optimizer steps", Style.COUNT),
    "planned_steps": MetricName("Planned Steps", "planned optimizer steps", Style.COUNT),
    "epochs": MetricName("Epochs", "epochs", Style.PLAIN),
    "planned_epochs": MetricName("Planned Epochs", "planned epochs", Style.PLAIN),
    "tokens_per_second_per_gpu": MetricName("Tokens/sec/GPU", "throughput", Style.RATE),
    "tokens_per_second_per_gpu_median": MetricName("Median Tokens/sec/GPU", "median throughput", Style.RATE),
    "tokens_per_second": MetricName("Tokens/sec", "tokens per second of all GPUs", Style.RATE),
    "samples_per_second": MetricName("Samples/sec", "samples per second", Style.RATE),
    "steps_per_second": MetricName("Steps/sec", "steps per second", Style.RATE),
    "peak_memory_active_gib": MetricName("Peak Active (GiB)", "peak active GPU memory", Style.GIB),
    "peak_memory_alloc_gib": MetricName("Peak Allocated (GiB)", "peak allocated GPU memory", Style.GIB),
    "peak_memory_reserved_gib": MetricName("Peak Reserved (GiB)", "peak reserved GPU memory", Style.GIB),
    "train_seconds": MetricName("Training Time", "training time", Style.SECONDS),
    "elapsed_s": MetricName("Duration", "the job's elapsed time", Style.SECONDS),
    "initial_learning_rate": MetricName("First LR", "first logged learning rate", Style.PLAIN),
    "final_learning_rate": MetricName("Final LR", "last learning rate", Style.PLAIN),
    "peak_learning_rate": MetricName("Peak LR", "peak learning rate", Style.PLAIN),
    "tokens": MetricName("Tokens", "training tokens", Style.COUNT),
    "final_reward": MetricName("Reward", "final training reward", Style.COLUMN),
    "final_reward_accuracy": MetricName("Reward Acc.", "final accuracy of preferences", Style.COLUMN),
    "final_reward_margin": MetricName("Reward Margin", "final reward margin", Style.COLUMN),
    "final_kl": MetricName("KL", "final KL divergence from the reference", Style.COLUMN),
    "final_token_accuracy": MetricName("Token Acc.", "final token accuracy", Style.COLUMN),
    "final_entropy": MetricName("Entropy", "final entropy", Style.COLUMN),
    "final_completion_length": MetricName("Completion", "final mean length of completions", Style.RATE),
    "final_policy_loss": MetricName("Policy Loss", "final policy loss", Style.COLUMN),
    "final_value_loss": MetricName("Value Loss", "final loss of the value model", Style.COLUMN),
    "final_class_loss": MetricName("Class Loss", "final loss against the labels", Style.COLUMN),
    "final_kd_loss": MetricName("KD Loss", "final loss against the teacher", Style.COLUMN),
    "final_nll_loss": MetricName("NLL Loss", "final loss on the chosen answers", Style.COLUMN),
    "final_val_reward": MetricName("Val Reward", "final validation reward", Style.COLUMN),
    "final_val_reward_accuracy": MetricName(
        "Val Reward Acc.", "final validation accuracy of preferences", Style.COLUMN
    ),
    "final_val_reward_margin": MetricName(
        "Val Reward Margin", "final validation reward margin", Style.COLUMN
    ),
    "final_val_kl": MetricName("Val KL", "final validation KL divergence", Style.COLUMN),
    "final_val_token_accuracy": MetricName("Val Token Acc.", "final validation token accuracy", Style.COLUMN),
    "final_val_entropy": MetricName("Val Entropy", "final validation entropy", Style.COLUMN),
    "gpu_utilization_mean_percent": MetricName("GPU Util. (%)", "mean GPU utilization", Style.RATE),
    "gpu_utilization_max_percent": MetricName("Max GPU Util. (%)", "highest GPU utilization", Style.RATE),
    "gpu_power_mean_w": MetricName("GPU Power (W)", "mean GPU power", Style.RATE),
    "gpu_memory_used_peak_gib": MetricName("Peak Used (GiB)", "peak used GPU memory", Style.GIB),
    "gpu_energy_wh": MetricName("GPU Energy (Wh)", "energy of the GPUs", Style.RATE),
}


_UNFILTERED = re.compile(r"(?:(?<=/)|^)none/(?=[^/]+$)")
_OF_COST = frozenset(
    {
        "tokens_per_second_per_gpu",
        "tokens_per_second_per_gpu_median",
        "tokens_per_second",
        "samples_per_second",
        "steps_per_second",
        "train_seconds",
        "elapsed_s",
        "gpu_utilization_mean_percent",
        "gpu_utilization_max_percent",
        "gpu_power_mean_w",
        "gpu_memory_used_peak_gib",
        "gpu_energy_wh",
    }
)


def is_quality(metric: str) -> bool:
    """Tell whether a metric says how good a model is, rather than what it cost."""
    return metric not in _OF_COST


def metric_name(metric: str) -> MetricName:
    """Return a metric's names; one that is not in the table, as an evaluation's, is called by its key."""
    known = METRICS.get(metric)
    return known or MetricName(score_name(metric), score_name(metric), Style.COLUMN)


def score_name(metric: str) -> str:
    """Return what a score is called: "acc" of "none/acc", "arc/acc" of "arc/none/acc", others by their key.

    lm-evaluation-harness names the filter that answers went through with every score, "none" where they went
    through none (lm_eval, evaluator_utils.py); its own tables keep that apart from the metric.
    """
    return _UNFILTERED.sub("", metric)


def error_of(score: str) -> str:
    """Return the metric of a score's ("scorer/metric") standard error, as inspect-ai calls it."""
    return f"{score.rpartition('/')[0]}/stderr"


class Digits:
    """Writes each metric's values alike; built once from every value a report shows."""

    def __init__(self, values: Mapping[str, Iterable[float]]) -> None:
        self._decimals = {metric: decimals_for(known) for metric, known in sorted(values.items())}

    def write(self, metric: str, value: Scalar) -> str:
        """Return `value` of `metric` in words, "—" for None."""
        if value is None:
            return MISSING
        if isinstance(value, str | bool):
            return str(value)
        if isinstance(value, float) and not math.isfinite(value):
            return number(value)
        match metric_name(metric).style:
            case Style.COLUMN:
                return fixed(value, self._decimals.get(metric, 4))
            case Style.COUNT:
                return count(round(value))
            case Style.RATE:
                return count(round(value)) if abs(value) >= 100 else number(value, 3)
            case Style.GIB:
                return fixed(value, 2)
            case Style.SECONDS:
                return duration(value)
            case Style.PLAIN:
                return number(value, 4)

    def write_difference(self, metric: str, difference: float) -> str:
        """Return a difference of two values of `metric` with its sign, "+" too."""
        return f"{'+' if difference > 0 else ''}{self.write(metric, difference)}"

    def write_spread(self, metric: str, sd: float) -> str:
        """Return a standard deviation with the decimals of its metric, or two digits where they show none."""
        style = metric_name(metric).style
        if style is not Style.COLUMN:
            return f"{number(sd, 2)} s" if style is Style.SECONDS else number(sd, 2)
        told = fixed(sd, self._decimals.get(metric, 4))
        return told if told.strip("0.") or not sd else number(sd, 2)
