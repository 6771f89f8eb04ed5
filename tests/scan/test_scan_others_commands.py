"""A script that several runs share may hold the command of another run, or of what comes after training."""

from pathlib import Path

import msgspec
import pytest

from afterall.model import ExperimentLayout, MatchedExperiment, Scalar
from afterall.scan.parameters import read_parameters
from afterall.scan.parameters.scripts.command_lines import script_settings
from afterall.scan.parameters.scripts.given import Given
from scan.run_making import experiment, lay_down


def told(set_dir: Path, script: str, file: str = "train.sh", run: str = "outputs/rank8") -> dict[str, Scalar]:
    """Return what a run is told by a script of the set."""
    files = {file: script.encode(), f"{run}/a.txt": b"", "outputs/mine/a.txt": b""}
    matched = experiment(run, lay_down(set_dir, files))
    layout = msgspec.structs.replace(matched.layout, scripts=(file,))
    parameters, _ = read_parameters(set_dir, msgspec.structs.replace(matched, layout=layout), [])
    return {name: fact.value for name, fact in parameters.items() if name != "lora_rank"}


@pytest.mark.parametrize(
    ("command", "is_own"),
    [
        ("--output_dir outputs/rank8", True),
        ("--output_dir outputs/rank16", False),
        ("--output_dir $SCRATCH/outputs/rank16", False),
        ("--output_dir outputs", True),
        ("--output_dir results/final", True),
        ("--output_dir $OUT", True),
        ("--run_name mine", False),
        ("--run_name elsewhere", True),
        (f"--run_name {'long' * 100}", True),
        ("--lora_r 16", False),
        ("--lora_r 8", True),
        ("--model_path outputs/mine", True),
    ],
)
def test_a_command_that_names_a_run_beside_is_that_ones(
    tmp_path: Path, command: str, *, is_own: bool
) -> None:
    """Of a script that was edited since, nothing is told; a command that names no run may be all runs'."""
    found = told(tmp_path, f"python train.py --epochs 3 {command}")
    assert found.get("epochs") == (3 if is_own else None)


@pytest.mark.parametrize(
    ("options", "epochs"),
    [
        ("--save ckpt/a.pth", 3),
        ("--save ckpt/b.pth", None),
        ("--name a", 3),
        ("--name b", None),
        ("--name other", 3),
        ("--save ckpt/b.pth\npython train.py --epochs 5 --save ckpt/a.pth", 5),
    ],
)
def test_runs_that_share_a_directory_are_told_apart_by_their_files(
    tmp_path: Path, options: str, epochs: int | None
) -> None:
    """Of runs by file names alone the one counts whose weights a command saves, or whose name it gives."""
    script = f"python train.py --epochs 3 {options}".encode()
    files = dict.fromkeys(("ckpt/a.pth", "logs/a.log", "ckpt/b.pth", "logs/b.log"), b"")
    entries = lay_down(tmp_path, {"train.sh": script, **files})
    own = tuple(entry for entry in entries if entry.name in ("a.pth", "a.log"))
    layout = ExperimentLayout(name="a", path="", entries=own, scripts=("train.sh",))
    parameters, _ = read_parameters(tmp_path, MatchedExperiment(layout=layout), [])
    assert (parameters["epochs"].value if "epochs" in parameters else None) == epochs


@pytest.mark.parametrize("file", ["outputs/rank8/train.sh", "scripts/rank8.sh"])
def test_a_runs_own_script_is_believed(tmp_path: Path, file: str) -> None:
    """What lies in a run's directory, or bears its name, may write elsewhere."""
    assert told(tmp_path, "python train.py --epochs 3 --output_dir outputs/rank16", file)["epochs"] == 3


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("python -m src.train --lr 1\npython -m src.predict --lr 2", {"lr": 1}),
        ("python main.py --mode train --lr 1\npython main.py --mode test --lr 2", {"mode": "train", "lr": 1}),
        ("python main.py --lr 1\npython main.py --lr 2 --eval_only", {"lr": 1}),
        (
            "python run_glue.py --do_train --lr 1\npython run_glue.py --do_eval --lr 2",
            {"do_train": True, "lr": 1},
        ),
        ("python sft.py --do_eval --lr 1", {"do_eval": True, "lr": 1}),
        ("python train.py --lr 1\npython plot_curves.py --lr 2\npython test.py --lr 3", {"lr": 1}),
        ("python test_time_training.py --lr 1", {"lr": 1}),
        ("python latest.py --lr 1", {"lr": 1}),
    ],
)
def test_what_comes_after_training_sets_nothing(script: str, expected: dict[str, Scalar]) -> None:
    """Predicting, testing and plotting are not the run that is told of."""
    assert {name: fact.value for name, fact in script_settings(script, "s", Given()).items()} == expected
