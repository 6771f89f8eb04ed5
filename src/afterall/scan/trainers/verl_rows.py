"""Take from a row of verl what its curves are made of, and what it validated on, under verl's own names.

Source: verl 0.1 to 0.7, trainer/ppo/metric_utils.py, trainer/sft_trainer.py.
"""

import re
from collections.abc import Mapping

from afterall.model import Evaluation, EvaluationStatus, Source
from afterall.scan.trainers.huggingface_scores import TASK
from afterall.scan.trainers.line_format import Row
from afterall.scan.trainers.rows import number_in

NAME = "verl"
_THREE_DECIMALS = re.compile(r"\d{1,12}\.\d{3}")
_SCORE = re.compile(r"(?:val-core|val(?!/loss$))/(.{1,200})")
_OF_SPREAD = re.compile(r"(?:^|[/_])(?:std|min|max|num_turns|count|tool_call\w*|generations)(?:/|$)")
_CURVES: Mapping[str, tuple[str, ...]] = {
    "critic/rewards/mean": (),
    "actor/pg_loss": (),
    "critic/vf_loss": (),
    "actor/entropy": ("actor/entropy_loss",),
    # KL of the policy from the reference, in the loss or in the reward
    "actor/kl_loss": ("actor/reward_kl_penalty", "critic/kl"),
    "actor/grad_norm": (),
    "response_length/mean": (),
    "perf/max_memory_allocated_gb": ("actor/perf/max_memory_allocated_gb",),
    "perf/max_memory_reserved_gb": ("actor/perf/max_memory_reserved_gb",),
    "train/loss": (),
    "val/loss": (),
    "train/grad_norm": (),
}
"""Names whose curves everybody's table knows, each with what other versions call it."""
_LEARNING_RATES = {"actor/lr": 1.0, "train/lr": 1.0, "train/lr(1e-3)": 1e-3}


def kept(told: Mapping[str, object]) -> Row:
    """Return what of a row becomes curves; values are numbers, or the text of them."""
    row: dict[str, object] = {}
    for name, others in _CURVES.items():
        key = next((each for each in (name, *others) if each in told), None)
        if key is not None:
            row[name] = told[key]
    for name, unit in _LEARNING_RATES.items():
        value = told.get(name)
        rate = number_in(value)
        if rate is not None and not (isinstance(value, str) and _THREE_DECIMALS.fullmatch(value)):
            row["lr"] = rate * unit
    if "perf/throughput" in told:
        row["tokens_per_second_per_gpu"] = told["perf/throughput"]
    seconds = number_in(told.get("timing_s/step"))
    if seconds is not None and seconds > 0:
        row["train_steps_per_second"] = 1 / seconds
    return row


def scores(told: Mapping[str, object]) -> dict[str, float]:
    """Return what was validated on; of all that verl watches only what it calls the core, where it does."""
    names = [name for name in told if name.startswith("val-core/")] or [*told]
    found = ((_SCORE.fullmatch(name), number_in(told[name])) for name in names)
    return {
        name[1]: number
        for name, number in found
        if name is not None and number is not None and _OF_SPREAD.search(name[1]) is None
    }


def validation_of(step: int | None, metrics: Mapping[str, float], source: Source) -> Evaluation:
    """Return what was validated on at a step, which is that of a checkpoint if one was saved there."""
    return Evaluation(
        task=TASK,
        status=EvaluationStatus.SUCCESS,
        source=source,
        checkpoint=f"global_step_{step}",
        metrics=dict(metrics),
        is_validation=True,
    )
