"""Take job arrays apart and tie their tasks to experiments by number.

Invariant: pure; a task is tied by number only where every task of its array finds exactly one experiment so.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from afterall.discover.names.directories import trailing_number
from afterall.model import Attempt

_MOST_TASKS = 10_000
_WAITING = re.compile(r"(\d+)_\[([^\]%]*)(?:%\d+)?\]?", re.ASCII)
_RANGE = re.compile(r"(\d{1,7})(?:-(\d{1,7})(?::(\d{1,7}))?)?", re.ASCII)


def split_waiting_tasks(attempts: Iterable[Attempt]) -> tuple[Attempt, ...]:
    """Return the attempts with an array's waiting tasks, one record "23_[5-9%2]" to Slurm, one by one.

    Source: the JobID forms of squeue(1) and sacct(1); a list cut off with "..." gives the tasks that it
    names.
    """
    split: list[Attempt] = []
    for attempt in attempts:
        waiting = _WAITING.fullmatch(attempt.display_id)
        if not waiting:
            split.append(attempt)
            continue
        split.extend(replace(attempt, display_id=f"{waiting[1]}_{task}") for task in _tasks(waiting[2]))
    return tuple(split)


def array_task(shown_id: str) -> tuple[str, int] | None:
    """Return master id and task number of "1234_7", or None for a job that is no array's."""
    found = re.fullmatch(r"(\d+)_(\d{1,7})", shown_id, re.ASCII)
    return (found[1], int(found[2])) if found else None


def by_number(tasks: Iterable[int], names: Sequence[str], among: Iterable[int]) -> dict[int, int]:
    """Return, by task number, the index of the experiment whose name ends with it.

    `among` holds the indices of the experiments in question. Nothing is returned where several of them bear a
    task's number, or where both tasks and experiments are left over: tasks 1 to 4 are not the runs 0 to 3.
    """
    tasks = set(tasks)
    numbered: dict[int, list[int]] = {}
    for index in among:
        number = trailing_number(names[index])
        if number is not None:
            numbered.setdefault(number, []).append(index)
    if not (tasks <= numbered.keys() or numbered.keys() <= tasks):
        return {}
    tied = {task: numbered[task] for task in tasks if task in numbered}
    return {task: found[0] for task, found in tied.items()} if all(len(f) == 1 for f in tied.values()) else {}


def agree(found: Mapping[int, int], known: Mapping[int, int]) -> bool:
    """Return whether what numbers say contradicts nothing known of tasks of the same array."""
    taken = {index: task for task, index in known.items()}
    return all(
        known.get(task, index) == index and taken.get(index, task) == task for task, index in found.items()
    )


def _tasks(text: str) -> list[int]:
    tasks: dict[int, None] = {}
    for piece in text.split(","):
        found = _RANGE.fullmatch(piece.strip())
        if not found:
            continue
        first, last, step = int(found[1]), int(found[2] or found[1]), int(found[3] or 1)
        for task in range(first, last + 1, max(step, 1)):
            if len(tasks) >= _MOST_TASKS:
                return list(tasks)
            tasks[task] = None
    return list(tasks)
