"""Hold the files that name the newest checkpoint against what is there: DeepSpeed's, Megatron's, verl's."""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.model import FindingCode, Severity, Verdict
from afterall.scan.checkpoints.examining import Examination, examine
from afterall.scan.checkpoints.formats.resume_tag import parse_tag
from afterall.scan.checkpoints.layouts import find_places
from afterall.scan.checkpoints.promised import Account
from afterall.scan.checkpoints.resume_points import resume_points
from afterall.scan.checkpoints.walking import walk
from scan.checkpoint_making import numbers, only, told, torch_bytes, write

BROKEN = FindingCode.RESUME_POINT_BROKEN
UNFINISHED = FindingCode.CHECKPOINT_UNFINISHED


def deepspeed(run: Path, *steps: int, latest: str | None = None) -> Path:
    """Write DeepSpeed checkpoints of these steps, and the file that names the newest."""
    for step in steps:
        state = torch_bytes({"w": numbers(4, seed=step)}, extra={"dp_world_size": 1, "mp_world_size": 1})
        write(run / f"global_step{step}" / "mp_rank_00_model_states.pt", state)
    write(run / "latest", latest if latest is not None else f"global_step{max(steps)}")
    return run


def held(run: Path, has_ended: bool = True) -> Account:
    """Hold the trackers of a run against its checkpoints, all paths relative to its parent."""
    entries = {entry.path: entry for entry in walk(run.parent, run.name).entries}
    checkpoints = tuple(examine(find_places(entries.values()), Examination(run.parent)))
    return resume_points(run.parent, checkpoints, entries, has_ended)


def found(account: Account) -> list[tuple[FindingCode, str, Severity]]:
    """Return what the findings are and what they are about."""
    return [(each.code, each.subject, each.gravity) for each in account.findings]


def test_the_newest_checkpoint_is_there_and_whole(tmp_path: Path) -> None:
    """Nothing to tell."""
    assert held(deepspeed(tmp_path / "run", 5, 10)) == Account()


def test_the_newest_checkpoint_is_gone(tmp_path: Path) -> None:
    """It was saved, since the file is written last, and counts as missing; the last whole one is named."""
    account = held(deepspeed(tmp_path / "run", 5, 10, latest="global_step15\n"))
    assert found(account) == [(BROKEN, "run/global_step15", Severity.ERROR)]
    assert account.findings[0].evidence == {"marker": "latest", "whole": "global_step10"}
    (missing,) = account.missing
    assert (missing.path, missing.layout, missing.step, missing.verdict) == (
        "run/global_step15",
        "deepspeed",
        15,
        Verdict.MISSING,
    )


def test_the_newest_checkpoint_is_damaged(tmp_path: Path) -> None:
    """The damage is told by itself; that training resumes from it is a warning of its own."""
    run = deepspeed(tmp_path / "run", 5, 10)
    (run / "global_step10" / "mp_rank_00_model_states.pt").write_bytes(b"")
    account = held(run)
    assert found(account) == [(BROKEN, "run/global_step10", Severity.WARNING)]
    assert account.findings[0].evidence["verdict"] == "corrupt"
    assert account.missing == ()


def test_a_checkpoint_newer_than_the_newest_was_not_finished(tmp_path: Path) -> None:
    """The file is written last; while the job runs the save may still go on."""
    run = deepspeed(tmp_path / "run", 5, 10, latest="global_step5")
    assert found(held(run)) == [(UNFINISHED, "run/global_step10", Severity.WARNING)]
    assert held(run, has_ended=False) == Account()


@pytest.mark.parametrize("text", ["", "\0\0\0", "../elsewhere", "two words", "x" * 5000])
def test_a_file_that_names_nothing_is_told(tmp_path: Path, text: str) -> None:
    """Cut off, zeros, a path: nothing training could resume from."""
    account = held(deepspeed(tmp_path / "run", 5, latest=text))
    assert found(account) == [(BROKEN, "run/global_step5", Severity.WARNING)]


def test_another_programs_latest_is_none_of_ours(tmp_path: Path) -> None:
    """Without a DeepSpeed checkpoint beside it, only DeepSpeed's own way to name counts."""
    run = tmp_path / "run"
    write(run / "model.pt", torch_bytes({"w": numbers(4)}))
    write(run / "latest", "v2.1")
    assert held(run) == Account()
    write(run / "latest", "global_step500")
    assert found(held(run)) == [(BROKEN, "run/global_step500", Severity.ERROR)]


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """What is read lies in the set."""
    run = deepspeed(tmp_path / "run", 5)
    (run / "latest").unlink()
    (run / "latest").symlink_to(write(tmp_path / "outside", "global_step9"))
    assert held(run) == Account()


def megatron(run: Path, *iterations: int, newest: str, name: str = "iter_{:07}") -> Path:
    """Write checkpoints as Megatron does, and its file of the newest iteration."""
    for iteration in iterations:
        weights = torch_bytes({"w": numbers(4, seed=iteration)}, extra={"iteration": iteration})
        write(run / name.format(iteration) / "mp_rank_00" / "model_optim_rng.pt", weights)
    write(run / "latest_checkpointed_iteration.txt", newest)
    return run


@pytest.mark.parametrize(
    ("newest", "expected"),
    [
        ("1000", []),
        ("release", [(BROKEN, "run/release", Severity.ERROR)]),
        ("1500", [(BROKEN, "run/iter_0001500", Severity.ERROR)]),
        ("500", [(UNFINISHED, "run/iter_0001000", Severity.WARNING)]),
    ],
)
def test_megatrons_iteration_is_held_against_its_directories(
    tmp_path: Path, newest: str, expected: list[Any]
) -> None:
    """The number stands for iter_N, filled with zeros; `release` for itself."""
    assert found(held(megatron(tmp_path / "run", 500, 1000, newest=newest))) == expected


def test_verl_names_its_directories_otherwise(tmp_path: Path) -> None:
    """The same file, and global_step_N."""
    run = tmp_path / "run"
    write(run / "global_step_5" / "actor" / "model_world_size_1_rank_0.pt", torch_bytes({"w": numbers(4)}))
    write(run / "latest_checkpointed_iteration.txt", "5")
    assert held(run) == Account()


def test_a_state_that_the_trainers_own_checkpoint_names_is_missed(tmp_path: Path) -> None:
    """The HF Trainer, accelerate and Lightning keep DeepSpeed's directory and `latest` in their own."""
    checkpoint = tmp_path / "checkpoint-5"
    write(checkpoint / "adapter_model.bin", torch_bytes({"w": numbers(4)}))
    write(checkpoint / "trainer_state.json", {"global_step": 5})
    write(checkpoint / "latest", "global_step5")
    finding = told(only(checkpoint), FindingCode.CHECKPOINT_FILE_MISSING)
    assert finding.subject == str(checkpoint / "global_step5")
    deepspeed(checkpoint, 5)
    assert FindingCode.CHECKPOINT_FILE_MISSING not in {each.code for each in only(checkpoint).findings}


@given(st.binary(max_size=300))
def test_any_bytes_are_a_name_or_none(data: bytes) -> None:
    """A tag never leaves its directory."""
    tag = parse_tag(data)
    assert tag is None or (tag == os.path.basename(tag) and tag not in ("", ".", ".."))


def test_a_directory_of_a_layout_that_is_not_known_is_not_judged(tmp_path: Path) -> None:
    """It is there, and that is all that can be said."""
    run = deepspeed(tmp_path / "run", 5)
    entries = {entry.path: entry for entry in walk(tmp_path, "run").entries}
    assert resume_points(run.parent, (), entries) == Account()
