"""Place an array's tasks that nothing but their number ties to an experiment.

Invariant: pure; an array is placed as a whole or not at all, and never against what is known of its other
tasks.
"""

import re
from collections.abc import Iterator, Sequence

from afterall.discover.layout.known_jobs import id_of_log
from afterall.discover.matching.arrays import agree, array_task, by_number
from afterall.discover.matching.verdicts import Fate, Judge, Verdict
from afterall.discover.names.directories import is_container
from afterall.model import Attempt

Judged = list[tuple[Attempt, Verdict]]


def place_tasks(judge: Judge, judged: Judged) -> dict[str, int]:
    """Return experiments' indices by task id ("1234_7"), of tasks that Slurm or a shared log knows."""
    placed: dict[str, dict[int, int]] = {}
    unplaced: dict[str, set[int]] = {}
    for (master, task), fate, index in (*_tasks_of_jobs(judged), *_tasks_of_logs(judge)):
        if fate is Fate.ATTEMPT:
            placed.setdefault(master, {}).setdefault(task, index)
        elif fate is Fate.UNPLACED:
            unplaced.setdefault(master, set()).add(task)
        else:
            # A task known to be something else than training is no reason to doubt the others.
            placed.setdefault(master, {}).setdefault(task, -1)
    names = [one.name for one in judge.layout.experiments]
    homes: dict[str, int] = {}
    for master, tasks in unplaced.items():
        known = placed.get(master, {})
        trained = {task: index for task, index in known.items() if index >= 0}
        found = by_number(tasks - known.keys(), names, _in_question(judge, judged, master))
        if agree(found, trained):
            homes.update({f"{master}_{task}": index for task, index in found.items()})
    return homes


def _tasks_of_jobs(judged: Judged) -> Iterator[tuple[tuple[str, int], Fate, int]]:
    for attempt, verdict in judged:
        task = array_task(attempt.display_id)
        if task and verdict.fate is not Fate.ELSEWHERE:
            yield task, verdict.fate, verdict.index


def _tasks_of_logs(judge: Judge) -> Iterator[tuple[tuple[str, int], Fate, int]]:
    for log in judge.layout.shared_logs:
        shown = id_of_log(log)
        task = array_task(shown) if shown and not log.is_evaluation else None
        if task and shown:
            claim = judge.claims.by_id.get(shown)
            yield task, Fate.ATTEMPT if claim else Fate.UNPLACED, claim.index if claim else -1


def _in_question(judge: Judge, judged: Judged, master: str) -> Sequence[int]:
    """Return the experiments below the directories where an array worked or logged; all if none is known."""
    inside = {
        judge.paths.in_set(one.work_dir) for one, _ in judged if one.display_id.startswith(f"{master}_")
    }
    inside.update(_above_logs(log.path) for log in judge.layout.shared_logs if log.job_id == master)
    experiments = list(enumerate(judge.layout.experiments))
    without_place = [index for index, one in experiments if not one.roots]
    below = [
        index
        for index, one in experiments
        if any(
            f"{root}/".startswith(f"{directory}/") for directory in inside if directory for root in one.roots
        )
    ]
    return [*below, *without_place] if below else [index for index, _ in experiments]


def _above_logs(path: str) -> str:
    """Return what a log's directories lie in: SWEEP for SWEEP/.submitit/1234_0/1234_0_0_log.out."""
    parts = path.split("/")[:-1]
    while parts and (is_container(parts[-1]) or re.fullmatch(r"\d+(_\d+)*", parts[-1], re.ASCII)):
        parts.pop()
    return "/".join(parts)
