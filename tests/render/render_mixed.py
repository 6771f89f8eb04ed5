"""Make reports on sets where things went wrong, by hand."""

from typing import Any

from afterall.model import (
    Checkpoint,
    CheckpointKind,
    ComparedAt,
    Comparison,
    Completion,
    Direction,
    EvaluationStatus,
    Experiment,
    FileRole,
    Finding,
    FindingCode,
    NextStep,
    NextStepKind,
    Ranking,
    Replicates,
    Report,
    SetStatus,
    Side,
    SlurmSource,
    SlurmState,
    Source,
    SourceReport,
    Spread,
    State,
    VaryingParameter,
    Verdict,
)
from render.render_reports import (
    START,
    fact,
    make_attempt,
    make_checkpoint,
    make_evaluation,
    make_experiment,
    make_storage,
    make_summary,
)

LOSSES = {"rank4_seed0": 5.512, "rank4_seed1": 5.498, "rank16_seed0": 5.401, "rank16_seed1": 5.423}


def hf_checkpoint(name: str, step: int, **changes: Any) -> Checkpoint:
    """Return a Trainer's adapter checkpoint."""
    files = {
        "adapter_model.safetensors": (FileRole.ADAPTER, 41_000),
        "adapter_config.json": (FileRole.ADAPTER_CONFIG, 700),
        "optimizer.pt": (FileRole.OPTIMIZER, 90_000),
        "trainer_state.json": (FileRole.TRAINER_STATE, 1_200),
    }
    given: dict[str, Any] = {
        "name": f"checkpoint-{step}",
        "layout": "hf_trainer",
        "kind": CheckpointKind.ADAPTER,
        "epoch": None,
        "step": step,
        "is_final": step == 50,
    }
    return make_checkpoint(f"{name}/checkpoint-{step}", 0, files, **{**given, **changes})


def seeded(name: str, number: int, **changes: Any) -> Experiment:
    """Return one run of a rank sweep with seeds."""
    rank, seed = (int("".join(filter(str.isdigit, part))) for part in name.split("_")[:2])
    log = f"{name}/slurm-{number}.out"
    loss = LOSSES.get(name)
    given: dict[str, Any] = {
        "attempts": (make_attempt(number, 22, gpus=0),),
        "trainer": "huggingface",
        "parameters": {
            "model": fact("/scratch/models/tinyllama", f"{name}/adapter_config.json"),
            "lora_rank": fact(rank, f"{name}/adapter_config.json"),
            "seed": fact(seed, f"{name}/train.sbatch"),
        },
        "metrics": {
            "final_loss": fact(loss, f"{name}/trainer_state.json", "key log_history[9].loss"),
            "mean_last_loss": fact(loss, f"{name}/trainer_state.json"),
            "global_step": fact(50, log),
            "planned_steps": fact(50, log),
            "train_seconds": fact(7.25, f"{name}/all_results.json", "key train_runtime", "s"),
        }
        if loss
        else {},
        "checkpoints": (hf_checkpoint(name, 25), hf_checkpoint(name, 50)),
        "wandb_runs": (),
    }
    return make_experiment(name, number, **{**given, **changes})


def never_submitted(name: str) -> Experiment:
    """Return an experiment that holds a batch script alone."""
    nothing: dict[str, Any] = {"attempts": (), "logs": (), "trainer": None, "completion": Completion(None)}
    return seeded(name, 0, state=State.NOT_SUBMITTED, metrics={}, checkpoints=(), **nothing)


def out_of_memory(name: str) -> Experiment:
    """Return a run that was killed in its first epoch, its loss NaN by then."""
    attempt = make_attempt(
        9,
        21,
        gpus=0,
        slurm_state=SlurmState.FAILED,
        exit_code=9,
        out_of_memory_evidence="step 9.0 used 1342562304 of 1258291200 bytes",
    )
    metrics = {
        "final_loss": fact(float("nan"), f"{name}/slurm-9.out", "line 40"),
        "global_step": fact(30, f"{name}/slurm-9.out", "line 40"),
        "planned_steps": fact(75, f"{name}/slurm-9.out", "line 12"),
    }
    broken = hf_checkpoint(
        name,
        25,
        verdict=Verdict.CORRUPT,
        findings=(Finding(code=FindingCode.FILE_TRUNCATED, subject=f"{name}/checkpoint-25/optimizer.pt"),),
    )
    return seeded(
        name,
        9,
        state=State.OUT_OF_MEMORY,
        attempts=(make_attempt(8, 5, gpus=0, slurm_state=SlurmState.NODE_FAIL), attempt),
        completion=Completion(False),
        metrics=metrics,
        checkpoints=(broken, hf_checkpoint(name, 50, verdict=Verdict.MISSING, files=(), size_bytes=0)),
    )


def mixed_findings() -> tuple[Finding, ...]:
    """Return what such a set makes analysis say."""
    killed = "rank64_seed0"
    return (
        Finding(
            code=FindingCode.JOB_OUT_OF_MEMORY,
            experiment=killed,
            subject="9",
            evidence={
                "job_id": "9",
                "state": "FAILED",
                "memory_evidence": "step 9.0 used 1342562304 of 1258291200 bytes",
                "max_rss_bytes": 1342562304,
                "requested_memory_bytes": 1258291200,
                "is_over": True,
                "reached_step": 30,
                "planned_steps": 75,
            },
            quote="\x1b[31mslurmstepd: error: Exceeded job memory limit\x1b[0m",
            sources=(Source(f"{killed}/slurm-9.out", "line 55"),),
        ),
        Finding(
            code=FindingCode.LOSS_NOT_FINITE,
            experiment=killed,
            subject="loss",
            evidence={"metric": "loss", "not_finite": 4, "points": 30, "first_step": 27, "at_end": True},
            sources=(Source(f"{killed}/slurm-9.out"),),
        ),
        Finding(
            code=FindingCode.FILE_TRUNCATED,
            experiment=killed,
            subject=f"{killed}/checkpoint-25/optimizer.pt",
            evidence={"missing_bytes": 45_000, "problem": "truncated"},
        ),
        Finding(
            code=FindingCode.EVALUATION_FAILED,
            experiment="rank16_seed1",
            subject="rank16_seed1/eval/logs/two.eval",
            evidence={"task": "capitalization", "checkpoint": "checkpoint-50", "status": "error"},
            quote="FileNotFoundError: [Errno 2] No such file or directory: 'words.json'",
            sources=(Source("rank16_seed1/eval/logs/two.eval"),),
        ),
        Finding(
            code=FindingCode.NOT_SUBMITTED, experiment="rank64_seed1", evidence={"script": "train.sbatch"}
        ),
        Finding(
            code=FindingCode.EARLIER_ATTEMPTS,
            experiment=killed,
            evidence={"earlier": 1, "job_ids": "8", "states": "NODE_FAIL", "elapsed_s": 26},
        ),
    )


def mixed_comparison() -> Comparison:
    """Return the means of two settings compared, beyond the noise of their seeds."""
    sides = [
        Side(
            experiment=f"rank{rank}_seed0",
            setting=rank,
            value=value,
            step=50,
            source=Source(f"rank{rank}_seed0/trainer_state.json"),
            experiments=(f"rank{rank}_seed0", f"rank{rank}_seed1"),
            n=2,
            sd=sd,
        )
        for rank, value, sd in ((4, 5.505, 0.0099), (16, 5.412, 0.0156))
    ]
    return Comparison(
        parameter="lora_rank",
        metric="final_loss",
        direction=Direction.DOWN,
        a=sides[0],
        b=sides[1],
        equal={},
        same_seeds=True,
        noise_sd=0.013,
        p_value=0.0191,
        within_noise=False,
        compared_at=ComparedAt.STEP,
    )


def mixed_report(**changes: Any) -> Report:
    """Return a sweep of ranks and seeds: four good runs, one killed, one never submitted."""
    good = tuple(seeded(name, number) for number, name in enumerate(LOSSES, start=5))
    scored = make_evaluation("rank16_seed0", checkpoint="checkpoint-50")
    failed = make_evaluation(
        "rank16_seed1", checkpoint="checkpoint-50", status=EvaluationStatus.ERROR, metrics={}, samples=None
    )
    good = (
        *good[:2],
        seeded("rank16_seed0", 7, evaluations=(scored,)),
        seeded("rank16_seed1", 8, evaluations=(failed,)),
    )
    experiments = (*good, out_of_memory("rank64_seed0"), never_submitted("rank64_seed1"))
    ranks = {e.name: e.parameters["lora_rank"].value for e in experiments}
    seeds = {e.name: e.parameters["seed"].value for e in experiments}
    given: dict[str, Any] = {
        "set": make_summary(
            experiments,
            name="tinyllama_rank_sweep",
            path="/scratch/gpfs/lab/tinyllama_rank_sweep",
            status=SetStatus.FAILED,
            title=None,
            description=None,
            models=("/scratch/models/tinyllama",),
            last=START.replace(day=20),
        ),
        "experiments": experiments,
        "varying": (
            VaryingParameter(
                name="lora_rank", values=(4, 16, 64), by_experiment=ranks, moves_with=("lora_alpha",)
            ),
            VaryingParameter(name="seed", values=(0, 1), by_experiment=seeds, is_seed=True),
        ),
        "rankings": (
            Ranking(
                metric="final_loss",
                direction=Direction.DOWN,
                order=("rank16_seed0", "rank16_seed1", "rank4_seed1", "rank4_seed0", "rank64_seed0"),
                values={**LOSSES, "rank64_seed0": float("nan")},
                tied_with_best=("rank16_seed1",),
                unfinished=("rank64_seed0",),
                noise_sd=0.013,
            ),
        ),
        "comparisons": (mixed_comparison(),),
        "replicates": tuple(
            Replicates(
                experiments=(f"rank{rank}_seed0", f"rank{rank}_seed1"),
                settings={"lora_rank": rank},
                seeds=(0, 1),
                metrics={"final_loss": Spread(n=2, mean=mean, sd=sd)},
            )
            for rank, mean, sd in ((4, 5.505, 0.0099), (16, 5.412, 0.0156))
        ),
        "findings": mixed_findings(),
        "storage": make_storage(experiments),
        "next_steps": (
            NextStep(
                kind=NextStepKind.RESUBMIT,
                experiments=("rank64_seed0",),
                command="cd /scratch/gpfs/lab/sweep/rank64_seed0 && sbatch --mem=2400M train.sbatch",
                details={"memory_mib": 2400, "old_memory_mib": 1200},
                because=FindingCode.JOB_OUT_OF_MEMORY,
            ),
            NextStep(kind=NextStepKind.SUBMIT, experiments=("rank64_seed1",), command="sbatch train.sbatch"),
        ),
    }
    return Report(**{**given, **changes})


def unfinished_report() -> Report:
    """Return a set of which one job runs and one waits; accounting did not answer."""
    running = make_experiment(
        "1B_rank64",
        2,
        state=State.RUNNING,
        completion=Completion(None),
        attempts=(make_attempt(2, slurm_state=SlurmState.RUNNING, end=None, source=SlurmSource.SQUEUE),),
        metrics={"final_loss": fact(0.5), "global_step": fact(400), "planned_steps": fact(1500)},
        checkpoints=(),
    )
    pending = make_experiment(
        "3B_rank4",
        3,
        state=State.PENDING,
        completion=Completion(None),
        attempts=(
            make_attempt(
                3,
                slurm_state=SlurmState.PENDING,
                start=None,
                end=None,
                elapsed_s=None,
                source=SlurmSource.SQUEUE,
            ),
        ),
        logs=(),
        metrics={},
        checkpoints=(),
    )
    experiments = (make_experiment("1B_rank4", 1), running, pending)
    asked = (
        SourceReport(SlurmSource.SACCT, answered=False, detail="Connection refused"),
        SourceReport(SlurmSource.SQUEUE, answered=True),
    )
    return Report(
        set=make_summary(experiments, status=SetStatus.INCOMPLETE, asked=asked),
        experiments=experiments,
        findings=(
            Finding(
                code=FindingCode.SLURM_UNAVAILABLE,
                evidence={"tried": "sacct: Connection refused", "answered": "squeue"},
            ),
            Finding(
                code=FindingCode.JOB_RUNNING,
                experiment="1B_rank64",
                evidence={"job_id": "2", "reached_step": 400, "planned_steps": 1500},
            ),
            Finding(
                code=FindingCode.JOB_PENDING,
                experiment="3B_rank4",
                evidence={"job_id": "3", "reason": "Priority"},
            ),
        ),
        storage=make_storage(experiments),
        next_steps=(
            NextStep(kind=NextStepKind.WAIT, experiments=("1B_rank64", "3B_rank4"), details={"jobs": 2}),
        ),
    )
