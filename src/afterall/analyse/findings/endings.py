"""Judge how each experiment's job ended, by Slurm's word and by training's own end together.

Invariant: a job that ended badly is told once, with the line of its log that shows why; where training
reached its end all the same, Slurm's state is told as what it is, a contradiction.
"""

from afterall.analyse.findings.evidence import (
    Judgement,
    completion_sources,
    finding,
    job_evidence,
    last,
    lines_of_latest,
    may_explain,
)
from afterall.analyse.readings import BADLY_ENDED, has_never_started
from afterall.model import Attempt, Experiment, Finding, FindingCode, SlurmState, State

_AFTERMATH = (FindingCode.LINE_CANCELLED, FindingCode.LINE_TASK_EXITED)
"""What Slurm's commands write after any job that was stopped."""
_KILL = 9

_ENDINGS: dict[State, tuple[FindingCode, FindingCode | None]] = {
    State.TIMEOUT: (FindingCode.JOB_TIMEOUT, FindingCode.LINE_TIME_LIMIT),
    State.CANCELLED: (FindingCode.JOB_CANCELLED, FindingCode.LINE_CANCELLED),
    State.OUT_OF_MEMORY: (FindingCode.JOB_OUT_OF_MEMORY, FindingCode.LINE_HOST_OUT_OF_MEMORY),
    State.NODE_FAIL: (FindingCode.JOB_NODE_FAIL, FindingCode.LINE_NODE_FAILURE),
    State.PREEMPTED: (FindingCode.JOB_PREEMPTED, FindingCode.LINE_PREEMPTED),
}
"""By state: its finding, and the log line that says the same."""

_CAUSES = (
    FindingCode.LINE_CUDA_OUT_OF_MEMORY,
    FindingCode.LINE_HOST_OUT_OF_MEMORY,
    FindingCode.LINE_DISK_FULL,
    FindingCode.LINE_GPU_ERROR,
    FindingCode.LINE_DIVERGED,
    FindingCode.LINE_FILE_DAMAGED,
    FindingCode.LINE_FILE_SYSTEM,
    FindingCode.LINE_HUB_ACCESS,
    FindingCode.LINE_MODULE_MISSING,
    FindingCode.LINE_STEP_REFUSED,
    FindingCode.LINE_KILLED,
    FindingCode.LINE_NCCL,
    FindingCode.LINE_FILE_MISSING,
    FindingCode.LINE_WANDB,
)
"""Lines that explain a failure and stay findings of their own, the most telling first."""

_MAY_BE_NODES = frozenset({FindingCode.LINE_GPU_ERROR, FindingCode.LINE_NCCL, FindingCode.LINE_FILE_SYSTEM})
"""Lines that may be a node's fault as well as the program's: which node it was is worth knowing."""

_FOLLOWING = frozenset({FindingCode.LINE_NCCL, FindingCode.LINE_FILE_MISSING, FindingCode.LINE_WANDB})
"""Lines that explain a failure only where nothing else does, or where an exception of theirs ended it.

A rank that lost the others mostly follows on another's failure, a missing file is mostly gone on after.
"""

_REFUSED = frozenset({"allocation", "asked", "refused"})
"""Evidence of a line on host memory that tells of no kill."""

_AFTER_TRAINING = (
    FindingCode.LINE_TRACEBACK,
    FindingCode.LINE_COPY_FAILED,
    *_AFTERMATH,
    *_CAUSES,
    *(line for _, line in _ENDINGS.values() if line is not None),
)
"""What may have turned a job's state bad when training had already reached its end."""


def judge_ending(experiment: Experiment) -> Judgement:
    """Return the findings on how the job that counts ended, and the log lines they tell anew."""
    if experiment.state is State.COMPLETED:
        if experiment.completion.value is not False:
            return Judgement()
        return Judgement(
            (finding(FindingCode.COMPLETED_WITHOUT_TRAINING, experiment, job_evidence(experiment)),)
        )
    if experiment.state not in BADLY_ENDED:
        return Judgement()
    if experiment.completion.value:
        return _contradiction(experiment)
    if experiment.state is State.CANCELLED and has_never_started(experiment):
        return Judgement((finding(FindingCode.JOB_CANCELLED_PENDING, experiment, job_evidence(experiment)),))
    return _bad_end(experiment)


def _contradiction(experiment: Experiment) -> Judgement:
    lines = lines_of_latest(experiment)
    evidence = job_evidence(experiment)
    copy = last(lines, [FindingCode.LINE_COPY_FAILED])
    latest = experiment.latest
    if copy is not None and experiment.state is State.FAILED and not (latest and latest.signal):
        told = finding(FindingCode.EXIT_CODE_SPOILED, experiment, evidence, copy)
        return Judgement((_with_proof(told, experiment),), (copy,))
    cause = last(lines, _AFTER_TRAINING)
    if cause is not None:
        evidence["cause"] = cause.code.value
    told = finding(FindingCode.STATE_CONTRADICTS_TRAINING, experiment, evidence, cause)
    return Judgement((_with_proof(told, experiment),), tuple(_same_quote(lines, cause)))


def _with_proof(told: Finding, experiment: Experiment) -> Finding:
    return Finding(
        code=told.code,
        experiment=told.experiment,
        subject=told.subject,
        evidence=told.evidence,
        quote=told.quote,
        sources=(*told.sources, *completion_sources(experiment)),
    )


def _bad_end(experiment: Experiment) -> Judgement:
    lines = lines_of_latest(experiment)
    killed = last(
        [line for line in lines if _is_kill(line) and may_explain(line)],
        [FindingCode.LINE_HOST_OUT_OF_MEMORY],
    )
    if experiment.state is State.FAILED and killed is None:
        return _failure(experiment, lines)
    # Without cgroups Slurm calls a step that it killed for its memory FAILED; the log's line then decides.
    state = State.OUT_OF_MEMORY if experiment.state is State.FAILED else experiment.state
    code, echo = _ENDINGS[state]
    if experiment.latest is not None and experiment.latest.slurm_state is SlurmState.DEADLINE:
        code = FindingCode.JOB_DEADLINE
    evidence = job_evidence(experiment)
    latest = experiment.latest
    is_memory = code is FindingCode.JOB_OUT_OF_MEMORY
    if is_memory and latest is not None and latest.out_of_memory_evidence:
        evidence["memory_evidence"] = latest.out_of_memory_evidence
    if is_memory and latest is not None and _is_over(latest):
        evidence["is_over"] = True
    came_of_it = [line for line in lines if line.code in (echo, *_AFTERMATH) or _is_killed_process(line)]
    cause = _cause([line for line in lines if line not in came_of_it])
    if cause is not None and state is not State.OUT_OF_MEMORY:
        evidence["cause"] = cause.code.value
    quoted = last(lines, [echo] if echo else [])
    told = finding(code, experiment, evidence, quoted)
    same = [line for line in _same_quote(lines, cause) if line is not cause]
    return Judgement((told,), (*same, *came_of_it))


def _is_killed_process(line: Finding) -> bool:
    """Tell whether a line is of a process that was ended from outside, as Slurm ends all of a job's."""
    how, signal = line.evidence.get("how"), line.evidence.get("signal")
    was_ended = how == "Killed" or signal == _KILL or "stopped" in line.evidence
    return line.code is FindingCode.LINE_KILLED and was_ended


def _is_over(attempt: Attempt) -> bool:
    """Tell whether one task was seen to use more than the job had asked for on one node."""
    used, asked = attempt.max_rss_bytes, attempt.requested_memory_bytes
    return bool(used and asked) and (used or 0) * (attempt.nodes or 1) >= (asked or 0)


def _failure(experiment: Experiment, lines: list[Finding]) -> Judgement:
    """Return the finding on a job that failed: it names its cause, or quotes the traceback's last line."""
    evidence = job_evidence(experiment)
    cause = _cause(lines)
    if cause is not None:
        evidence["cause"] = cause.code.value
        if cause.code in _MAY_BE_NODES:
            evidence["may_be_nodes"] = True
        told = finding(FindingCode.JOB_FAILED, experiment, evidence)
        same = [line for line in _same_quote(lines, cause) if line is not cause]
        return Judgement((told,), (*same, *(line for line in lines if line.code in _AFTERMATH)))
    quoted = last(lines, [FindingCode.LINE_TRACEBACK]) or last(lines, _AFTERMATH)
    told = finding(FindingCode.JOB_FAILED, experiment, evidence, quoted)
    aftermath = [line for line in lines if line.code in _AFTERMATH]
    return Judgement((told,), (*_same_quote(lines, quoted), *aftermath))


def _is_kill(line: Finding) -> bool:
    """Tell whether a line on host memory says that a process was killed, not that it was refused memory."""
    return _REFUSED.isdisjoint(line.evidence)


def _cause(lines: list[Finding]) -> Finding | None:
    """Return the line that explains a failure: the first of the most telling code, for others follow it.

    A line whose exception ended the program explains it before one that a script may have gone on after. One
    that was made milder, because training went on below it, explains nothing.
    """
    lines = [line for line in lines if may_explain(line)]
    raised = [line for line in lines if "exception" in line.evidence and line.code in _CAUSES]
    telling = [line for line in lines if line.code in _CAUSES and line.code not in _FOLLOWING]
    if not (raised or telling) and any(line.code is FindingCode.LINE_TRACEBACK for line in lines):
        return None
    wanted = (
        raised or telling or [line for line in lines if line.code in _FOLLOWING - {FindingCode.LINE_WANDB}]
    )
    return min(wanted, key=lambda line: _CAUSES.index(line.code), default=None)


def _same_quote(lines: list[Finding], quoted: Finding | None) -> list[Finding]:
    if quoted is None:
        return []
    return [line for line in lines if line is quoted or (line.quote and line.quote == quoted.quote)]
