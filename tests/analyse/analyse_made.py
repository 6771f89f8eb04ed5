"""Make small experiments and sets by hand, each saying only what a test is about.

Invariant: what is made is what scanning could hand over; nothing is read from a disk.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from afterall.analyse import Material
from afterall.model import (
    Attempt,
    Checkpoint,
    CheckpointFile,
    CheckpointKind,
    Completion,
    Entry,
    EntryKind,
    Evaluation,
    EvaluationStatus,
    Experiment,
    ExperimentLayout,
    Fact,
    FileRole,
    Finding,
    FindingCode,
    JobId,
    LogFile,
    MatchedExperiment,
    MatchedSet,
    Observation,
    Point,
    Points,
    Scalar,
    Series,
    SetLayout,
    SlurmSource,
    SlurmState,
    Source,
    SourceReport,
    State,
    StoredFile,
    Tier,
    Verdict,
)
from afterall.settings import SetSettings

SET = "/scratch/lab/sweep"
MORNING = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
SACCT = (SourceReport(SlurmSource.SACCT, answered=True),)


def source(name: str, where: str = "") -> Source:
    """Return a place in a file."""
    return Source(name, where)


def facts(values: dict[str, Scalar], file: str) -> dict[str, Fact]:
    """Return values as facts of one file."""
    return {name: Fact(value, Source(file, f"key {name}")) for name, value in values.items()}


def attempt(job_id: str = "7", state: SlurmState | None = SlurmState.COMPLETED, **fields: Any) -> Attempt:
    """Return a job of twenty seconds."""
    defaults: dict[str, Any] = {
        "job_id": JobId(job_id),
        "source": SlurmSource.SACCT,
        "slurm_state": state,
        "state_text": state.value if state else "",
        "submit": MORNING,
        "eligible": MORNING,
        "start": MORNING + timedelta(seconds=5),
        "end": MORNING + timedelta(seconds=25),
        "elapsed_s": 20,
    }
    return Attempt(**{**defaults, **fields})


def log_line(code: FindingCode, quote: str, file: str = "run/slurm-7.out", line: int = 90) -> Finding:
    """Return what scanning finds of one line of a log."""
    return Finding(
        code=code,
        experiment=file.partition("/")[0],
        subject=file,
        quote=quote,
        sources=(Source(file, f"line {line}"),),
    )


def entry(path: str, size: int = 100, inode: int | None = None, **fields: Any) -> Entry:
    """Return a regular file; equal inodes are hard links."""
    made = Entry(
        path=path,
        kind=EntryKind.FILE,
        size_bytes=size,
        allocated_bytes=-(-size // 512) * 512,
        mtime_ns=int(MORNING.timestamp()) * 10**9,
        mode=0o100644,
        inode=hash(path) % 10**9 if inode is None else inode,
        device=1,
        links=1,
    )
    return replace(made, **fields)


def stored(path: str, role: FileRole, size: int = 100, inode: int | None = None) -> StoredFile:
    """Return a file with its role."""
    return StoredFile(entry(path, size, inode), role)


def checkpoint(path: str, **fields: Any) -> Checkpoint:
    """Return a good adapter checkpoint, saved in both of torchtune's forms."""
    files = (
        CheckpointFile(f"{path}/adapter_model.pt", FileRole.ADAPTER, 120, Verdict.OK),
        CheckpointFile(f"{path}/adapter_model.safetensors", FileRole.ADAPTER, 100, Verdict.OK),
        CheckpointFile(f"{path}/adapter_config.json", FileRole.ADAPTER_CONFIG, 10, Verdict.OK),
    )
    defaults: dict[str, Any] = {
        "name": path.rpartition("/")[2],
        "path": path,
        "layout": "torchtune",
        "kind": CheckpointKind.ADAPTER,
        "verdict": Verdict.OK,
        "tier": Tier.QUICK,
        "size_bytes": 230,
        "files": files,
    }
    return Checkpoint(**{**defaults, **fields})


def evaluation(file: str, checkpoint_name: str | None = "epoch_2", **fields: Any) -> Evaluation:
    """Return a successful evaluation."""
    defaults: dict[str, Any] = {
        "task": "capitalization",
        "status": EvaluationStatus.SUCCESS,
        "source": Source(file, "header.json"),
        "checkpoint": checkpoint_name,
    }
    return Evaluation(**{**defaults, **fields})


def curve(name: str, values: list[float], first: int = 1, every: int = 1) -> Series:
    """Return a logged curve."""
    points = Points.of(Point(first + every * n, value) for n, value in enumerate(values))
    return Series(name, points, Source("run/slurm-7.out"))


def experiment(name: str = "run", **fields: Any) -> Experiment:
    """Return a run whose job completed and whose training reached its end.

    `parameters` and `metrics` are plain values; `layout` holds fields of the layout.
    """
    layout = ExperimentLayout(**{"name": name, "path": name, "roots": (name,), **fields.pop("layout", {})})
    parameters = facts(fields.pop("parameters", {}), f"{name}/config.yaml")
    metrics = facts(fields.pop("metrics", {}), f"{name}/slurm-7.out")
    defaults: dict[str, Any] = {
        "layout": layout,
        "state": State.COMPLETED,
        "completion": Completion(True),
        "attempts": (attempt(),),
        "logs": (LogFile(f"{name}/slurm-7.out", JobId("7")),),
        "parameters": parameters,
        "metrics": metrics,
    }
    return Experiment(**{**defaults, **fields})


def trained(name: str, loss: float, **parameters: Scalar) -> Experiment:
    """Return a finished run with a validation loss at step 50, and these parameters."""
    metrics: dict[str, Scalar] = {"final_val_loss": loss, "final_loss": loss / 2, "global_step": 50}
    return experiment(name, parameters=parameters, metrics=metrics)


def unsubmitted(name: str, **parameters: Scalar) -> Experiment:
    """Return an experiment that holds a batch script and no trace of a job."""
    return experiment(
        name,
        parameters=parameters,
        state=State.NOT_SUBMITTED,
        completion=Completion(None),
        attempts=(),
        logs=(),
        layout={"scripts": (f"{name}/train.sbatch",)},
    )


def failed(
    name: str, state: State = State.FAILED, slurm: SlurmState = SlurmState.FAILED, **fields: Any
) -> Experiment:
    """Return an experiment whose job ended badly and whose training did not reach its end."""
    job = attempt(state=slurm, exit_code=1, signal=0, submit_line="sbatch train.sbatch")
    defaults: dict[str, Any] = {
        "state": state,
        "completion": Completion(False),
        "attempts": (job,),
        "layout": {"scripts": (f"{name}/train.sbatch",)},
    }
    return experiment(name, **{**defaults, **fields})


def material(*experiments: Experiment, **fields: Any) -> Material:
    """Return a set of these experiments, with accounting having answered."""
    layout = SetLayout(
        path=SET, name="sweep", owner_uid=1001, experiments=tuple(e.layout for e in experiments)
    )
    matched = MatchedSet(
        experiments=tuple(
            MatchedExperiment(layout=e.layout, attempts=e.attempts, logs=e.logs) for e in experiments
        )
    )
    attempts = tuple(a for e in experiments for a in e.attempts)
    defaults: dict[str, Any] = {
        "layout": layout,
        "experiments": experiments,
        "matched": matched,
        "observation": Observation(attempts=attempts, asked=SACCT),
        "settings": SetSettings(),
    }
    return Material(**{**defaults, **fields})
