"""What a finished run can do without is told, and never the only good checkpoint or the best one."""

from typing import Any

import pytest
from msgspec.structs import replace

from afterall.analyse.savings import find_savings
from afterall.model import (
    Checkpoint,
    CheckpointFile,
    CheckpointKind,
    Completion,
    Direction,
    Entry,
    EntryKind,
    Evaluation,
    EvaluationStatus,
    Experiment,
    ExperimentLayout,
    Fact,
    FileRole,
    NextStep,
    NextStepKind,
    Source,
    State,
    StoredFile,
    Tier,
    Verdict,
)

ROLE = FileRole.FULL_WEIGHTS


def entry(path: str, inode: int, size: int = 100, kind: EntryKind = EntryKind.FILE, links: int = 1) -> Entry:
    """Return an entry of a walk."""
    return Entry(path, kind, size, size, 0, 0o100644, inode, 1, links)


def spare(*experiments: Experiment, **wanted: Direction) -> tuple[str, ...]:
    """Return the checkpoints that could go."""
    return find_savings(experiments, wanted).paths


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
    savings = find_savings([run(*map(checkpoint, (10, 20, 30, 40)), best=20)], {})
    assert (savings.paths, savings.size_bytes) == (("run/checkpoint-10", "run/checkpoint-30"), 200)


def test_a_checkpoint_that_a_next_step_is_about_stays() -> None:
    """Nobody is told to delete what the same report asks to evaluate; another run's of that name may go."""
    one = run(*map(checkpoint, (10, 20, 30)))
    for about, left in (
        ("run", ("run/checkpoint-20",)),
        ("other", ("run/checkpoint-10", "run/checkpoint-20")),
    ):
        for named in ("checkpoint-10", "run/checkpoint-10"):
            asked = NextStep(kind=NextStepKind.EVALUATE, experiments=(about,), details={"checkpoint": named})
            assert find_savings([one], {}, [asked]).paths == left


def test_a_final_model_above_its_checkpoints_keeps_none_of_them() -> None:
    """As the Hugging Face trainer's lies: in the run's own directory, the checkpoints below it."""
    final = replace(checkpoint(30), name="final", path="run", is_final=True)
    savings = find_savings([run(checkpoint(10), checkpoint(20), final, best=20)], {})
    assert (savings.paths, savings.size_bytes) == (("run/checkpoint-10",), 100)


def test_an_unfinished_run_keeps_all() -> None:
    """It may have to be resumed."""
    assert spare(run(checkpoint(10), checkpoint(20), trained=False)) == ()


def test_a_run_whose_last_checkpoint_is_bad_keeps_all() -> None:
    """The one before it may be all there is."""
    assert spare(run(checkpoint(10), checkpoint(20, Verdict.CORRUPT))) == ()


def test_what_may_be_no_checkpoint_is_kept() -> None:
    """A directory without weights is not suggested for deletion, whatever its name."""
    odd = replace(checkpoint(10), kind=CheckpointKind.UNKNOWN)
    assert spare(run(odd, checkpoint(20), checkpoint(30))) == ("run/checkpoint-20",)


def test_a_single_checkpoint_is_kept() -> None:
    """It is the result."""
    assert spare(run(checkpoint(10))) == ()


def test_what_a_kept_one_shares_frees_nothing() -> None:
    """A hard link to the last checkpoint's file holds no bytes of its own."""
    savings = find_savings([run(checkpoint(10), checkpoint(20), inodes=(7, 7))], {})
    assert savings.size_bytes == 0


def test_links_that_stay_elsewhere_free_nothing() -> None:
    """A file that is linked from outside the set stays on disk; two spare links to one file count once."""
    one = run(*map(checkpoint, (10, 20, 30)), inodes=(7, 7, 8))
    for links, freed in ((2, 100), (3, 0)):
        files = [
            replace(f, entry=replace(f.entry, links=links)) if f.entry.inode == 7 else f for f in one.files
        ]
        assert find_savings([replace(one, files=tuple(files))], {}).size_bytes == freed


def test_a_run_with_a_living_job_keeps_all() -> None:
    """It may still write, or read what it saved."""
    assert spare(replace(run(checkpoint(10), checkpoint(20)), state=State.RUNNING)) == ()


@pytest.mark.parametrize("path", ["elsewhere/checkpoint-10", "run/single.safetensors", "run"])
def test_only_a_directory_within_the_run_can_go(path: str) -> None:
    """What lies elsewhere may be another run's; a single file, and the run's own directory, are no save's."""
    one = run(checkpoint(10), checkpoint(20))
    moved = replace(one.checkpoints[0], path=path)
    kind = EntryKind.FILE if path.endswith(".safetensors") else EntryKind.DIRECTORY
    entries = (entry(path, 500, kind=kind), *one.layout.entries)
    layout = replace(one.layout, entries=entries)
    assert spare(replace(one, layout=layout, checkpoints=(moved, one.checkpoints[1]))) == ()


def test_a_directory_that_holds_another_checkpoint_stays() -> None:
    """Deleting it would take the other one with it."""
    one = run(checkpoint(10), checkpoint(20))
    inner = replace(one.checkpoints[1], path="run/checkpoint-10/final")
    assert spare(replace(one, checkpoints=(one.checkpoints[0], inner))) == ()


def evaluated(
    name: str, scores: dict[int, float], status: EvaluationStatus = EvaluationStatus.SUCCESS
) -> tuple[Evaluation, ...]:
    """Return evaluations with this score, by the step of the checkpoint that was evaluated."""
    return tuple(
        Evaluation(
            task="cap",
            status=status,
            source=Source(f"{step}.eval"),
            checkpoint=f"checkpoint-{step}",
            metrics={name: score},
        )
        for step, score in scores.items()
    )


def test_the_checkpoint_that_scored_best_is_kept() -> None:
    """An evaluation that an earlier checkpoint did better in is reason enough."""
    scored = evaluated("match/accuracy", {10: 0.9, 20: 0.5, 30: 0.6})
    assert spare(replace(run(*map(checkpoint, (10, 20, 30))), evaluations=scored)) == ("run/checkpoint-20",)


def test_an_evaluation_that_failed_keeps_none() -> None:
    """What it scored before it failed hides no better score of another checkpoint."""
    scored = evaluated("match/accuracy", {20: 0.9, 30: 0.6})
    failed = evaluated("match/accuracy", {10: 1.0}, EvaluationStatus.ERROR)
    told = replace(run(*map(checkpoint, (10, 20, 30))), evaluations=(*scored, *failed))
    assert spare(told) == ("run/checkpoint-10",)


def test_a_score_whose_direction_a_person_gives_keeps_its_best() -> None:
    """No name tells which way it is better; the settings do."""
    scored = evaluated("judge/vibe", {10: 0.1, 20: 0.5, 30: 0.6})
    told = replace(run(*map(checkpoint, (10, 20, 30))), evaluations=scored)
    assert spare(told) == ("run/checkpoint-10", "run/checkpoint-20")
    assert spare(told, **{"cap/judge/vibe": Direction.DOWN}) == ("run/checkpoint-20",)
