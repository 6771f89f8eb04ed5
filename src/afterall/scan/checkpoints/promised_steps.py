"""Say at which steps a run was to save, by what it was told and did, and what of it was deleted again.

Invariant: who saved the later of two checkpoints also did the steps between them; before the first and after
the last one, only steps that a log shows as done count. Nothing is due that the trainer's limit may have
deleted. Source: transformers trainer_callback.py (DefaultFlowCallback.on_step_end), trainer.py
(_rotate_checkpoints); torchtune recipes (save_every_n_steps); litgpt finetune/ (save_interval).
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from msgspec import Struct

from afterall.model import Checkpoint
from afterall.scan.checkpoints.checks.material import below
from afterall.scan.checkpoints.due import Due, Savings
from afterall.scan.checkpoints.layouts import Layout, Saving
from afterall.scan.promises import Promises

_MOST_DUE = 10_000
Steps = Mapping[int, Checkpoint]


class _Span(Struct, frozen=True):
    """The steps after `begin` and before `end` that one process did, and when it saved, None if unknown."""

    begin: int
    end: int
    saving: Saving | None


def due_steps(layout: Layout, there: Sequence[Checkpoint], promises: Promises, savings: Savings) -> list[Due]:
    """Return the steps at which a checkpoint of this layout was saved and is not `there`, ascending."""
    homes: dict[str, dict[int, Checkpoint]] = defaultdict(dict)
    for each in there:
        if each.layout == layout.name and each.step is not None and not each.is_final:
            homes[each.path.rpartition("/")[0]][each.step] = each
    found: list[Due] = []
    for home, held in sorted(homes.items()):
        spans = _spans(held, promises, savings, is_only=len(homes) == 1)
        every: dict[int, int | None] = {}
        for span in spans:
            every |= _multiples(span, held, promises)
        if len(homes) == 1:
            every |= dict.fromkeys(_last(promises, savings) - held.keys(), None)
        if len(every) > _MOST_DUE:
            continue
        for step in sorted(every):
            newer = sum(1 for other in (*held, *every) if other > step)
            name = below(home, (layout.step_name or "").format(step=step))
            found.append(
                Due(
                    name.rpartition("/")[2],
                    "steps",
                    step=step,
                    home=home,
                    every_steps=every[step],
                    is_pruned=_is_pruned(newer, savings),
                )
            )
    return found


def _spans(held: Steps, promises: Promises, savings: Savings, is_only: bool) -> Iterator[_Span]:
    steps = sorted(held)
    for before, after in pairwise(steps):
        yield _Span(before, after, _told(held[after], savings))
    if not is_only:
        return
    if promises.began_at_start:
        yield _Span(0, steps[0], _told(held[steps[0]], savings))
    done, planned = promises.steps_done, promises.steps
    if done is not None and planned is not None and done <= planned:
        # A run that died at a step may have died while it saved that step.
        end = done + 1 if promises.training_completed else done
        yield _Span(steps[-1], end, savings.last)


def _told(checkpoint: Checkpoint, savings: Savings) -> Saving | None:
    if savings.by_checkpoint:
        return savings.by_checkpoint.get(checkpoint.path)
    return savings.last


def _multiples(span: _Span, held: Steps, promises: Promises) -> dict[int, int]:
    """Return the steps of a span at which its process saved, and the interval."""
    every = _interval(span.saving, held, promises) if span.saving is not None else None
    if every is None or (span.end - span.begin) // every > _MOST_DUE:
        return {}
    return dict.fromkeys(range((span.begin // every + 1) * every, span.end, every), every)


def _interval(saving: Saving, held: Steps, promises: Promises) -> int | None:
    """Return the steps between two saves; of an epoch's only where every checkpoint ends with a whole one."""
    every, planned = saving.every_steps, promises.steps
    if saving.every_epoch and planned and promises.epochs and planned % promises.epochs == 0:
        length = planned // promises.epochs
        return length if all(step % length == 0 for step in held) else None
    if every is None or every >= 1:
        return None if every is None or every != int(every) else int(every)
    return math.ceil(every * planned) if planned else None


def _last(promises: Promises, savings: Savings) -> set[int]:
    """Return the last planned step where it was done and is saved whatever the interval."""
    done, planned = promises.steps_done, promises.steps
    at_end = savings.last is not None and savings.last.at_end and promises.training_completed
    return {planned} if at_end and planned and done is not None and done >= planned else set()


def _is_pruned(newer: int, savings: Savings) -> bool:
    """Tell whether a limit explains that it is gone; beside the best only the newest is sure to stay."""
    told = [each for each in (savings.last, *savings.by_checkpoint.values()) if each is not None]
    limit = min((each.keeps for each in told if each.keeps is not None), default=None)
    if limit is None:
        return False
    return newer >= (1 if any(each.keeps_best for each in told) else limit)
