"""Read how far training had come from a checkpoint's own files, and hold its name against it."""

from pathlib import Path
from typing import Any

import pytest

from afterall.model import Entry, FindingCode, Verdict
from afterall.scan.checkpoints.checks import Material
from afterall.scan.checkpoints.checks.held_progress import Held, held_progress
from afterall.scan.checkpoints.formats import read_contents
from afterall.scan.checkpoints.inspection import Inspection
from afterall.scan.checkpoints.layouts import find_places
from afterall.scan.checkpoints.walking import walk
from afterall.scan.roles import role_of
from scan.checkpoint_making import numbers, only, told, torch_bytes, write, write_hf_checkpoint
from scan.checkpoint_memory import Memory

DIFFERS = FindingCode.STEP_DIFFERS


def lightning(path: Path, **given: Any) -> Path:
    """Write a checkpoint as Lightning 2 does at step 39 of its third epoch; `given` changes that."""
    state = {"w": numbers(4)}
    at_top = {"epoch": 2, "global_step": 39, "pytorch-lightning_version": "2.6.6", "state_dict": {}, **given}
    return write(path, torch_bytes(state, extra={key: value for key, value in at_top.items() if value != ""}))


def held(path: Path) -> Held:
    """Return what the files of the one checkpoint in a directory hold."""
    (place,) = find_places(walk(path.parent, path.name).entries)
    found = held_progress(Material(place, tuple(inspected(path.parent, entry) for entry in place.entries)))
    return Held(found.step, found.epoch)


def inspected(root: Path, entry: Entry) -> Inspection:
    """Return a file as it is inspected."""
    data = (root / entry.path).read_bytes()
    contents = read_contents(entry.name, Memory(data), data[: 1 << 16])
    return Inspection(
        path=entry.path,
        parent=entry.parent,
        name=entry.name,
        role=role_of(entry.path),
        entry=entry,
        size_bytes=len(data),
        contents=contents,
    )


def steps(path: Path) -> list[tuple[Any, Any]]:
    """Return the named and the held step of every contradiction."""
    found = [each.evidence for each in only(path).findings if each.code is DIFFERS]
    return [(each["named_step"], each["held_step"]) for each in found]


def test_a_lightning_checkpoint_without_a_step_in_its_name_holds_one(tmp_path: Path) -> None:
    """last.ckpt."""
    lightning(tmp_path / "run" / "last.ckpt")
    assert held(tmp_path / "run") == Held(39, 2)


def test_before_1_6_lightnings_counters_stood_one_higher(tmp_path: Path) -> None:
    """The same name then held the number of the next step and epoch."""
    version = {"pytorch-lightning_version": "1.5.10"}
    path = lightning(tmp_path / "run" / "epoch=2-step=39.ckpt", epoch=3, global_step=40, **version)
    assert held(tmp_path / "run") == Held(39, 2)
    assert steps(path.parent) == []


def test_a_lightning_checkpoint_of_another_step_than_its_name_is_told(tmp_path: Path) -> None:
    """It was copied over, or renamed."""
    path = lightning(tmp_path / "run" / "epoch=1-step=26.ckpt")
    checkpoint = only(path.parent)
    assert told(checkpoint, DIFFERS).evidence["other"] == str(path)
    assert (steps(path.parent), checkpoint.verdict) == ([(26, 39)], Verdict.OK)


@pytest.mark.parametrize(
    "name", ["epoch=2-step=39.ckpt", "epoch=2-step=39-v1.ckpt", "step=39-val_loss=0.1.ckpt"]
)
def test_a_name_that_agrees_is_not_told(tmp_path: Path, name: str) -> None:
    """Whatever else stands in it."""
    assert steps(lightning(tmp_path / name).parent) == []


def test_a_lightning_checkpoint_without_a_state_dict_holds_no_weights(tmp_path: Path) -> None:
    """Nothing can be loaded from it, though it is a whole archive."""
    path = lightning(tmp_path / "run" / "epoch=2-step=39.ckpt", state_dict="")
    checkpoint = only(path.parent)
    assert told(checkpoint, FindingCode.WEIGHTS_MISSING).subject == str(path)
    assert checkpoint.verdict is Verdict.INCOMPLETE


def test_parts_of_a_sharded_lightning_checkpoint_need_no_state_dict(tmp_path: Path) -> None:
    """meta.pt holds the counters, the weights lie beside it."""
    sharded = tmp_path / "run" / "epoch=0-step=5.ckpt"
    lightning(sharded / "meta.pt", epoch=0, global_step=5, state_dict="")
    write(sharded / "weights.pt", torch_bytes({"w": numbers(4)}))
    assert FindingCode.WEIGHTS_MISSING not in {each.code for each in only(sharded).findings}
    assert held(tmp_path / "run") == Held(5, 0)


def test_the_trainers_state_is_held_against_the_directorys_name(tmp_path: Path) -> None:
    """checkpoint-50 whose trainer_state.json says 75."""
    assert steps(write_hf_checkpoint(tmp_path / "checkpoint-50", 50)) == []
    assert steps(write_hf_checkpoint(tmp_path / "checkpoint-60", 75)) == [(60, 75)]


@pytest.mark.parametrize(
    ("path", "at_top", "expected"),
    [
        ("step-000200/lit_model.pth", {"step_count": 200}, []),
        ("step-000200/lit_model.pth", {"step_count": 100}, [(200, 100)]),
        ("iter_0000500/mp_rank_00/model_optim_rng.pt", {"iteration": 400}, [(500, 400)]),
        ("global_step5/mp_rank_00_model_states.pt", {"global_steps": 5}, []),
        ("global_step5/mp_rank_00_model_states.pt", {"global_steps": 6}, [(5, 6)]),
        ("global_step5/mp_rank_00_model_states.pt", {"global_steps": "many"}, []),
    ],
)
def test_other_trainers_counters_are_held_against_their_names(
    tmp_path: Path, path: str, at_top: dict[str, Any], expected: list[Any]
) -> None:
    """litgpt, Megatron and DeepSpeed name directories after the counter that they save."""
    write(tmp_path / "run" / path, torch_bytes({"w": numbers(4)}, extra=at_top))
    assert steps(tmp_path / "run") == expected


def test_deepspeeds_counter_in_the_hf_trainers_checkpoint_is_its_own(tmp_path: Path) -> None:
    """Told once, however many ranks saved it."""
    checkpoint = write_hf_checkpoint(tmp_path / "checkpoint-5", 5)
    for rank in range(2):
        state = torch_bytes({"w": numbers(4)}, extra={"global_steps": 4})
        write(checkpoint / "global_step5" / f"zero_pp_rank_{rank}_mp_rank_00_model_states.pt", state)
    assert steps(checkpoint) == [(5, 4)]
