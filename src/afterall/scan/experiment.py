"""Put together what was read of one experiment: state, numbers, end, parameters, checkpoints.

Invariant: the attempt that counts is told by its own traces; where it left none, those of an earlier attempt
stand in for its numbers, never for its end, and a finding says so.
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from afterall.model import (
    Attempt,
    Checkpoint,
    EntryKind,
    Experiment,
    ExperimentLayout,
    Fact,
    Finding,
    FindingCode,
    MatchedExperiment,
    State,
)
from afterall.scan.checkpoints import Examination, scan_checkpoints
from afterall.scan.completion import judge_completion
from afterall.scan.evaluations import own_validation, read_evaluations
from afterall.scan.gathering import gather_material, shows_training
from afterall.scan.line_severity import weigh_by_completion, weigh_by_progress
from afterall.scan.metrics import derive_metrics, derive_series, derive_series_by_epoch
from afterall.scan.parameters import read_parameters
from afterall.scan.precedence import as_number, contradictions, told
from afterall.scan.progress import find_progress
from afterall.scan.promises import make_promises
from afterall.scan.provenance import find_provenance
from afterall.scan.roles import stored_files
from afterall.scan.secrets import mask_secrets
from afterall.scan.soundness import judge_numbers
from afterall.scan.traces import Trace
from afterall.scan.trainers import TRAINERS
from afterall.scan.training_arguments import read_training_arguments


def scan_experiment(matched: MatchedExperiment, how: Examination) -> Experiment:
    """Return everything the files of one experiment of the set at `how.root` say.

    Never raises for what it finds in them: whatever is wrong with them is told by findings.
    """
    set_dir = how.root
    material = gather_material(set_dir, matched)
    believed = _believed(material.traces, material.earlier)
    is_of_earlier = believed is not material.traces
    parameters, of_parameters = read_parameters(
        set_dir, matched, believed, read_training_arguments(set_dir, matched.layout)
    )
    progress = find_progress(believed, parameters)
    if "planned_epochs" in progress.facts:
        parameters.setdefault("epochs", progress.facts["planned_epochs"])
    length = progress.steps_per_epoch
    metrics = {**derive_metrics(believed, length), **progress.facts}
    lines = weigh_by_progress(material.lines, material.traces)
    completion = judge_completion(material.traces, {} if is_of_earlier else metrics, lines)
    latest = matched.attempts[-1] if matched.attempts else None
    promises = make_promises(metrics, parameters, believed, latest, is_completed=completion.value)
    checkpoints, of_checkpoints = scan_checkpoints(how, matched.layout, promises)
    evaluations, of_evaluations = read_evaluations(set_dir, matched.layout, checkpoints)
    findings = [
        *material.findings,
        *weigh_by_completion(lines, is_completed=completion.value is True),
        *(_of_earlier(believed) if is_of_earlier else ()),
        *_about_numbers(believed, metrics, length),
        *of_parameters,
        *of_checkpoints,
        *of_evaluations,
    ]
    return Experiment(
        layout=matched.layout,
        state=_state(matched, believed, checkpoints),
        attempts=tuple(map(_without_secrets, matched.attempts)),
        logs=matched.logs,
        trainer=_trainer(believed),
        completion=completion,
        parameters=parameters,
        metrics=_with_rate_per_gpu(metrics, matched.attempts),
        provenance=find_provenance(believed, parameters),
        series=derive_series(believed, length),
        by_epoch=derive_series_by_epoch(believed, length),
        checkpoints=checkpoints,
        evaluations=(*evaluations, *own_validation(believed)),
        files=stored_files(matched.layout, checkpoints),
        findings=tuple(_named(finding, matched.layout.name) for finding in findings),
        wandb_runs=_wandb_runs(matched.layout),
    )


def _about_numbers(
    believed: Sequence[Trace], metrics: dict[str, Fact], length: float | None
) -> Iterator[Finding]:
    """Yield what is wrong with a run's numbers by themselves, and where its sources contradict each other."""
    yield from judge_numbers(believed, metrics, length)
    for key in ("loss", "val_loss"):
        yield from contradictions(key, told(believed, key, length))


def _believed(traces: list[Trace], earlier: list[Trace]) -> list[Trace]:
    """Return the traces whose numbers count: an earlier attempt's only where the latest shows no training."""
    if any(map(shows_training, traces)) or not any(map(shows_training, earlier)):
        return traces
    return earlier


def _of_earlier(believed: Sequence[Trace]) -> tuple[Finding, ...]:
    shown = [trace for trace in believed if shows_training(trace)]
    return (
        Finding(
            code=FindingCode.TRACES_OF_EARLIER_ATTEMPT,
            subject=shown[0].file,
            sources=tuple(dict.fromkeys(trace.source() for trace in shown)),
        ),
    )


def _state(matched: MatchedExperiment, believed: Sequence[Trace], checkpoints: Sequence[Checkpoint]) -> State:
    """Return Slurm's word on the attempt that counts; without any, whether anything shows that it ran."""
    if matched.attempts:
        return matched.attempts[-1].state
    has_run = bool(matched.logs or believed or any(checkpoint.files for checkpoint in checkpoints))
    return State.UNKNOWN if has_run else State.NOT_SUBMITTED


def _without_secrets(attempt: Attempt) -> Attempt:
    """Return an attempt whose submit line, which a report may tell again, holds no secret."""
    masked = mask_secrets(attempt.submit_line)
    return attempt if masked == attempt.submit_line else replace(attempt, submit_line=masked)


def _trainer(traces: Sequence[Trace]) -> str | None:
    names = {trace.trainer for trace in traces if trace.trains}
    return next((trainer.name for trainer in TRAINERS if trainer.name in names), None)


def _with_rate_per_gpu(metrics: Mapping[str, Fact], attempts: Sequence[Attempt]) -> dict[str, Fact]:
    """Add the throughput of one GPU where the trainer tells that of all, and Slurm their number."""
    rate = metrics.get("tokens_per_second")
    gpus = attempts[-1].gpus if attempts else None
    if rate is None or not gpus or "tokens_per_second_per_gpu" in metrics:
        return dict(metrics)
    return {
        **metrics,
        "tokens_per_second_per_gpu": Fact(as_number(rate.value) / gpus, rate.source, rate.unit),
    }


def _wandb_runs(layout: ExperimentLayout) -> tuple[str, ...]:
    """Return the directories that `wandb sync` takes."""
    return tuple(
        entry.path
        for entry in layout.entries
        if entry.kind is EntryKind.DIRECTORY and entry.name.startswith("offline-run-")
    )


def _named(finding: Finding, name: str) -> Finding:
    return finding if finding.experiment is not None else replace(finding, experiment=name)
