"""Make whole reports by hand: the set of report-spec, complete or spoiled on purpose, and any other."""

from datetime import UTC, datetime, timedelta
from typing import Any

from afterall.model import (
    Attempt,
    Checkpoint,
    CheckpointFile,
    CheckpointKind,
    ComparedAt,
    Comparison,
    Completion,
    ComponentSize,
    Cost,
    Direction,
    Evaluation,
    EvaluationStatus,
    Experiment,
    ExperimentLayout,
    ExperimentStorage,
    Fact,
    FileRole,
    Finding,
    FindingCode,
    JobId,
    LogFile,
    NextStep,
    NextStepKind,
    Ranking,
    Report,
    Scalar,
    SetStatus,
    SetSummary,
    Side,
    SlurmSource,
    SlurmState,
    Source,
    SourceReport,
    State,
    Storage,
    StorageLine,
    Tier,
    ValidationGap,
    VaryingParameter,
    Verdict,
)

START = datetime(2025, 10, 18, 7, 2, 35, tzinfo=UTC)
SET_PATH = "/scratch/gpfs/lab/cap_8L_llama32_lora_comparison_2025-10-18"
RUNS = {
    # name: (model, rank, steps, loss, val_loss, tokens/s, seconds)
    "1B_rank4": ("Llama-3.2-1B-Instruct", 4, 1500, 0.00154, 0.02345, 1224.0, 281),
    "1B_rank64": ("Llama-3.2-1B-Instruct", 64, 1500, 0.00036, 0.02336, 1252.0, 294),
    "3B_rank4": ("Llama-3.2-3B-Instruct", 4, 3000, 0.00031, 0.01656, 321.0, 1354),
    "3B_rank64": ("Llama-3.2-3B-Instruct", 64, 3000, 0.00027, 0.01830, 486.0, 946),
}
MODEL_BYTES = {"Llama-3.2-1B-Instruct": 2_400_000_000, "Llama-3.2-3B-Instruct": 6_100_000_000}
ADAPTER_BYTES = {
    ("Llama-3.2-1B-Instruct", 4): 5_200_000,
    ("Llama-3.2-1B-Instruct", 64): 82_000_000,
    ("Llama-3.2-3B-Instruct", 4): 11_000_000,
    ("Llama-3.2-3B-Instruct", 64): 172_000_000,
}


def fact(value: Scalar, file: str = "run.log", where: str = "", unit: str | None = None) -> Fact:
    """Return a fact with a source."""
    return Fact(value, Source(file, where), unit)


def make_checkpoint(
    path: str, place: int, held: dict[str, tuple[FileRole, int]], **changes: Any
) -> Checkpoint:
    """Return a good checkpoint of epoch `place` with these files."""
    given: dict[str, Any] = {
        "name": f"epoch_{place}",
        "path": path,
        "layout": "torchtune",
        "kind": CheckpointKind.FULL_AND_ADAPTER,
        "verdict": Verdict.OK,
        "tier": Tier.QUICK,
        "size_bytes": sum(size for _, size in held.values()),
        "files": tuple(
            CheckpointFile(f"{path}/{n}", role, size, Verdict.OK) for n, (role, size) in held.items()
        ),
        "epoch": place,
        "is_final": place == 2,
    }
    return Checkpoint(**{**given, **changes})


def spec_files(model: str, rank: int) -> dict[str, tuple[FileRole, int]]:
    """Return the files of one of report-spec's epoch directories."""
    shards = 1 if "1B" in model else 2
    weights = {
        f"model-0000{n}-of-0000{shards}.safetensors": (FileRole.FULL_WEIGHTS, MODEL_BYTES[model] // shards)
        for n in range(1, shards + 1)
    }
    return {
        **weights,
        "adapter_model.pt": (FileRole.ADAPTER, ADAPTER_BYTES[model, rank]),
        "adapter_model.safetensors": (FileRole.ADAPTER, ADAPTER_BYTES[model, rank]),
        "adapter_config.json": (FileRole.ADAPTER_CONFIG, 250),
        "tokenizer.json": (FileRole.TOKENIZER, 9_000_000),
        "tokenizer_config.json": (FileRole.TOKENIZER, 50_000),
        "config.json": (FileRole.MODEL_CONFIG, 900),
    }


def make_experiment(name: str, number: int = 1, **changes: Any) -> Experiment:
    """Return one of report-spec's runs, or a run of another name like its first; `changes` replace fields."""
    model, rank, steps, loss, val_loss, rate, seconds = RUNS.get(name, RUNS["1B_rank4"])
    log = f"{name}/slurm-{number}.out"
    given: dict[str, Any] = {
        "layout": ExperimentLayout(
            name=name,
            path=name,
            roots=(name,),
            configs=(f"{name}/finetune.yaml",),
            scripts=(f"{name}/finetune.slurm",),
            eval_scripts=(f"{name}/eval.py",),
        ),
        "state": State.COMPLETED,
        "attempts": (make_attempt(number, seconds),),
        "logs": (LogFile(log, JobId(str(number))),),
        "trainer": "torchtune",
        "completion": Completion(True),
        "parameters": {
            "model": fact(model, f"{name}/finetune.yaml"),
            "lora_rank": fact(rank, f"{name}/finetune.yaml"),
            "learning_rate": fact(0.0003, f"{name}/finetune.yaml"),
            "seed": fact(1234, f"{name}/finetune.yaml"),
        },
        "metrics": {
            "final_loss": fact(loss, log, "line 812", "nats"),
            "final_val_loss": fact(val_loss, log, "line 812", "nats"),
            "mean_last_loss": fact(loss * 1.1, log, "line 812", "nats"),
            "global_step": fact(steps, log, "line 811"),
            "planned_steps": fact(steps, log),
            "epochs": fact(3.0, log),
            "planned_epochs": fact(3, log),
            "tokens_per_second_per_gpu": fact(rate, log, "line 814"),
            "peak_memory_active_gib": fact(11.25, log, "line 815", "GiB"),
            "train_seconds": fact(seconds - 25.5, log, unit="s"),
        },
        "checkpoints": tuple(
            make_checkpoint(f"{name}/epoch_{epoch}", epoch, spec_files(model, rank)) for epoch in range(3)
        ),
        "wandb_runs": (f"{name}/logs/wandb/offline-run-20251018_070252-l3t2l8qm",),
    }
    return Experiment(**{**given, **changes})


def make_attempt(number: int = 1, seconds: int = 281, **changes: Any) -> Attempt:
    """Return a completed job."""
    given: dict[str, Any] = {
        "job_id": JobId(str(number)),
        "source": SlurmSource.SACCT,
        "cluster": "della",
        "slurm_state": SlurmState.COMPLETED,
        "exit_code": 0,
        "signal": 0,
        "submit": START,
        "start": START,
        "end": START + timedelta(seconds=seconds),
        "elapsed_s": seconds,
        "nodes": 1,
        "gpus": 1,
    }
    return Attempt(**{**given, **changes})


def failed_after_training(name: str, number: int) -> Experiment:
    """Return a run whose training is complete and whose job's last line failed."""
    attempt = make_attempt(number, RUNS[name][6], slurm_state=SlurmState.FAILED, exit_code=1)
    return make_experiment(name, number, state=State.FAILED, attempts=(attempt,))


def spoiled(name: str, number: int) -> Finding:
    """Return the finding on such a run."""
    log = f"{name}/slurm-{number}.out"
    return Finding(
        code=FindingCode.EXIT_CODE_SPOILED,
        experiment=name,
        subject=str(number),
        evidence={"job_id": str(number), "state": "FAILED", "exit_code": 1, "signal": 0},
        quote=f"mv: 'slurm-{number}.out' and '{SET_PATH}/{log}' are the same file",
        sources=(Source(log, "line 840"),),
    )


def make_side(name: str, parameter: str, metric: str) -> Side:
    """Return a run as one side of a comparison."""
    experiment = make_experiment(name)
    setting = experiment.parameters[parameter].value
    read = experiment.metrics[metric]
    value = read.value
    assert isinstance(value, int | float)
    steps = experiment.metrics["global_step"].value
    assert isinstance(steps, int)
    return Side(experiment=name, setting=setting, value=float(value), step=steps, source=read.source)


def make_comparison(a: str, b: str, parameter: str, metric: str, **changes: Any) -> Comparison:
    """Return two runs compared."""
    other = {"lora_rank": "model", "model": "lora_rank"}[parameter]
    rate = metric in ("tokens_per_second_per_gpu", "train_seconds")
    given: dict[str, Any] = {
        "parameter": parameter,
        "metric": metric,
        "direction": Direction.UP if metric.startswith("tokens") else Direction.DOWN,
        "a": make_side(a, parameter, metric),
        "b": make_side(b, parameter, metric),
        "equal": {other: make_experiment(a).parameters[other].value},
        "compared_at": ComparedAt.RATE if rate else ComparedAt.STEP,
    }
    return Comparison(**{**given, **changes})


def make_ranking(metric: str, direction: Direction = Direction.DOWN, **changes: Any) -> Ranking:
    """Return report-spec's runs ranked by one metric."""
    values: dict[str, float] = {}
    for name in RUNS:
        value = make_experiment(name).metrics[metric].value
        assert isinstance(value, int | float)
        values[name] = float(value)
    order = sorted(values, key=lambda name: values[name], reverse=direction is Direction.UP)
    given: dict[str, Any] = {
        "metric": metric,
        "direction": direction,
        "order": tuple(order),
        "values": values,
    }
    return Ranking(**{**given, **changes})


def make_summary(experiments: tuple[Experiment, ...], **changes: Any) -> SetSummary:
    """Return the summary that fits some experiments."""
    states = [experiment.state for experiment in experiments]
    trained = sum(bool(experiment.completion.value) for experiment in experiments)
    given: dict[str, Any] = {
        "name": SET_PATH.rpartition("/")[2],
        "path": SET_PATH,
        "status": SetStatus.COMPLETE if trained == len(experiments) else SetStatus.FAILED,
        "counts": {state: states.count(state) for state in sorted(set(states))},
        "trained": trained,
        "first": START,
        "last": START + timedelta(seconds=1354),
        "title": "LoRA rank comparison for capitalization task",
        "description": "Compares LoRA ranks (4 vs 64) across two model sizes for the capitalization task.",
        "models": tuple(dict.fromkeys(run[0] for run in RUNS.values())),
        "asked": (SourceReport(SlurmSource.SACCT, answered=True),),
    }
    return SetSummary(**{**given, **changes})


def make_storage(experiments: tuple[Experiment, ...]) -> Storage:
    """Return the storage of some experiments."""
    kept = []
    for experiment in experiments:
        full = sum(checkpoint.size_bytes for checkpoint in experiment.checkpoints)
        adapters = sum(
            file.size_bytes
            for checkpoint in experiment.checkpoints
            for file in checkpoint.files
            if file.role is FileRole.ADAPTER and file.path.endswith(".safetensors")
        )
        lines = (StorageLine(role=FileRole.FULL_WEIGHTS, files=3, size_bytes=full, allocated_bytes=full),)
        kept.append(
            ExperimentStorage(
                experiment=experiment.name,
                lines=lines,
                size_bytes=full + 90_000,
                allocated_bytes=full + 120_000,
                checkpoints=len(experiment.checkpoints),
                full_bytes=full or None,
                adapter_only_bytes=adapters or None,
            )
        )
    return Storage(
        size_bytes=sum(one.size_bytes for one in kept),
        allocated_bytes=sum(one.allocated_bytes for one in kept),
        experiments=tuple(kept),
        components=spec_components(),
        repeated_bytes=99_550_000,
        repeated_files=22,
    )


def spec_components() -> tuple[ComponentSize, ...]:
    """Return the sizes of report-spec's models and adapters."""
    full = [
        ComponentSize(
            model=m, component="full_weights", lora_rank=None, size_bytes=size, example=f"{m}/epoch_0"
        )
        for m, size in MODEL_BYTES.items()
    ]
    adapters = [
        ComponentSize(model=m, component="adapter", lora_rank=r, size_bytes=size, example=f"{m}/epoch_0")
        for (m, r), size in ADAPTER_BYTES.items()
    ]
    return (*full, *adapters)


def make_cost(experiment: Experiment) -> Cost:
    """Return what one run took."""
    latest = experiment.latest
    elapsed = latest.elapsed_s if latest else None
    return Cost(
        experiment=experiment.name,
        job_id=latest.job_id if latest else "",
        waited_s=0,
        elapsed_s=elapsed,
        all_elapsed_s=elapsed,
        attempts=len(experiment.attempts),
        gpus=1,
        gpu_hours=elapsed / 3600 if elapsed else None,
        requested_memory_bytes=64 * 1024**3,
        max_rss_bytes=9 * 1024**3,
    )


def spec_report(**changes: Any) -> Report:
    """Return report-spec's own example: four runs, all marked FAILED by their scripts' last line."""
    experiments = tuple(failed_after_training(name, number) for number, name in enumerate(RUNS, start=1))
    ranks = {name: run[1] for name, run in RUNS.items()}
    models = {name: run[0] for name, run in RUNS.items()}
    pairs = [("1B_rank4", "1B_rank64", "lora_rank"), ("3B_rank4", "3B_rank64", "lora_rank")]
    pairs += [("1B_rank4", "3B_rank4", "model"), ("1B_rank64", "3B_rank64", "model")]
    metrics = ("final_val_loss", "final_loss", "train_seconds", "tokens_per_second_per_gpu")
    given: dict[str, Any] = {
        "set": make_summary(experiments),
        "experiments": experiments,
        "varying": (
            VaryingParameter(name="lora_rank", values=(4, 64), by_experiment=dict(ranks)),
            VaryingParameter(
                name="model", values=tuple(dict.fromkeys(models.values())), by_experiment=dict(models)
            ),
        ),
        "rankings": (
            make_ranking("final_val_loss"),
            make_ranking("final_loss"),
            make_ranking("train_seconds"),
            make_ranking("tokens_per_second_per_gpu", Direction.UP),
        ),
        "comparisons": tuple(make_comparison(a, b, p, metric) for metric in metrics for a, b, p in pairs),
        "gaps": tuple(
            ValidationGap(experiment=name, train=run[3] * 1.1, validation=run[4], step=run[2])
            for name, run in RUNS.items()
        ),
        "costs": tuple(make_cost(experiment) for experiment in experiments),
        "findings": (
            *(spoiled(name, number) for number, name in enumerate(RUNS, start=1)),
            Finding(code=FindingCode.ONE_SEED, evidence={"settings": 4, "seed": 1234}),
        ),
        "storage": make_storage(experiments),
        "next_steps": (
            NextStep(
                kind=NextStepKind.EVALUATE,
                experiments=tuple(RUNS),
                command="\n".join(
                    f"inspect eval {SET_PATH}/{n}/eval.py --model hf/local "
                    f"-M model_path={SET_PATH}/{n}/epoch_2"
                    for n in RUNS
                ),
                details={"checkpoint": "epoch_2", "how": "inspect"},
            ),
            NextStep(
                kind=NextStepKind.INTERMEDIATE_VALUES,
                details={"parameter": "lora_rank", "values": "8, 16, 32", "lower": 4, "upper": 64},
            ),
            NextStep(
                kind=NextStepKind.MORE_SEEDS,
                experiments=tuple(RUNS),
                details={"settings": 4, "seed": "seed", "used": "1234"},
            ),
        ),
    }
    return Report(**{**given, **changes})


def tiny_report(*experiments: Experiment, **changes: Any) -> Report:
    """Return a report on these experiments alone, without comparisons."""
    given: dict[str, Any] = {
        "set": make_summary(experiments),
        "experiments": experiments,
        "storage": make_storage(experiments),
    }
    return Report(**{**given, **changes})


def make_evaluation(name: str, **changes: Any) -> Evaluation:
    """Return a successful evaluation of a run's last checkpoint."""
    given: dict[str, Any] = {
        "task": "capitalization",
        "status": EvaluationStatus.SUCCESS,
        "source": Source(f"{name}/eval/logs/one.eval"),
        "checkpoint": "epoch_2",
        "metrics": {"match/accuracy": 0.925, "match/stderr": 0.0186},
        "samples": 200,
        "total_samples": 200,
    }
    return Evaluation(**{**given, **changes})
