"""Say what a run promised to save, so that a checkpoint that is not there can be told from one never due."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from afterall.model import Attempt, Fact
from afterall.scan.traces import Origin, Trace

_STEPS_BETWEEN = ("save_every_n_steps", "train.save_interval")
"""What torchtune and litgpt call the optimizer steps between two saves."""
_LEAST_ROWS = 2
"""From fewer it cannot be told where a log begins."""


class Promises(Struct, frozen=True, kw_only=True):
    """What configurations and logs say of the checkpoints to expect; None: nobody says."""

    epochs: int | None = None
    """Planned epochs."""
    epochs_done: int | None = None
    """Epochs that the traces show as finished, 0 for none."""
    steps: int | None = None
    """Planned optimizer steps."""
    steps_done: int | None = None
    """Optimizer steps that the traces show."""
    save_every_epoch: bool | None = None
    save_every_steps: int | None = None
    """Optimizer steps between two saves."""
    save_adapter_only: bool | None = None
    """True: no full weights are due."""
    saves_nothing: bool = False
    """True where the run was told to save no checkpoint at all."""
    keep_last: int | None = None
    """How many checkpoints the trainer keeps before it deletes the oldest."""
    began_at_start: bool = False
    """True where a log shows that the latest attempt began with the first step, not from a checkpoint."""
    saved: tuple[str, ...] = ()
    """Paths, as the log wrote them, that the latest attempt says it saved, in order, each once."""
    ended_ns: int | None = None
    """End of the latest attempt, nanoseconds since the epoch; None while it runs or where nobody says."""
    has_ended: bool = True
    """False while the latest attempt may still write."""
    training_completed: bool | None = None
    """True also of a run that stopped early by its own rule: fewer steps than planned were due then."""
    trainer: str | None = None
    """Registry name of the trainer whose states and checkpoints are to be expected."""


def make_promises(
    metrics: Mapping[str, Fact],
    parameters: Mapping[str, Fact],
    traces: Sequence[Trace],
    latest: Attempt | None,
    *,
    is_completed: bool | None,
) -> Promises:
    """Return what one run promised; `traces` are those of the attempt that counts.

    `is_completed` tells whether training came to its own end, None where the traces do not.
    """
    # All trainers' readers take longer to import than a few checkpoints to verify, which need none of them.
    from afterall.scan.trainers import based_on  # noqa: PLC0415

    trainer = next((based_on(trace.trainer) for trace in traces if trace.trains), None)
    epochs = _number(metrics.get("epochs"))
    return Promises(
        epochs=_whole(metrics.get("planned_epochs")),
        epochs_done=None if epochs is None else math.floor(epochs + 1e-6),
        steps=_whole(metrics.get("planned_steps")),
        steps_done=_whole(metrics.get("global_step")),
        save_every_epoch=_saves_every_epoch(parameters, trainer),
        save_every_steps=_save_steps(parameters),
        save_adapter_only=_flag(parameters, "save_adapter_weights_only"),
        saves_nothing=_saves_nothing(parameters),
        keep_last=_keep_last(parameters, traces),
        began_at_start=_began_at_start(parameters, traces),
        saved=tuple(dict.fromkeys(path for trace in traces for path in trace.saved)),
        ended_ns=_nanoseconds(latest.end if latest else None),
        has_ended=latest is None or not latest.is_alive,
        training_completed=is_completed,
        trainer=trainer,
    )


def _saves_every_epoch(parameters: Mapping[str, Fact], trainer: str | None) -> bool | None:
    """Tell whether a state is due after each epoch: torchtune's default, HF's `save_strategy`."""
    if _flag(parameters, "save_last_epoch_only"):
        return False
    strategy = parameters.get("save_strategy")
    if strategy is not None:
        return strategy.value == "epoch"
    return True if trainer == "torchtune" and _save_steps(parameters) is None else None


def _saves_nothing(parameters: Mapping[str, Fact]) -> bool:
    """Tell whether a run was told to save nothing, by HF's `save_strategy` or Lightning's word for it."""
    strategy = parameters.get("save_strategy")
    # YAML 1.1 reads a plain `no` as false.
    if strategy is not None and strategy.value in ("no", False):
        return True
    told = (fact for key, fact in parameters.items() if key.rpartition(".")[2] == "enable_checkpointing")
    return any(fact.value is False for fact in told)


def _save_steps(parameters: Mapping[str, Fact]) -> int | None:
    """Return the steps between saves; HF's `save_steps` counts only where the strategy is by steps."""
    strategy = parameters.get("save_strategy")
    if strategy is not None and strategy.value == "steps":
        return _whole(parameters.get("save_steps"))
    named = (parameters.get(name) for name in _STEPS_BETWEEN)
    return next((steps for fact in named if (steps := _whole(fact))), _lightning_steps(parameters))


def _lightning_steps(parameters: Mapping[str, Fact]) -> int | None:
    """Return `every_n_train_steps` of the one ModelCheckpoint that keeps all it saves (`save_top_k: -1`)."""
    kept = [key for key in parameters if key.rpartition(".")[2] == "save_top_k"]
    if len(kept) != 1 or parameters[kept[0]].value != -1:
        return None
    every = parameters.get(kept[0].removesuffix("save_top_k") + "every_n_train_steps")
    return _whole(every) or None


def _keep_last(parameters: Mapping[str, Fact], traces: Sequence[Trace]) -> int | None:
    """Return how many are kept; torchtune has it among its checkpointer's paths, which are no parameters."""
    told = [parameters.get("keep_last_n_checkpoints"), parameters.get("save_total_limit")]
    told += [trace.parameters.get("checkpointer.keep_last_n_checkpoints") for trace in traces]
    return next((kept for fact in told if (kept := _whole(fact))), None)


def _began_at_start(parameters: Mapping[str, Fact], traces: Sequence[Trace]) -> bool:
    resumes = parameters.get("resume_from_checkpoint")
    logs = [each for each in traces if each.trains and each.origin in (Origin.LOG, Origin.ROUNDED_LOG)]
    shown = [each for each in logs if len(each.curves.get("loss", ())) >= _LEAST_ROWS]
    is_fresh = bool(shown) and not any(trace.is_resumed for trace in traces)
    return is_fresh and (resumes is None or resumes.value in (False, None, ""))


def _flag(parameters: Mapping[str, Fact], name: str) -> bool | None:
    fact = parameters.get(name)
    return fact.value if fact is not None and isinstance(fact.value, bool) else None


def _number(fact: Fact | None) -> float | None:
    value = None if fact is None else fact.value
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value


def _whole(fact: Fact | None) -> int | None:
    number = _number(fact)
    return None if number is None or number < 0 else math.ceil(number)


def _nanoseconds(time: datetime | None) -> int | None:
    return None if time is None else int(time.timestamp()) * 10**9
