"""Suggest what to submit, to submit again with other limits, to release, and what to wait for.

Invariant: an experiment gets at most one of these; a job that still lives is never submitted a second time.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from afterall.analyse.costs import job_name
from afterall.analyse.findings.evidence import NO_LAUNCH, last, lines_of_latest, may_explain
from afterall.analyse.findings.jobs import is_held, waits_for_ever
from afterall.analyse.ordering import natural_key
from afterall.analyse.places import absolute, directory_of
from afterall.analyse.readings import has_failed, is_alive
from afterall.analyse.scripts import batch_script, submission_of, takes_next
from afterall.analyse.steps.limits import more_memory, more_time, slurm_memory, slurm_time
from afterall.analyse.steps.shell import command, inside, relative
from afterall.model import (
    DIRECTORY_NAME,
    Attempt,
    Experiment,
    Finding,
    FindingCode,
    NextStep,
    NextStepKind,
    Scalar,
    SetLayout,
    SlurmState,
    State,
)

_CAUSES = (
    FindingCode.LINE_CUDA_OUT_OF_MEMORY,
    FindingCode.LINE_DISK_FULL,
    FindingCode.LINE_GPU_ERROR,
    FindingCode.LINE_DIVERGED,
    FindingCode.LINE_FILE_DAMAGED,
    FindingCode.LINE_FILE_SYSTEM,
    FindingCode.LINE_HUB_ACCESS,
    FindingCode.LINE_MODULE_MISSING,
    FindingCode.LINE_STEP_REFUSED,
    FindingCode.LINE_KILLED,
    FindingCode.LINE_TRACEBACK,
    FindingCode.LINE_NCCL,
)
_REASONS = frozenset(
    {
        FindingCode.NOT_SUBMITTED,
        FindingCode.DEPENDENCY_NEVER_SATISFIED,
        FindingCode.COMPLETED_WITHOUT_TRAINING,
        FindingCode.STOPPED_EARLY,
        *(code for code in FindingCode if code.value.startswith("job_")),
    }
) - {FindingCode.JOB_ID_RECYCLED}
_ONCE = frozenset(
    {"--parsable", "--wait", "-W", "--test-only", "--hold", "-H", "--dependency", "-d", "--deadline"}
)
"""Options of a first submission that a second one is better without."""
_UNEXPLAINED = frozenset({State.FAILED, State.COMPLETED, State.UNKNOWN})
"""States that say nothing of why training did not reach its end."""
_MEMORY = frozenset({"--mem", "--mem-per-cpu", "--mem-per-gpu"})
_TIME = frozenset({"--time", "-t"})
_ARRAY = frozenset({"--array", "-a"})


def submission_steps(
    layout: SetLayout, experiments: Sequence[Experiment], findings: Sequence[Finding]
) -> list[NextStep]:
    """Return a step for each experiment that is not done; `findings` give the reasons."""
    reasons = {f.experiment: f.code for f in reversed(findings) if f.code in _REASONS}
    steps = [step for experiment in experiments if (step := _step(layout, experiment)) is not None]
    steps = [replace(step, because=reasons.get(step.experiments[0])) for step in steps]
    waiting = [e for e in experiments if is_alive(e) and not _needs_a_person(e)]
    return [*steps, *_wait(waiting)]


def _step(layout: SetLayout, experiment: Experiment) -> NextStep | None:
    if is_alive(experiment):
        return _unblock(layout, experiment) if _needs_a_person(experiment) else None
    if experiment.state is State.NOT_SUBMITTED:
        return _told(NextStepKind.SUBMIT, experiment, _submit(layout, experiment, {}), _unset(experiment))
    if not has_failed(experiment):
        return None
    details = _changes(experiment)
    return _told(NextStepKind.RESUBMIT, experiment, _submit(layout, experiment, details), details)


def _unset(experiment: Experiment) -> dict[str, Scalar]:
    """Return the parameters that the experiment's name promises and no file of it sets."""
    promised = [name for name, fact in experiment.parameters.items() if fact.source.where == DIRECTORY_NAME]
    return {"unset": ", ".join(sorted(promised))} if promised else {}


def _told(kind: NextStepKind, experiment: Experiment, told: str, details: Mapping[str, Scalar]) -> NextStep:
    return NextStep(kind=kind, experiments=(experiment.name,), command=told, details=dict(details))


def _needs_a_person(experiment: Experiment) -> bool:
    return experiment.state is State.PENDING and (waits_for_ever(experiment) or is_held(experiment))


def _unblock(layout: SetLayout, experiment: Experiment) -> NextStep | None:
    latest = experiment.latest
    if latest is None:
        return None
    if waits_for_ever(experiment):
        again = _submit(layout, experiment, {})
        cancel = command("scancel", job_name(latest))
        told = f"{cancel} && {again}" if again else cancel
        return _told(NextStepKind.RESUBMIT, experiment, told, {"had_dependency": True})
    # A user may release what a user held, never what an admin held (scontrol(1), release).
    by_admin = latest.reason == "JobHeldAdmin"
    release = "" if by_admin else command("scontrol", "release", job_name(latest))
    return _told(NextStepKind.WAIT, experiment, release, {"held": True})


def _wait(experiments: Sequence[Experiment]) -> Iterable[NextStep]:
    jobs = [job_name(e.latest) for e in experiments if e.latest is not None]
    if experiments:
        yield NextStep(
            kind=NextStepKind.WAIT,
            experiments=tuple(experiment.name for experiment in experiments),
            command=command("squeue", "-j", ",".join(jobs)) if jobs else "",
            details={"jobs": len(jobs)},
        )


def wait_for_others(unplaced: Sequence[Attempt]) -> list[NextStep]:
    """Return the step to wait for living jobs of the set that no experiment has."""
    jobs = sorted({job_name(job) for job in unplaced if job.is_alive}, key=natural_key)
    if not jobs:
        return []
    squeue = command("squeue", "-j", ",".join(jobs))
    return [NextStep(kind=NextStepKind.WAIT, command=squeue, details={"jobs": len(jobs)})]


def _changes(experiment: Experiment) -> dict[str, Scalar]:
    """Return what to change before the next attempt: a limit that was too small, or the cause to repair.

    Empty where nothing is to blame, as for a job that was cancelled, preempted or lost its node.
    """
    attempt = experiment.latest
    lines = [line for line in lines_of_latest(experiment) if may_explain(line)]
    killed = experiment.state is State.FAILED and last(lines, [FindingCode.LINE_HOST_OUT_OF_MEMORY])
    if attempt is not None and (experiment.state is State.OUT_OF_MEMORY or killed):
        return more_memory(attempt) or {"lacked_memory": True}
    if attempt is not None and attempt.slurm_state is SlurmState.TIMEOUT:
        return more_time(experiment, attempt) or {"lacked_time": True}
    cause = next((code for code in _CAUSES if any(line.code is code for line in lines)), None)
    if cause is not None:
        return {"cause": cause.value}
    if attempt is not None and attempt.signal == NO_LAUNCH:
        return {"did_not_launch": True}
    return {"is_unexplained": True} if experiment.state in _UNEXPLAINED else {}


def _submit(layout: SetLayout, experiment: Experiment, details: Mapping[str, Scalar]) -> str:
    """Return the sbatch line with the set's real script; "" where it is not clear what would be submitted.

    A script of several experiments takes this one's from its arguments, which only the submit line tells.
    """
    script = batch_script(experiment)
    if script is None:
        return ""
    submitted, latest = submission_of(experiment), experiment.latest
    is_task = latest is not None and latest.task_id is not None
    is_shared = sum(script in one.scripts for one in layout.experiments) > 1
    if submitted is None and is_shared and not is_task:
        return ""
    changed = _changed_options(experiment, details)
    names = frozenset().union(*(names for names, _ in changed))
    kept = [] if submitted is None else _kept(submitted.options, _ONCE | names)
    directory = directory_of(layout, experiment, script)
    near = absolute(layout, script).removeprefix(f"{directory.rstrip('/')}/")
    arguments = () if submitted is None else submitted.arguments
    options = [*kept, *(option for _, option in changed)]
    return inside(directory, command("sbatch", *options, relative(near), *arguments))


def _changed_options(
    experiment: Experiment, details: Mapping[str, Scalar]
) -> list[tuple[frozenset[str], str]]:
    """Return the options to set, each with the names of those it takes the place of."""
    changed = []
    task = None if experiment.latest is None else experiment.latest.task_id
    memory, time = details.get("memory_mib"), details.get("time_limit_s")
    if task is not None:
        changed.append((_ARRAY, f"--array={task}"))
    if isinstance(memory, int):
        changed.append((_MEMORY, f"--mem={slurm_memory(memory)}"))
    if isinstance(time, int):
        changed.append((_TIME, f"--time={slurm_time(time)}"))
    return changed


def _kept(options: Sequence[str], dropped: frozenset[str]) -> list[str]:
    """Return options without the dropped ones and their values, be these in the same word or the next."""
    kept: list[str] = []
    skip_value = False
    for word in options:
        if skip_value and not word.startswith("-"):
            skip_value = False
            continue
        name = word.partition("=")[0] if word.startswith("--") else word[:2]
        is_dropped = word.startswith("-") and name in dropped
        skip_value = is_dropped and takes_next(word)
        if not is_dropped:
            kept.append(word)
    return kept
