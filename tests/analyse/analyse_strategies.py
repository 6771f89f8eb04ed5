"""Draw experiments and sets in which anything may be missing, odd or not a number."""

from datetime import UTC, datetime
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

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
    Evidence,
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

Drawn = TypeVar("Drawn")

EARLIEST = datetime(1970, 1, 1)  # noqa: DTZ001 - Hypothesis adds the zone
LATEST = datetime(2100, 1, 1)  # noqa: DTZ001

numbers = st.one_of(
    st.integers(-3, 3),
    st.integers(),
    st.floats(),
    st.sampled_from([1e308, -1e308, 5e-324, 10**400, 0.0, -0.0]),
)
texts = st.one_of(
    st.sampled_from(["", "a", "3e-3", "/x/y", "run1", "***", "a'b\nc", "ü\x1b"]), st.text(max_size=6)
)
scalars = st.one_of(st.none(), st.booleans(), numbers, texts)
few = st.integers(0, 9)
counts = st.one_of(st.none(), st.integers(0, 2**53), st.sampled_from([1, 600, 10**400]))
names = st.sampled_from(["run1", "run2", "run10", "rank4", "a'b\nc", "-x", "g/run1", "ü\x1b"])
times = st.one_of(st.none(), st.datetimes(EARLIEST, LATEST, timezones=st.just(UTC)))
places = st.builds(Source, texts, st.one_of(texts, few.map(lambda n: f"line {n}")))
paths = st.one_of(
    names, st.builds("{}/{}".format, names, st.sampled_from(["a", "epoch_0", "train.sbatch", "eval.py"]))
)

parameter_names = st.sampled_from(
    [
        "model",
        "lora_rank",
        "lora_alpha",
        "learning_rate",
        "epochs",
        "seed",
        "trainer.seed",
        "dataset",
        "model.layers",
        "odd",
        "other.key",
        "run_name",
        "output_dir",
    ]
)
metric_names = st.sampled_from(
    [
        "final_loss",
        "mean_last_loss",
        "final_val_loss",
        "best_val_loss",
        "best_val_step",
        "global_step",
        "planned_steps",
        "epochs",
        "planned_epochs",
        "train_seconds",
        "tokens_per_second_per_gpu",
        "tokens_per_second_per_gpu_median",
        "samples_per_second",
    ]
)


def facts(keys: SearchStrategy[str], values: SearchStrategy[Scalar]) -> SearchStrategy[dict[str, Fact]]:
    """Draw facts by name."""
    return st.dictionaries(keys, st.builds(Fact, values, places), max_size=6)


def sized(strategy: SearchStrategy[Drawn], most: int = 2) -> SearchStrategy[tuple[Drawn, ...]]:
    """Draw a short tuple."""
    return st.lists(strategy, max_size=most).map(tuple)


entries = st.builds(
    Entry,
    path=paths,
    kind=st.sampled_from(EntryKind),
    size_bytes=few,
    allocated_bytes=few,
    mtime_ns=st.integers(-(2**70), 2**70),
    mode=few,
    inode=few,
    device=few,
    links=few,
)
findings = st.builds(
    Finding,
    code=st.sampled_from(FindingCode),
    experiment=st.one_of(st.none(), names),
    subject=texts,
    evidence=st.dictionaries(texts, scalars, max_size=2),
    quote=texts,
    sources=sized(places),
)
attempts = st.builds(
    Attempt,
    job_id=few.map(lambda n: JobId(str(n))),
    source=st.sampled_from(SlurmSource),
    display_id=st.one_of(st.just(""), st.sampled_from(["7_2", "8+1", "9", "5_[0-3]"])),
    slurm_state=st.one_of(st.none(), st.sampled_from(SlurmState)),
    state_text=texts,
    exit_code=counts,
    signal=counts,
    submit=times,
    eligible=times,
    start=times,
    end=times,
    elapsed_s=counts,
    time_limit_s=st.one_of(counts, st.integers(-9, 0)),
    nodes=counts,
    cpus=counts,
    gpus=counts,
    requested_memory_bytes=counts,
    max_rss_bytes=counts,
    reason=st.one_of(
        texts, st.sampled_from(["JobHeldUser", "JobHeldAdmin", "DependencyNeverSatisfied", "None"])
    ),
    work_dir=st.one_of(texts, st.sampled_from(["/set", "/set/run1", "/old/set", "/old/run1", "/"])),
    submit_line=st.one_of(
        texts, st.sampled_from(["sbatch train.sbatch", "sbatch -p x --mem 3 train.sbatch a"])
    ),
    out_of_memory_evidence=texts,
    is_forgotten=st.booleans(),
)
logs = st.builds(
    LogFile,
    paths,
    st.one_of(st.none(), few.map(lambda n: JobId(str(n)))),
    st.one_of(st.none(), few.map(str)),
    st.booleans(),
    st.booleans(),
)
checkpoint_files = st.builds(CheckpointFile, paths, st.sampled_from(FileRole), few, st.sampled_from(Verdict))
checkpoints = st.builds(
    Checkpoint,
    name=st.sampled_from(["epoch_0", "epoch_1", "checkpoint-5"]),
    path=paths,
    layout=texts,
    kind=st.sampled_from(CheckpointKind),
    verdict=st.sampled_from(Verdict),
    tier=st.one_of(st.none(), st.sampled_from(Tier)),
    size_bytes=few,
    files=sized(checkpoint_files, 3),
    epoch=st.one_of(st.none(), few),
    step=st.one_of(st.none(), few),
    is_final=st.booleans(),
    findings=sized(findings, 1),
)
evaluations = st.builds(
    Evaluation,
    task=st.sampled_from(["", "cap", "other"]),
    status=st.sampled_from(EvaluationStatus),
    source=places,
    checkpoint=st.one_of(st.none(), st.sampled_from(["epoch_0", "epoch_1", "elsewhere"])),
    metrics=st.dictionaries(
        st.sampled_from(["match/accuracy", "nll", "judge/mean", ""]), st.floats(), max_size=3
    ),
    samples=counts,
    created=times,
    error=texts,
)
points = st.lists(st.builds(Point, few, st.floats(), st.one_of(st.none(), st.floats())), max_size=4).map(
    Points.of
)
series = st.dictionaries(
    st.sampled_from(["loss", "val_loss"]), st.builds(Series, texts, points, places), max_size=2
)


@st.composite
def experiments(draw: st.DrawFn, name: str) -> Experiment:
    """Draw an experiment of this name."""
    layout = ExperimentLayout(
        name=name,
        path=draw(st.sampled_from([name, "", f"runs/{name}"])),
        entries=draw(sized(entries)),
        scripts=draw(sized(paths)),
        eval_scripts=draw(sized(paths)),
        job_ids=draw(sized(few.map(lambda n: JobId(str(n))))),
    )
    completion = st.builds(
        Completion,
        st.sampled_from([True, False, None]),
        sized(st.builds(Evidence, texts, st.booleans(), places)),
    )
    return Experiment(
        layout=layout,
        state=draw(st.sampled_from(State)),
        attempts=draw(sized(attempts)),
        logs=draw(sized(logs)),
        trainer=draw(st.one_of(st.none(), texts)),
        completion=draw(completion),
        parameters=draw(facts(parameter_names, scalars)),
        metrics=draw(facts(metric_names, scalars)),
        series=draw(series),
        checkpoints=draw(sized(checkpoints)),
        evaluations=draw(sized(evaluations)),
        files=draw(sized(st.builds(StoredFile, entries, st.sampled_from(FileRole)))),
        findings=draw(sized(findings)),
    )


settings = st.builds(
    SetSettings,
    parameters=sized(parameter_names),
    ignore_parameters=sized(parameter_names, 1),
    metrics=st.dictionaries(metric_names, st.sampled_from(["min", "max"]), max_size=2),
    title=st.one_of(st.none(), texts),
)


@st.composite
def materials(draw: st.DrawFn) -> Material:
    """Draw a set of up to five experiments with different names."""
    drawn = [draw(experiments(name)) for name in draw(st.lists(names, max_size=5, unique=True))]
    matched = [
        MatchedExperiment(
            layout=e.layout, attempts=e.attempts, logs=e.logs, rejected=draw(sized(attempts, 1))
        )
        for e in drawn
    ]
    layout = SetLayout(
        path="/set",
        name="set",
        owner_uid=1,
        experiments=tuple(e.layout for e in drawn),
        entries=draw(sized(entries)),
        unreadable=draw(sized(paths)),
        truncated=draw(st.booleans()),
    )
    asked = sized(st.builds(SourceReport, st.sampled_from(SlurmSource), st.booleans(), texts))
    return Material(
        layout=layout,
        experiments=tuple(drawn),
        matched=MatchedSet(experiments=tuple(matched)),
        observation=Observation(attempts=draw(sized(attempts)), asked=draw(asked)),
        settings=draw(settings),
        readme=draw(st.one_of(st.none(), st.text(max_size=50))),
    )
