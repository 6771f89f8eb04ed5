"""Suggest what to submit, to submit again with other limits, to release, and what to wait for.

Invariant: an experiment gets at most one of these; a job that still lives is never submitted a second time.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from afterall.analyse.costs import job_name
from afterall.analyse.findings.evidence import last, lines_of_latest
from afterall.analyse.findings.jobs import is_held, waits_for_ever
from afterall.analyse.places import absolute, directory_of
from afterall.analyse.readings import has_failed, is_alive
from afterall.analyse.scripts import batch_script, submission_of, takes_next
from afterall.analyse.steps.limits import more_memory, more_time, slurm_memory, slurm_time
from afterall.analyse.steps.shell import command, inside, relative
from afterall.model import (
    Experiment,
    Finding,
    FindingCode,
    NextStep,
    NextStepKind,
    Scalar,
    SetLayout,
    State,
)

_CAUSES = (
    FindingCode.LINE_CUDA_OUT_OF_MEMORY,
    FindingCode.LINE_DISK_FULL,
    FindingCode.LINE_HUB_ACCESS,
    FindingCode.LINE_MODULE_MISSING,
    FindingCode.LINE_NCCL,
    FindingCode.LINE_TRACEBACK,
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
_ONCE = frozenset({"--parsable", "--wait", "-W", "--test-only", "--hold", "-H", "--dependency", "-d"})
"""Options of a first submission that a second one is better without."""
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
        return _told(NextStepKind.SUBMIT, experiment, _submit(layout, experiment, {}), {})
    if not has_failed(experiment):
        return None
    details = _changes(experiment)
    return _told(NextStepKind.RESUBMIT, experiment, _submit(layout, experiment, details), details)


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
        return _told(NextStepKind.RESUBMIT, experiment, f"{cancel} && {again}" if again else cancel, {})
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


def _changes(experiment: Experiment) -> dict[str, Scalar]:
    """Return what to change before the next attempt: a limit that was too small, or the cause to repair."""
    attempt = experiment.latest
    lines = lines_of_latest(experiment)
    killed = experiment.state is State.FAILED and last(lines, [FindingCode.LINE_HOST_OUT_OF_MEMORY])
    if attempt is not None and (experiment.state is State.OUT_OF_MEMORY or killed):
        return more_memory(attempt)
    if attempt is not None and experiment.state is State.TIMEOUT:
        return more_time(experiment, attempt)
    cause = next((code for code in _CAUSES if any(line.code is code for line in lines)), None)
    return {} if cause is None else {"cause": cause.value}


def _submit(layout: SetLayout, experiment: Experiment, details: Mapping[str, Scalar]) -> str:
    """Return the sbatch line with the set's real script; "" where it is not clear which one it is."""
    script = batch_script(experiment)
    if script is None:
        return ""
    submitted = submission_of(experiment)
    changed = _changed_options(experiment, details)
    names = frozenset().union(*(names for names, _ in changed))
    kept = [] if submitted is None else _kept(submitted.options, _ONCE | names)
    directory = directory_of(layout, experiment)
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
