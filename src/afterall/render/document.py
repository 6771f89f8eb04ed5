"""Write RESULTS.json: every fact of the report with its source, the same bytes for the same report."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from afterall.model import (
    Attempt,
    Checkpoint,
    Evaluation,
    Evidence,
    Experiment,
    Fact,
    Finding,
    Report,
    Source,
    Storage,
)
from afterall.render import results
from afterall.render.json_writing import json_text
from afterall.render.remedies import Remedies, remedies_of
from afterall.render.sentences import message, plainly
from afterall.render.words.findings import WORDINGS
from afterall.render.words.measures import iso
from afterall.render.words.states import slurm_word


def render_json(report: Report) -> bytes:
    """Return RESULTS.json: indented UTF-8 with a final newline."""
    return json_text(document(report))


def render_json_list(reports: Iterable[Report]) -> bytes:
    """Return a list of what each report's RESULTS.json holds."""
    return json_text([document(report) for report in reports])


def render_verification(checkpoints: Iterable[Checkpoint]) -> bytes:
    """Return what is known of checkpoints that were verified by themselves."""
    known = tuple(checkpoints)
    remedies = Remedies(known)
    told = [_checkpoint(checkpoint, remedies) for checkpoint in known]
    return json_text(results.Verification(schema=results.SCHEMA_VERSION, checkpoints=told))


def document(report: Report) -> results.Results:
    """Return the report as RESULTS.json's records."""
    summary = report.set
    remedies = remedies_of(report)
    return results.Results(
        schema=results.SCHEMA_VERSION,
        set=results.SetResult(
            name=summary.name,
            path=summary.path,
            date=iso(summary.first)[:10] if summary.first else None,
            description=summary.description,
            status=summary.status,
            counts={state: summary.counts[state] for state in sorted(summary.counts)},
        ),
        experiments=[_experiment(experiment, remedies) for experiment in report.experiments],
        findings=[_finding(finding, remedies) for finding in report.findings],
        storage=_storage(report.storage),
        next_steps=[
            results.NextStepResult(
                kind=step.kind,
                experiments=list(step.experiments),
                command=step.command,
                details=dict(step.details),
                because=step.because,
            )
            for step in report.next_steps
        ],
    )


def _experiment(experiment: Experiment, remedies: Remedies) -> results.ExperimentResult:
    parameters = sorted(experiment.parameters.items())
    return results.ExperimentResult(
        name=experiment.name,
        path=experiment.layout.path,
        state=experiment.state,
        training_completed=experiment.completion.value,
        training_evidence=[_evidence(evidence) for evidence in experiment.completion.evidence],
        trainer=experiment.trainer,
        parameters={name: fact.value for name, fact in parameters},
        parameter_sources={name: _source(fact.source) for name, fact in parameters},
        attempts=[_attempt(attempt) for attempt in experiment.attempts],
        metrics=_measured(dict(sorted(experiment.metrics.items()))),
        provenance=_measured(experiment.provenance),
        checkpoints=[_checkpoint(checkpoint, remedies) for checkpoint in experiment.checkpoints],
        evaluations=[_evaluation(evaluation) for evaluation in experiment.evaluations],
        logs=[log.path for log in experiment.logs],
    )


def _evidence(evidence: Evidence) -> results.EvidenceResult:
    return results.EvidenceResult(
        kind=evidence.kind, speaks_for=evidence.speaks_for, source=_source(evidence.source)
    )


def _measured(facts: Mapping[str, Fact]) -> dict[str, results.Measured]:
    return {
        name: results.Measured(fact.value, fact.unit, _source(fact.source)) for name, fact in facts.items()
    }


def _attempt(attempt: Attempt) -> results.AttemptResult:
    return results.AttemptResult(
        job_id=attempt.job_id,
        display_id=attempt.display_id or attempt.job_id,
        state=attempt.state,
        slurm_state=slurm_word(attempt),
        exit_code=attempt.exit_code,
        signal=attempt.signal,
        submit=_time(attempt.submit),
        start=_time(attempt.start),
        end=_time(attempt.end),
        elapsed_s=attempt.elapsed_s,
        nodes=attempt.nodes,
        gpus=attempt.gpus,
        source=attempt.source,
    )


def _checkpoint(checkpoint: Checkpoint, remedies: Remedies) -> results.CheckpointResult:
    return results.CheckpointResult(
        name=checkpoint.name,
        path=checkpoint.path,
        kind=checkpoint.kind,
        verdict=checkpoint.verdict,
        tier=checkpoint.tier,
        epoch=checkpoint.epoch,
        step=checkpoint.step,
        is_final=checkpoint.is_final,
        size_bytes=checkpoint.size_bytes,
        files=[
            results.FileResult(
                path=file.path,
                role=file.role,
                size_bytes=file.size_bytes,
                verdict=file.verdict,
                format=file.format,
                tensors=file.tensors,
                parameters=file.parameters,
                dtypes=list(file.dtypes),
                digest=file.digest or None,
            )
            for file in checkpoint.files
        ],
        findings=[_finding(finding, remedies, checkpoint) for finding in checkpoint.findings],
    )


def _evaluation(evaluation: Evaluation) -> results.EvaluationResult:
    return results.EvaluationResult(
        task=evaluation.task,
        checkpoint=evaluation.checkpoint,
        status=evaluation.status,
        model=evaluation.model,
        metrics=dict(sorted(evaluation.metrics.items())),
        samples=evaluation.samples,
        total_samples=evaluation.total_samples,
        created=_time(evaluation.created),
        error=evaluation.error,
        source=_source(evaluation.source),
    )


def _finding(
    finding: Finding, remedies: Remedies, checkpoint: Checkpoint | None = None
) -> results.FindingResult:
    wording = WORDINGS[finding.code]
    return results.FindingResult(
        code=finding.code,
        severity=finding.gravity.word,
        experiment=finding.experiment,
        subject=finding.subject,
        message=message(finding),
        consequence=plainly(wording.impact, finding),
        action=plainly(wording.resolution, finding),
        command=remedies.command(finding, checkpoint),
        evidence=dict(sorted(finding.evidence.items())),
        quote=finding.quote,
        sources=[_source(source) for source in finding.sources],
    )


def _storage(storage: Storage) -> results.StorageResult:
    return results.StorageResult(
        size_bytes=storage.size_bytes,
        allocated_bytes=storage.allocated_bytes,
        repeated_bytes=storage.repeated_bytes,
        repeated_files=storage.repeated_files,
        spare_bytes=storage.spare_bytes,
        spare=list(storage.spare),
        components=[
            results.ComponentResult(
                model=c.model,
                component=c.component,
                lora_rank=c.lora_rank,
                size_bytes=c.size_bytes,
                example=c.example,
            )
            for c in storage.components
        ],
        experiments=[
            results.ExperimentStorageResult(
                experiment=e.experiment,
                size_bytes=e.size_bytes,
                allocated_bytes=e.allocated_bytes,
                checkpoints=e.checkpoints,
                full_bytes=e.full_bytes,
                adapter_only_bytes=e.adapter_only_bytes,
                by_role=[
                    results.RoleSize(
                        role=line.role,
                        files=line.files,
                        size_bytes=line.size_bytes,
                        allocated_bytes=line.allocated_bytes,
                    )
                    for line in e.lines
                ],
            )
            for e in storage.experiments
        ],
    )


def _source(source: Source) -> results.SourceResult:
    return results.SourceResult(source.file, source.where)


def _time(when: datetime | None) -> str | None:
    return None if when is None else iso(when)
