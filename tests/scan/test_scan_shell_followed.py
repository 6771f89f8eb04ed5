"""Loops, functions, texts and files that a batch script runs are followed as bash itself runs them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from afterall.model import Scalar
from afterall.scan.parameters.scripts.command_lines import script_settings
from afterall.scan.parameters.scripts.commands import commands
from afterall.scan.parameters.scripts.given import Given
from afterall.scan.parameters.scripts.variables import Variables

FILES = {
    "lines.txt": ["--lr 1e-4 --seed 0", "--lr 1e-4 --seed 1", "--lr 3e-4 --seed 2"],
    "pairs.csv": ["1e-4,8", "3e-4,16", "5e-4,32"],
    "grid.json": ['[{"lr": 0.0001, "tags": ["a b"]},', ' {"lr": 3e-4, "n": {"rank": 16}}]'],
    "inner.sh": ['python t.py --lr $1 --rank ${RANK} --note "$2"', "exit 3", "python t.py --lr 9"],
    "settings.sh": ["LR=3e-4", "export RANK=16", "ALPHA=$((RANK * 2))"],
    "taking.sh": ["LR=$1", "return 0", "LR=9"],
    "list.txt": ["9"],
    "below/list.txt": ["7"],
    "below/more.sh": ["RANK=8"],
}

FOLLOWED = (
    (Path(__file__).parent / "fixtures/shell/followed.txt")
    .read_text("utf-8")
    .removesuffix("\n")
    .split("\n---\n")
)
"""Scripts, each of what is followed in some form; the files of FILES lie beside them."""


def _read(name: str) -> list[str] | None:
    return FILES.get(name.removeprefix("./"))


def seen_by_bash(tmp_path: Path, script: str, arguments: tuple[str, ...] = ()) -> list[list[str]]:
    """Return the words that bash gives each `python t.py` of a script."""
    (tmp_path / "below").mkdir()
    for name, lines in FILES.items():
        (tmp_path / name).write_text("".join(f"{line}\n" for line in lines))
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "python"
    program.write_text('#!/bin/sh\nprintf "%s\\0" python "$@" >> seen; printf "\\1" >> seen\n')
    program.chmod(0o755)
    (tmp_path / "s").write_text(script)
    (tmp_path / "seen").write_text("")
    path = f"{tmp_path}/bin:{os.environ['PATH']}"
    subprocess.run(
        ["bash", "s", *arguments], cwd=tmp_path, env={"PATH": path}, capture_output=True, check=False
    )
    runs = (tmp_path / "seen").read_text().split("\1")[:-1]
    return [run.split("\0")[:-1] for run in runs]


def followed(script: str, **known: object) -> list[list[str]]:
    """Return the words that are told of each `python t.py` of a script, shells within it left out."""
    given = Given(read=_read, is_whole=True, **known)  # type: ignore[arg-type]
    return [words for words in _all(script, Variables(given)) if words[0] == "python"]


def _all(script: str, variables: Variables) -> list[list[str]]:
    found: list[list[str]] = []
    for words in commands(script, variables):
        if words[:2] == ["bash", "-c"]:
            found += _all(words[2], variables.of_child((), words[4:]))
        else:
            found.append(
                [word for word in words if word != "time" and "=" not in word.partition("t.py")[0][:2]]
            )
    return found


@pytest.mark.skipif(
    shutil.which("bash") is None or shutil.which("jq") is None, reason="bash or jq is not installed"
)
@pytest.mark.parametrize("script", FOLLOWED)
def test_bash_runs_the_same_commands(tmp_path: Path, script: str) -> None:
    """Every training command that bash runs is told, word for word, and no other."""
    assert followed(script) == seen_by_bash(tmp_path, script)


def told(script: str, *places: str, **known: object) -> dict[str, Scalar]:
    """Return the settings that a script gives the run which lies at `places`."""
    given = Given(read=_read, **known)  # type: ignore[arg-type]
    return {name: fact.value for name, fact in script_settings(script, "s", given, places).items()}


LOOP = """
for lr in 1e-4 3e-4; do
  for seed in 0 1; do
    python train.py --lr $lr --seed $seed --epochs 3 --output_dir $SCRATCH/out/lr${lr}_s$seed
  done
done
"""


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("out/lr3e-4_s0", {"lr": 3e-4, "seed": 0, "epochs": 3}),
        ("sweep/lr1e-4_s1", {"lr": 1e-4, "seed": 1, "epochs": 3}),
        ("out/other", {"epochs": 3}),
        ("", {"epochs": 3}),
    ],
)
def test_a_loops_command_is_the_runs_whose_directory_it_names(
    place: str, expected: dict[str, Scalar]
) -> None:
    """One script with a loop trains many runs: each gets its own settings, or those that all share."""
    found = told(LOOP, place)
    assert {name: value for name, value in found.items() if name != "output_dir"} == expected


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("python t.py --lr 1 --seed 1 &\npython t.py --lr 1 --seed 2 &\nwait", {"lr": 1}),
        ("python t.py --lr 1 --flag\npython t.py --lr 1 --resume", {"lr": 1}),
        ("python sft.py --lr 1\npython dpo.py --lr 2", {"lr": 2}),
        ("python t.py a.yaml\npython t.py b.yaml", {}),
        ("if [ -f x ]; then python t.py --lr 1 --seed 3; exit; fi\npython t.py --lr 2 --seed 3", {"seed": 3}),
        ("python t.py --lr 1 || python t.py --lr 1 --bf16", {"lr": 1}),
        ("python t.py --out a/r --lr 1\npython t.py --out b/r --lr 2", {"lr": 2, "out": "b/r"}),
        ("python t.py --out a/r --lr 1\npython t.py --out a/r2 --lr 2", {"lr": 1, "out": "a/r"}),
        ("python t.py --run_name r --lr 1\npython t.py --run_name q --lr 2", {"lr": 1, "run_name": "r"}),
    ],
)
def test_of_several_commands_only_what_is_sure_is_told(script: str, expected: dict[str, Scalar]) -> None:
    """Two runs in one job are not one, and the last command is not every run's."""
    assert told(script, "b/r", "r") == expected


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("export RANK=8; bash inner.sh 3e-4 'a b'", {"lr": 3e-4, "rank": 8, "note": "a b"}),
        ("RANK=8 srun bash ./inner.sh 3e-4 x", {"lr": 3e-4, "rank": 8, "note": "x"}),
        ("RANK=8; singularity exec img.sif bash -e inner.sh 3e-4 x", {"lr": 3e-4, "note": "x"}),
        ("export RANK=4; srun ./inner.sh $1 x", {"lr": 5, "rank": 4, "note": "x"}),
        ("cp inner.sh backup.sh; python t.py --lr 1", {"lr": 1}),
        ("sbatch inner.sh 7 8; python t.py --lr 1", {"lr": 1}),
        ("bash missing.sh 3; python t.py --lr 1", {"lr": 1}),
        ("source settings.sh\npython t.py --lr $LR --alpha $ALPHA", {"lr": 3e-4, "alpha": 32}),
        ("LR=1; source missing.sh; python t.py --lr $LR", {"lr": 1}),
        ("set -a; RANK=8; set +a; bash inner.sh 1 2", {"lr": 1, "rank": 8, "note": 2}),
        ("export RANK=8; RANK=9 srun bash inner.sh 1 2", {"lr": 1, "rank": 9, "note": 2}),
        ("srun --export=ALL,RANK=4 bash inner.sh 1 2", {"lr": 1, "rank": 4, "note": 2}),
        ("singularity exec --env A=3,RANK=4 i.sif bash inner.sh 1 2", {"lr": 1, "rank": 4, "note": 2}),
        ("export RANK=8; env -u RANK bash inner.sh 1 2", {"lr": 1, "note": 2}),
        ("export RANK=8; srun --export=NONE bash inner.sh 1 2", {"lr": 1, "note": 2}),
        ("export RANK=8; apptainer exec --cleanenv i.sif bash inner.sh 1 2", {"lr": 1, "note": 2}),
        ("[ -f inner.sh ] && ls inner.sh; sed -n 1p inner.sh; python t.py --lr 1", {"lr": 1}),
        ("f() { python t.py --lr $1 --seed 3; }\nparallel f ::: 1 2", {"seed": 3}),
        ("f() { python t.py --lr ${1:-3} --seed 3; }\nf", {"lr": 3, "seed": 3}),
        ("python t.py --lr $1 --seed ${2:-7} --rank ${3:?}", {"lr": 5, "seed": 7}),
    ],
)
def test_what_a_script_starts_is_followed(script: str, expected: dict[str, Scalar]) -> None:
    """Scripts of the set, with their words and what was exported; uncalled functions know no words."""
    assert told(script, arguments=("5",)) == expected


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ('python t.py --lr 1 --seed 2 "$@"', {}),
        ("python t.py --lr 1 $EXTRA --seed 2", {"seed": 2}),
        ("python t.py --lr 1 --bf16 $EXTRA_ARGS", {}),
        ('python t.py --lr 1 --bf16 "${ARGS[@]}" --seed 2', {"seed": 2}),
        ("python t.py $CONFIG --lr 1", {"lr": 1}),
        ("python t.py --lr 1 --name $NAME --seed 2", {"lr": 1, "seed": 2}),
        ("python t.py --lr 1 --out $DIR/lr=2 --seed 2", {"lr": 1, "seed": 2}),
        ("python t.py lr=1 seed=2 $OVERRIDES", {}),
        ("python t.py lr=1 $KEY=3 seed=2", {"seed": 2}),
        ("python t.py --lr 1 --$KEY=3 --seed 2", {"seed": 2}),
        ("python t.py --lr 1 $(cat more.txt) --seed 2", {"seed": 2}),
        ("python t.py --lr 1 --lr $LR --seed 2", {"seed": 2}),
        ("python t.py --lr 1 --lr 3", {"lr": 3}),
        ('set -- --lr 3; python t.py --lr 1 "$@" --seed 2', {"lr": 3, "seed": 2}),
    ],
)
def test_words_that_nobody_knows_may_say_otherwise(command: str, expected: dict[str, Scalar]) -> None:
    """The last option of a name counts, and `"$@"` may hold any; what stands behind it is sure."""
    assert told(command) == expected


def test_a_script_that_another_starts_is_the_source() -> None:
    """A setting is told of the file that it stands in."""
    found = script_settings("export RANK=8; bash inner.sh 1 2", "s", Given(read=_read))
    assert {fact.source.file for fact in found.values()} == {"inner.sh"}
