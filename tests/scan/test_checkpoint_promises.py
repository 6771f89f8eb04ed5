"""Tell checkpoints that are missing from those pruned on purpose, not yet due, or never promised."""

import json
from pathlib import Path

import pytest

from afterall.model import Checkpoint, ExperimentLayout, Finding, FindingCode, Severity, Tier, Verdict
from afterall.scan.checkpoints import Examination, scan_checkpoints
from afterall.scan.checkpoints.walking import walk
from afterall.scan.promises import Promises
from scan.checkpoint_making import (
    codes,
    model_arrays,
    safetensors_bytes,
    write,
    write_adapter,
    write_companions,
    write_epoch,
    write_hf_checkpoint,
)


def scan(
    root: Path, promises: Promises, depth: Tier = Tier.QUICK
) -> tuple[tuple[Checkpoint, ...], tuple[Finding, ...]]:
    """Scan the experiment `run` of the set `root`."""
    layout = ExperimentLayout(name="one", path="run", roots=("run",), entries=walk(root, "run").entries)
    return scan_checkpoints(Examination(root, depth), layout, promises)


def verdicts(root: Path, promises: Promises) -> dict[str, Verdict]:
    """Return the verdicts by checkpoint, held against what the run promised."""
    return {each.name: each.verdict for each in scan(root, promises)[0]}


DONE = Promises(epochs=3, epochs_done=3, training_completed=True, trainer="torchtune", save_every_epoch=True)


@pytest.fixture
def three(tmp_path: Path) -> Path:
    """Return a set whose one run saved three epochs, each with weights of its own."""
    for epoch in range(3):
        write_epoch(tmp_path / "run" / f"epoch_{epoch}", seed=100 * epoch)
    return tmp_path


def drop(root: Path, name: str) -> None:
    """Delete a checkpoint of the run."""
    for file in (root / "run" / name).iterdir():
        file.unlink()
    (root / "run" / name).rmdir()


def test_all_promised_epochs_are_there(three: Path) -> None:
    """Three of three epochs: nothing is missing, the last is the final one."""
    checkpoints, findings = scan(three, DONE)
    assert [(c.name, c.verdict, c.is_final) for c in checkpoints] == [
        ("epoch_0", Verdict.OK, False),
        ("epoch_1", Verdict.OK, False),
        ("epoch_2", Verdict.OK, True),
    ]
    assert findings == ()


def test_a_promised_epoch_that_is_not_there_is_missing(three: Path) -> None:
    """It stands in its place in the order, with no files, and a finding of the run names it."""
    drop(three, "epoch_1")
    checkpoints, findings = scan(three, DONE)
    assert [(c.name, c.verdict, len(c.files)) for c in checkpoints][1] == ("epoch_1", Verdict.MISSING, 0)
    assert [(f.code, f.subject, f.experiment) for f in findings] == [
        (FindingCode.CHECKPOINT_MISSING, "run/epoch_1", "one")
    ]


def test_the_missing_last_epoch_is_the_final_one(three: Path) -> None:
    """What was promised last is final even where it is not there."""
    drop(three, "epoch_2")
    assert [c.name for c in scan(three, DONE)[0] if c.is_final] == ["epoch_2"]


@pytest.mark.parametrize(
    ("promises", "missing"),
    [
        (Promises(epochs=5, epochs_done=3, training_completed=False, trainer="torchtune"), []),
        (Promises(epochs=5, epochs_done=4, training_completed=False, trainer="torchtune"), ["epoch_3"]),
        (Promises(epochs=5, trainer="torchtune"), []),
        (
            Promises(epochs=4, epochs_done=4, training_completed=None, has_ended=False, trainer="torchtune"),
            [],
        ),
        (Promises(epochs=5, epochs_done=5, training_completed=True, save_every_epoch=False), ["epoch_4"]),
        (Promises(epochs=5, training_completed=True), ["epoch_3", "epoch_4"]),
        (Promises(saved=("/old/place/run/epoch_3/model-00001-of-00002.safetensors",)), ["epoch_3"]),
    ],
    ids=[
        "not reached",
        "reached, not saved",
        "unknown",
        "being saved",
        "last only",
        "two short",
        "the log says so",
    ],
)
def test_only_work_that_was_done_is_missed(three: Path, promises: Promises, missing: list[str]) -> None:
    """Three epochs are there; what else is missed depends on how far the run came and what it was to save."""
    assert [
        name for name, verdict in verdicts(three, promises).items() if verdict is Verdict.MISSING
    ] == missing


def test_pruned_epochs_are_told_and_not_missed(three: Path) -> None:
    """With keep_last_n_checkpoints the older ones are gone on purpose."""
    promises = Promises(epochs=5, epochs_done=5, training_completed=True, keep_last=3, trainer="torchtune")
    for epoch in (3, 4):
        write_epoch(three / "run" / f"epoch_{epoch}", seed=100 * epoch)
    drop(three, "epoch_0")
    drop(three, "epoch_1")
    checkpoints, findings = scan(three, promises)
    assert all(each.verdict is Verdict.OK for each in checkpoints)
    assert [(f.code, f.evidence["pruned"]) for f in findings] == [(FindingCode.CHECKPOINT_PRUNED, 2)]


def test_the_hf_trainers_older_checkpoints_are_pruned(tmp_path: Path) -> None:
    """save_total_limit and load_best_model_at_end delete older ones: a newer one explains their absence."""
    write_hf_checkpoint(tmp_path / "run" / "checkpoint-100", 100)
    saved = tuple(f"out/checkpoint-{step}" for step in (50, 100))
    checkpoints, findings = scan(tmp_path, Promises(saved=saved, trainer="huggingface"))
    assert [c.name for c in checkpoints] == ["checkpoint-100"]
    assert codes(findings) == {FindingCode.CHECKPOINT_PRUNED}


def test_the_hf_trainers_last_checkpoint_is_missed(tmp_path: Path) -> None:
    """The newest one that the log says was saved cannot have been pruned."""
    write_hf_checkpoint(tmp_path / "run" / "checkpoint-50")
    saved = tuple(f"out/checkpoint-{step}" for step in (50, 100))
    assert verdicts(tmp_path, Promises(saved=saved))["checkpoint-100"] is Verdict.MISSING


def test_a_state_that_was_trained_and_not_saved_is_told(tmp_path: Path) -> None:
    """Checkpoints up to step 50 of a run that ended at step 80, without a final model."""
    write_hf_checkpoint(tmp_path / "run" / "checkpoint-50")
    _, findings = scan(
        tmp_path, Promises(steps=80, steps_done=80, training_completed=True, trainer="huggingface")
    )
    assert [(f.code, dict(f.evidence)) for f in findings] == [
        (FindingCode.FINAL_STATE_NOT_SAVED, {"last_saved_step": 50, "final_step": 80})
    ]


def test_a_run_that_stopped_early_owes_nothing_beyond_its_end(tmp_path: Path) -> None:
    """Its last step is the one that it came to, not the one that was planned."""
    write_hf_checkpoint(tmp_path / "run" / "checkpoint-50")
    stopped = Promises(steps=100, steps_done=50, training_completed=True, trainer="huggingface")
    assert FindingCode.FINAL_STATE_NOT_SAVED not in codes(scan(tmp_path, stopped)[1])
    later = Promises(steps=100, steps_done=70, training_completed=True, trainer="huggingface")
    (lost,) = [f for f in scan(tmp_path, later)[1] if f.code is FindingCode.FINAL_STATE_NOT_SAVED]
    assert lost.evidence == {"last_saved_step": 50, "final_step": 70}


@pytest.mark.parametrize(
    ("promises", "severity"),
    [
        (Promises(steps_done=80, training_completed=True), Severity.ERROR),
        (Promises(steps_done=3, training_completed=False), Severity.WARNING),
        (Promises(steps_done=3, has_ended=False), None),
        (Promises(epochs=3, training_completed=False), None),
        (Promises(steps_done=80, training_completed=True, saves_nothing=True), None),
    ],
    ids=["completed", "died early", "still running", "never ran", "told to save nothing"],
)
def test_a_run_without_any_checkpoint(tmp_path: Path, promises: Promises, severity: Severity | None) -> None:
    """An error after training, a warning after some of it, nothing while it runs or where it never did."""
    (tmp_path / "run").mkdir()
    checkpoints, findings = scan(tmp_path, promises)
    assert checkpoints == ()
    assert [f.gravity for f in findings] == ([] if severity is None else [severity])


def test_all_epochs_of_a_trained_run_are_missing_where_none_is_left(tmp_path: Path) -> None:
    """Torchtune's names are known even where there is nothing to learn them from."""
    (tmp_path / "run").mkdir()
    assert verdicts(tmp_path, DONE) == dict.fromkeys(["epoch_0", "epoch_1", "epoch_2"], Verdict.MISSING)


def test_a_file_that_the_log_says_was_saved_is_missed(three: Path) -> None:
    """The log names each file; one that is gone is told even where no rule knows it."""
    saved = (
        "/x/run/epoch_1/adapter_model.pt",
        "/x/run/epoch_1/extra_head.pt",
        "/x/run/recipe_state/recipe_state.pt",
    )
    _, findings = scan(three, Promises(saved=saved))
    assert [(f.code, f.subject) for f in findings] == [
        (FindingCode.CHECKPOINT_FILE_MISSING, "run/epoch_1/extra_head.pt")
    ]


def test_adapters_alone_are_whole_where_that_was_asked_for(tmp_path: Path) -> None:
    """save_adapter_weights_only: no full weights are due; without it they are missed."""
    write_adapter(tmp_path / "run" / "epoch_0")
    write_companions(tmp_path / "run" / "epoch_0")
    assert verdicts(tmp_path, Promises(save_adapter_only=True)) == {"epoch_0": Verdict.OK}
    assert verdicts(tmp_path, Promises(save_adapter_only=False)) == {"epoch_0": Verdict.INCOMPLETE}


def test_what_all_siblings_have_is_missed_in_the_one_that_lacks_it(three: Path) -> None:
    """No rule demands the tokenizer's configuration, but two of three epochs have it."""
    (three / "run" / "epoch_1" / "tokenizer_config.json").unlink()
    checkpoints, _ = scan(three, DONE)
    assert [codes(c.findings) for c in checkpoints] == [set(), {FindingCode.CHECKPOINT_FILE_MISSING}, set()]
    assert checkpoints[1].verdict is Verdict.OK


def test_states_of_other_kinds_are_no_siblings(tmp_path: Path) -> None:
    """A merged model holds no adapter, and is nothing that lacks one beside the best and the last state."""
    for seed, name in enumerate(("best", "final")):
        write_adapter(tmp_path / "run" / name, seed)
    write(tmp_path / "run" / "merged" / "model.safetensors", safetensors_bytes(model_arrays()))
    write(tmp_path / "run" / "merged" / "config.json", "{}")
    checkpoints, findings = scan(tmp_path, Promises())
    assert {each.name: codes(each.findings) for each in checkpoints} == {
        "best": set(), "final": set(), "merged": set(),
    }  # fmt: skip
    assert findings == ()


def test_weights_newer_than_the_jobs_end_are_told(three: Path) -> None:
    """Something wrote to an epoch an hour after its job had ended, and to the others not."""
    import os

    base = 1_700_000_000
    for file in (three / "run").rglob("*"):
        os.utime(file, (base, base))
    late = three / "run" / "epoch_2" / "adapter_model.safetensors"
    os.utime(late, (base + 3600, base + 3600))
    checkpoints, _ = scan(three, Promises(ended_ns=base * 10**9))
    assert [codes(c.findings) for c in checkpoints] == [set(), set(), {FindingCode.FILE_NEWER_THAN_JOB}]


def test_a_set_that_was_copied_is_not_newer_than_its_jobs(three: Path) -> None:
    """When every file bears the time of a copy, none says anything about the job."""
    checkpoints, _ = scan(three, Promises(ended_ns=1))
    assert all(each.findings == () for each in checkpoints)


def test_identical_epochs_are_found_by_their_bytes(tmp_path: Path) -> None:
    """Two epochs with the same weights: training did not move; only the values tier reads enough to tell."""
    for epoch in range(2):
        write_epoch(tmp_path / "run" / f"epoch_{epoch}", seed=0)
    assert codes(scan(tmp_path, Promises(), Tier.VALUES)[1]) == {FindingCode.CHECKPOINTS_IDENTICAL}
    assert codes(scan(tmp_path, Promises(), Tier.QUICK)[1]) == set()


def test_hard_links_are_no_second_copy(three: Path) -> None:
    """An epoch whose weights are hard links to an earlier one's is told as such."""
    for name in ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"):
        (three / "run" / "epoch_1" / name).unlink()
        (three / "run" / "epoch_1" / name).hardlink_to(three / "run" / "epoch_0" / name)
    (finding,) = scan(three, DONE)[1]
    assert (finding.code, finding.evidence["with_checkpoint"]) == (
        FindingCode.CHECKPOINTS_LINKED,
        "run/epoch_0",
    )


@pytest.mark.parametrize(("file", "name"), [("model.pt", "final"), ("model-best.pt", "model-best.pt")])
def test_a_model_in_the_runs_own_directory_is_not_called_like_the_run(
    tmp_path: Path, file: str, name: str
) -> None:
    """The directory's name is the run's, so that each run would have a checkpoint of its own name."""
    write(tmp_path / "run" / file, b"PK")
    write(tmp_path / "run" / "sub" / "model.pt", b"PK")
    checkpoints, _ = scan(tmp_path, Promises())
    assert [(each.name, each.path) for each in checkpoints] == [(name, "run"), ("sub", "run/sub")]


def test_the_final_models_step_is_read_from_its_trainer_state(tmp_path: Path) -> None:
    """The root of an HF run has no step in its name; trainer_state.json knows it."""
    write_hf_checkpoint(tmp_path / "run" / "checkpoint-50")
    write_hf_checkpoint(tmp_path / "run", 80)
    write(tmp_path / "run" / "trainer_state.json", json.dumps({"global_step": 80}))
    assert [(c.name, c.step, c.is_final) for c in scan(tmp_path, Promises())[0]] == [
        ("checkpoint-50", 50, False),
        ("final", 80, True),
    ]
