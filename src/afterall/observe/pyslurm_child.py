"""Ask slurmdbd through pyslurm, alone in a process of its own, and print what it says as JSON.

Invariant: nothing of afterall is imported here, and of pyslurm nothing but attributes is used: to_dict()
fails in several releases, and a broken slurm.conf ends the whole process inside libslurm.

    python -I pyslurm_child.py '{"ids": [123], "start_time": "2026-11-01T00:00:00"}'
"""

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

MINIMUM = (25, 11)
"""Older releases name the same things differently; sacct's text serves them better."""

_JOB = """
 id array_id array_task_id array_tasks_waiting heterogeneous_id heterogeneous_offset cluster user_name
user_id state exit_code exit_code_signal derived_exit_code derived_exit_code_signal cancelled_by submit_time
eligible_time start_time end_time elapsed_time time_limit num_nodes nodelist cpus memory state_reason
requeue_count failed_node working_directory name comment submit_command standard_output standard_error
"""
_STEP = "id state exit_code exit_code_signal memory num_nodes"


def describe(job: object) -> dict[str, Any]:
    """Return what is to be known of one pyslurm.db.Job, whatever of it can be read."""
    described: dict[str, Any] = {name: _plain(_get(job, name)) for name in _JOB.split()}
    described["gpus"] = _gpus(_get(job, "gpus"))
    described["max_resident_memory"] = _plain(_get(_get(job, "stats"), "max_resident_memory"))
    steps = _get(job, "steps")
    described["steps"] = [_step(step) for step in steps.values()] if isinstance(steps, Mapping) else []
    return described


def main(argv: list[str], load: Callable[[dict[str, Any]], Iterable[object]]) -> int:
    """Print the jobs that argv[1]'s JSON filter finds; return 1, and say why on stderr, if that fails."""
    try:
        jobs = [describe(job) for job in load(json.loads(argv[1]))]
    except Exception as error:  # noqa: BLE001  # whatever it is, the parent asks sacct instead
        print(f"pyslurm: {type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201
        return 1
    json.dump({"jobs": jobs}, sys.stdout)
    return 0


def load_with_pyslurm(conditions: dict[str, Any]) -> Iterable[object]:
    """Return the jobs that slurmdbd finds; raise whatever pyslurm raises, ImportError included."""
    import pyslurm  # noqa: PLC0415  # GPL-2.0: only ever inside this process

    version = str(getattr(pyslurm, "__version__", "0.0"))
    if tuple(int(part) for part in version.split(".")[:2]) < MINIMUM:
        raise RuntimeError(f"release {version} is older than {MINIMUM[0]}.{MINIMUM[1]}")
    found = pyslurm.db.Jobs.load(pyslurm.db.JobFilter(**conditions))
    return list(found.values() if isinstance(found, Mapping) else found)


def _get(thing: object, name: str) -> Any:
    try:
        return getattr(thing, name, None)
    except Exception:  # noqa: BLE001  # properties raise KeyError for vanished users, RPCError for what is not there
        return None


def _plain(value: object) -> Any:
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _gpus(gpus: object) -> int | None:
    """Return how many GPUs: the untyped entry where there is one, since typed ones count the same again."""
    if not isinstance(gpus, Mapping):
        return None
    counts = {str(name): int(_get(gpu, "count") or 0) for name, gpu in gpus.items()}
    return counts["gpu"] if "gpu" in counts else sum(counts.values())


def _step(step: object) -> dict[str, Any]:
    described = {name: _plain(_get(step, name)) for name in _STEP.split()}
    described["max_resident_memory"] = _plain(_get(_get(step, "stats"), "max_resident_memory"))
    return described


if __name__ == "__main__":
    sys.exit(main(sys.argv, load_with_pyslurm))
