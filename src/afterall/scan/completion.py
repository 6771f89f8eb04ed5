"""Judge whether training itself reached its own end, from what it left behind and never from Slurm's state.

| evidence | speaks | means |
|---|---|---|
| zero_steps | against | the trainer ran and took no step |
| planned_steps_reached | for | reached steps are the planned ones |
| done_line | for | the trainer says that it is done: its totals, or its last line |
| final_checkpoint | for | the trainer says that it saves its last epoch |
| planned_steps_not_reached | against | fewer steps than planned |
| program_ended | for | the launcher says that the program came back without an error |
| wandb_exit | for, against | the tracked program's exit code was 0, or another |
| no_wandb_exit | against | the tracked program did not end by itself |
| mlflow_failed | against | MLflow's run was left by an exception, or was killed |
| failure_line | against | a line that explains an end, and no training step after it |
| mlflow_finished | for | MLflow's run was ended, by the program or at its exit |

The first of these rows that is there decides. A traceback after the totals therefore fails no training, an
exit code of 0 proves none, and a run whose loss became NaN has still come to its end. Of several run files of
wandb the one that was written last tells how the program ended. MLflow writes FINISHED, too, where an
exception ended the program outside of its `with` block: any line which explains an end counts more.
"""

from collections.abc import Iterable, Mapping, Sequence

from afterall.model import Completion, Evidence, Fact, Finding, Severity
from afterall.scan.precedence import as_number
from afterall.scan.traces import Origin, Trace

RULE: tuple[str, ...] = (
    "zero_steps",
    "planned_steps_reached",
    "done_line",
    "final_checkpoint",
    "planned_steps_not_reached",
    "program_ended",
    "wandb_exit",
    "no_wandb_exit",
    "mlflow_failed",
    "failure_line",
    "mlflow_finished",
)
"""Kinds of evidence, the most telling first."""


TOGETHER_NS = 120 * 10**9
"""Within which processes of one program, each with a run file of its own, end."""


def judge_completion(
    traces: Sequence[Trace], metrics: Mapping[str, Fact], lines: Iterable[Finding]
) -> Completion:
    """Return the judgement with all its evidence, the deciding piece first; None where nothing tells.

    All three are of the attempt that counts; `lines` are its logs' findings, made milder where training went
    on.
    """
    found = [evidence for trace in traces if _speaks_last(trace, traces) for evidence in trace.evidence]
    found += [*_progress(metrics), *_failures(lines)]
    order = {kind: index for index, kind in enumerate(RULE)}
    evidence = tuple(dict.fromkeys(sorted(found, key=lambda one: (order[one.kind], one.source))))
    return Completion(evidence[0].speaks_for if evidence else None, evidence)


def _speaks_last(trace: Trace, traces: Sequence[Trace]) -> bool:
    """Tell a run file of wandb from those that had been written before a later program began its own."""
    if trace.origin is not Origin.HISTORY or trace.mtime_ns is None:
        return True
    times = [t.mtime_ns for t in traces if t.origin is Origin.HISTORY and t.mtime_ns is not None]
    return trace.mtime_ns >= max(times) - TOGETHER_NS


def _progress(metrics: Mapping[str, Fact]) -> list[Evidence]:
    reached, planned = metrics.get("global_step"), metrics.get("planned_steps")
    if reached is None:
        return []
    if reached.value == 0:
        return [Evidence("zero_steps", False, reached.source)]
    if planned is None:
        return []
    if as_number(reached.value) >= as_number(planned.value):
        return [Evidence("planned_steps_reached", True, reached.source)]
    return [Evidence("planned_steps_not_reached", False, reached.source)]


def _failures(lines: Iterable[Finding]) -> list[Evidence]:
    """Return the lines that are errors still, after what came later in the log was weighed."""
    return [
        Evidence("failure_line", False, line.sources[-1])
        for line in lines
        if line.gravity is Severity.ERROR and line.sources
    ]
