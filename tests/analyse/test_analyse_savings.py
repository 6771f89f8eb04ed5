"""What a finished run can do without is told, and never the only good checkpoint or the best one."""

from typing import Any

from msgspec.structs import replace

from afterall.analyse.savings import find_savings
from afterall.model import (
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
    Source,
    State,
    StoredFile,
    Tier,
    Verdict,
)

ROLE = FileRole.FULL_WEIGHTS


def entry(path: str, inode: int, size: int = 100, kind: EntryKind = EntryKind.FILE) -> Entry:
    """Return an entry of a walk."""
    return Entry(path, kind, size, size, 0, 0o100644, inode, 1, 1)


def checkpoint(step: int, verdict: Verdict = Verdict.OK) -> Checkpoint:
    """Return a checkpoint of one file."""
    path = f"run/checkpoint-{step}"
    file = CheckpointFile(path=f"{path}/model.safetensors", role=ROLE, size_bytes=100, verdict=verdict)
    return Checkpoint(
        name=f"checkpoint-{step}",
        path=path,
        layout="huggingface",
        kind=CheckpointKind.FULL,
        verdict=verdict,
        tier=Tier.QUICK,
        step=step,
        size_bytes=100,
        files=(file,),
    )


def run(
    *checkpoints: Checkpoint, trained: bool = True, best: int | None = None, inodes: Any = None
) -> Experiment:
    """Return a run with these checkpoints, each of one file of 100 bytes."""
    numbers = inodes or range(1, len(checkpoints) + 1)
    pairs = list(zip(checkpoints, numbers, strict=True))
    files = [entry(f"{c.path}/model.safetensors", inode) for c, inode in pairs]
    directories = [entry(c.path, 1000 + inode, 4096, EntryKind.DIRECTORY) for c, inode in pairs]
    metrics = {} if best is None else {"best_val_step": Fact(best, Source("x"))}
    return Experiment(
        layout=ExperimentLayout(name="run", path="run", entries=(*directories, *files)),
        state=State.COMPLETED,
        completion=Completion(trained),
        checkpoints=checkpoints,
        files=tuple(StoredFile(each, ROLE) for each in files),
        metrics=metrics,
    )


def test_all_but_the_last_and_the_best_can_go() -> None:
    """Of four checkpoints two are spare, and their bytes are told."""
    savings = find_savings([run(*map(checkpoint, (10, 20, 30, 40)), best=20)])
    assert (savings.paths, savings.size_bytes) == (("run/checkpoint-10", "run/checkpoint-30"), 200)


def test_an_unfinished_run_keeps_all() -> None:
    """It may have to be resumed."""
    assert find_savings([run(checkpoint(10), checkpoint(20), trained=False)]).paths == ()


def test_a_run_whose_last_checkpoint_is_bad_keeps_all() -> None:
    """The one before it may be all there is."""
    assert find_savings([run(checkpoint(10), checkpoint(20, Verdict.CORRUPT))]).paths == ()


def test_a_single_checkpoint_is_kept() -> None:
    """It is the result."""
    assert find_savings([run(checkpoint(10))]).paths == ()


def test_what_a_kept_one_shares_frees_nothing() -> None:
    """A hard link to the last checkpoint's file holds no bytes of its own."""
    savings = find_savings([run(checkpoint(10), checkpoint(20), inodes=(7, 7))])
    assert savings.size_bytes == 0


def test_the_checkpoint_that_scored_best_is_kept() -> None:
    """An evaluation that an earlier checkpoint did better in is reason enough."""
    scored = [
        Evaluation(
            task="cap",
            status=EvaluationStatus.SUCCESS,
            source=Source(f"{step}.eval"),
            checkpoint=f"checkpoint-{step}",
            metrics={"match/accuracy": score},
        )
        for step, score in ((10, 0.9), (20, 0.5), (30, 0.6))
    ]
    evaluated = replace(run(*map(checkpoint, (10, 20, 30))), evaluations=tuple(scored))
    assert find_savings([evaluated]).paths == ("run/checkpoint-20",)
