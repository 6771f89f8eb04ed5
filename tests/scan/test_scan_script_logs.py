"""A batch script that says where each task of its array saves tells whose the tasks' logs are."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from afterall.model import JobId, LogFile, SetLayout
from afterall.scan.parameters import logs_by_script
from afterall.scan.parameters.script_logs import output_names
from scan.run_making import experiment, lay_down

SCRIPT = """#!/bin/bash
#SBATCH --job-name=lora
#SBATCH --output=/scratch/me/set/logs/%x_%A_%a.out
#SBATCH -e logs/%x_%A_%a.err
#SBATCH --array=0-3
LRS=(5e-5 1e-4)
RANKS=(8 16)
LR=${LRS[$((SLURM_ARRAY_TASK_ID / ${#RANKS[@]}))]}
RANK=${RANKS[$((SLURM_ARRAY_TASK_ID % ${#RANKS[@]}))]}
srun python train.py --lr $LR --lora_r $RANK --output_dir $SCRATCH/out/lr${LR}_r${RANK}
"""
RUNS = ("out/lr5e-5_r8", "out/lr5e-5_r16", "out/lr1e-4_r8", "out/lr1e-4_r16")


def told(tmp_path: Path, scripts: dict[str, str], *logs: str) -> dict[str, tuple[str, ...]]:
    """Return whose the logs of tasks are in a set with these scripts and RUNS."""
    entries = lay_down(
        tmp_path, {name: text.encode() for name, text in scripts.items()} | dict.fromkeys(logs, b"")
    )
    runs = tuple(replace(experiment(run, ()).layout, scripts=tuple(scripts)) for run in RUNS)
    files = tuple(LogFile(log, JobId("50123"), log.rpartition("_")[2].partition(".")[0]) for log in logs)
    layout = SetLayout(
        path=str(tmp_path), name="set", owner_uid=1, experiments=runs, shared_logs=files, entries=entries
    )
    return logs_by_script(tmp_path, layout)


def test_each_tasks_log_is_the_runs_that_it_saves_to(tmp_path: Path) -> None:
    """Division and remainder of the task's number give its values, and these its directory."""
    logs = [f"logs/lora_50123_{task}.out" for task in range(4)]
    assert told(tmp_path, {"sweep.sbatch": SCRIPT}, *logs, "logs/lora_50123_2.err") == {
        **{log: (run,) for log, run in zip(logs, RUNS, strict=True)},
        "logs/lora_50123_2.err": ("out/lr1e-4_r8",),
    }


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("lr${LR}_r${RANK}", "other_${RANK}"),
        ("lr${LR}_r${RANK}", "$(date +%s)"),
        ("--output_dir", "--data"),
        ("--job-name=lora", "--job-name=other"),
        ("LRS=(5e-5 1e-4)", "LRS=($(cat lrs.txt))"),
    ],
)
def test_what_a_script_does_not_say_is_not_guessed(tmp_path: Path, old: str, new: str) -> None:
    """No directory, an unknown one, another job's log: nothing is told."""
    assert told(tmp_path, {"sweep.sbatch": SCRIPT.replace(old, new)}, "logs/lora_50123_1.out") == {}


def test_a_script_that_was_changed_since_is_not_believed(tmp_path: Path) -> None:
    """Its array may have been another when the job ran."""
    entries = lay_down(tmp_path, {"a.sbatch": SCRIPT.encode(), "logs/lora_5_1.out": b""})
    newer = [replace(each, mtime_ns=each.mtime_ns + (each.name == "a.sbatch")) for each in entries]
    runs = tuple(replace(experiment(run, ()).layout, scripts=("a.sbatch",)) for run in RUNS)
    log = LogFile("logs/lora_5_1.out", JobId("5"), "1")
    for listed, told_of in ((entries, ("out/lr5e-5_r16",)), (newer, None)):
        layout = SetLayout(
            path="", name="s", owner_uid=1, experiments=runs, shared_logs=(log,), entries=tuple(listed)
        )
        assert logs_by_script(tmp_path, layout).get(log.path) == told_of


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("python sft.py --config configs/$RUN.yaml", {"logs/lora_50123_1.out": ("lr1e-4_r16",)}),
        ("tune run full --config $RUN.yaml", {"logs/lora_50123_1.out": ("lr1e-4_r16",)}),
        ("python sft.py --config configs/$RUN.yaml --output_dir $SCRATCH/new", {}),
        ("python sft.py --config configs/$RUN-2.yaml", {}),
    ],
)
def test_a_task_is_the_runs_whose_configuration_it_takes(
    tmp_path: Path, command: str, expected: dict[str, tuple[str, ...]]
) -> None:
    """Where no option says where it saves, a configuration called after one run does."""
    script = "#SBATCH --job-name=lora\n#SBATCH -o logs/%x_%A_%a.out\nLRS=(5e-5 1e-4)\n"
    script += f"RUN=lr${{LRS[$SLURM_ARRAY_TASK_ID]}}_r16\n{command}\n"
    found = told(tmp_path, {"sweep.sbatch": script}, "logs/lora_50123_1.out")
    assert found == {log: tuple(f"out/{run}" for run in runs) for log, runs in expected.items()}


def test_of_two_scripts_that_may_have_written_a_log_neither_is_believed(tmp_path: Path) -> None:
    """Both call their logs alike."""
    assert told(tmp_path, {"a.sbatch": SCRIPT, "b.sbatch": SCRIPT}, "logs/lora_50123_1.out") == {}


def test_a_task_that_trains_several_runs_names_them_all(tmp_path: Path) -> None:
    """A loop over ranks in one task makes its log that of several."""
    looped = SCRIPT.replace("RANK=${RANKS", "for RANK in ${RANKS[@]}; do\n: ${RANKS") + "done\n"
    found = told(tmp_path, {"a.sbatch": looped.replace("/ ${#RANKS[@]}", "/ 1")}, "logs/lora_50123_0.out")
    assert found == {"logs/lora_50123_0.out": ("out/lr5e-5_r16", "out/lr5e-5_r8")}


@pytest.mark.parametrize(
    ("directives", "log", "fits"),
    [
        ("#SBATCH -o %x-%A_%a.out\n#SBATCH -J a.b", "a.b-12_3.out", True),
        ("#SBATCH -o %x-%A_%a.out\n#SBATCH -J a.b", "acb-12_3.out", False),
        ("#SBATCH --output %x.%3a.log", "job.sbatch.003.log", True),
        ("#SBATCH --array=1-3", "slurm-12_3.out", True),
        ("#SBATCH --output='logs/%j-%N.out'", "12-node01.out", True),
        ("echo\n#SBATCH --output=x_%a.out", "x_1.out", False),
        ("##SBATCH --output=x_%a.out", "x_1.out", False),
        ("#SBATCH --output=a%%b_%a", "a%b_1", True),
    ],
)
def test_directives_say_how_logs_are_called(directives: str, log: str, fits: bool) -> None:
    """Sbatch's patterns, short options, its default, and nothing behind the first command."""
    names = output_names(f"#!/bin/bash\n{directives}\n", "jobs/job.sbatch")
    assert any(name.fullmatch(log) for name in names) is fits
