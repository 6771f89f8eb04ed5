"""Suggest which checkpoints to evaluate, and which evaluations to run again.

Invariant: only a checkpoint that was verified and found good is evaluated, by what lies in the set for it;
never the last one of a run that diverged, whose weights are of no use.
"""

from collections.abc import Iterable, Sequence

from afterall.analyse.evaluated_checkpoints import age, evaluated_checkpoint
from afterall.analyse.findings.training import is_superseded
from afterall.analyse.ordering import natural_key
from afterall.analyse.places import absolute
from afterall.analyse.readings import has_diverged, is_alive
from afterall.analyse.stand_ins import are_same_state
from afterall.analyse.steps.shell import command, inside, lines, relative
from afterall.model import (
    Checkpoint,
    CheckpointKind,
    Evaluation,
    EvaluationStatus,
    Experiment,
    FindingCode,
    NextStep,
    NextStepKind,
    Scalar,
    SetLayout,
    Verdict,
)

_BATCH = (".slurm", ".sbatch", ".sh")
_RETRIED = (EvaluationStatus.ERROR, EvaluationStatus.CANCELLED)


def evaluation_steps(layout: SetLayout, experiments: Sequence[Experiment]) -> list[NextStep]:
    """Return the evaluations that could be run now, those of failed evaluations first."""
    over = [experiment for experiment in experiments if not is_alive(experiment)]
    again = [step for experiment in over for step in _again(layout, experiment)]
    return [*again, *(step for experiment in over for step in _evaluate(layout, experiment))]


def final_checkpoint(experiment: Experiment) -> Checkpoint | None:
    """Return the last state of a run that is good and holds a model, the promised last one if it is."""
    usable = [
        c
        for c in experiment.checkpoints
        if c.verdict is Verdict.OK and c.kind not in (CheckpointKind.RESUME_ONLY, CheckpointKind.UNKNOWN)
    ]
    promised = [c for c in usable if c.is_final]
    if promised or any(c.is_final for c in experiment.checkpoints):
        return max(promised, key=age, default=None)
    return max(usable, key=age, default=None)


def _again(layout: SetLayout, experiment: Experiment) -> Iterable[NextStep]:
    """Yield a retry for each failed evaluation that nothing superseded.

    `inspect eval-retry` takes task, model and arguments from the log of a run that errored or was cancelled
    (inspect_ai, "Handling Errors"); without --log-dir it would write into the directory it is called from.
    """
    for evaluation in experiment.evaluations:
        if evaluation.status in _RETRIED and not is_superseded(experiment, evaluation):
            log = absolute(layout, evaluation.source.file)
            told = command("inspect", "eval-retry", log, "--log-dir", log.rpartition("/")[0])
            details: dict[str, Scalar] = {"task": evaluation.task}
            if evaluation.checkpoint is not None:
                details["checkpoint"] = evaluation.checkpoint
            yield NextStep(
                kind=NextStepKind.RERUN_EVALUATION,
                experiments=(experiment.name,),
                command=told,
                details=details,
                because=FindingCode.EVALUATION_FAILED,
            )


def _evaluate(layout: SetLayout, experiment: Experiment) -> Iterable[NextStep]:
    final = final_checkpoint(experiment)
    if final is None or has_diverged(experiment):
        return
    batch = [script for script in experiment.layout.eval_scripts if script.endswith(_BATCH)]
    if batch:
        waiting = [script for script in batch if not _has_run(experiment, script, final)]
        commands = [_sbatch(layout, script) for script in sorted(waiting, key=natural_key)]
        how = "slurm"
    elif is_evaluated(experiment, final):
        return
    else:
        how, commands = by_hand(layout, experiment, final)
    if commands:
        yield NextStep(
            kind=NextStepKind.EVALUATE,
            experiments=(experiment.name,),
            command=lines(commands),
            details={"checkpoint": final.name, "how": how},
        )


def by_hand(layout: SetLayout, experiment: Experiment, final: Checkpoint) -> tuple[str, list[str]]:
    """Return how a checkpoint is evaluated by the Python files beside it, and the commands."""
    files = sorted((s for s in experiment.layout.eval_scripts if s.endswith(".py")), key=natural_key)
    tasks = [path for path in files if not _is_setup(path)]
    checkpoint = absolute(layout, final.path)
    if tasks:
        logs = absolute(layout, f"{experiment.layout.path}/logs")
        model = ("--model", "hf/local", "-M", f"model_path={checkpoint}", "--log-dir", logs)
        return "inspect", [command("inspect", "eval", absolute(layout, path), *model) for path in tasks]
    setups = [command("python", absolute(layout, path), "--finetune_epoch_dir", checkpoint) for path in files]
    directory = absolute(layout, experiment.layout.path)
    return "setup_inspect", [inside(directory, f"{told} && sbatch inspect.slurm") for told in setups]


def _is_setup(path: str) -> bool:
    """Tell whether a file is cruijff_kit's setup_inspect.py, which writes inspect.slurm where it is run."""
    return path.rpartition("/")[2] == "setup_inspect.py"


def _sbatch(layout: SetLayout, script: str) -> str:
    directory, _, name = script.rpartition("/")
    return inside(absolute(layout, directory), command("sbatch", relative(name)))


def _has_run(experiment: Experiment, script: str, final: Checkpoint) -> bool:
    """Tell whether a batch script's evaluation left a log: below its own directory, where it has one."""
    directory = script.rpartition("/")[0]
    if directory in ("", experiment.layout.path):
        return is_evaluated(experiment, final)
    return any(e.source.file.startswith(f"{directory}/") for e in experiment.evaluations)


def is_evaluated(experiment: Experiment, checkpoint: Checkpoint) -> bool:
    """Tell whether a checkpoint has a score, or a failed evaluation that is to be run again anyway.

    A score of an unnamed checkpoint may be this one's, so it counts; so does one of the same state.
    """
    programs = (evaluation for evaluation in experiment.evaluations if not evaluation.is_validation)
    return any(_speaks_of(experiment, evaluation, checkpoint) for evaluation in programs)


def _speaks_of(experiment: Experiment, evaluation: Evaluation, checkpoint: Checkpoint) -> bool:
    if evaluation.status not in (EvaluationStatus.SUCCESS, *_RETRIED):
        return False
    evaluated = evaluated_checkpoint(experiment, evaluation)
    if evaluated is None:
        return evaluation.checkpoint is None
    return are_same_state(experiment, evaluated, checkpoint)
