"""The logs of an array's tasks find the runs that their batch script names for them."""

import json
import os
from pathlib import Path

from afterall.pipeline import files_only, survey

SCRIPT = """#!/bin/bash
#SBATCH --job-name=lora
#SBATCH --output=logs/%x_%A_%a.out
#SBATCH --array=0-3
RATES=(5e-5 1e-4)
RANKS=(8 16)
RATE=${RATES[$((SLURM_ARRAY_TASK_ID / 2))]}
RANK=${RANKS[$((SLURM_ARRAY_TASK_ID % 2))]}
python train.py --lr $RATE --lora_r $RANK --output_dir out/${RATE}_r${RANK}
"""
RUNS = ("out/5e-5_r8", "out/5e-5_r16", "out/1e-4_r8", "out/1e-4_r16")


def logs_of(set_dir: Path, said: str = "") -> dict[str, list[str]]:
    """Return each run's logs in a set of four tasks; the last one's log begins with what it `said`."""
    for number, run in enumerate(RUNS):
        (set_dir / run).mkdir(parents=True)
        (set_dir / run / "adapter_config.json").write_text(json.dumps({"r": 8, "peft_type": "LORA"}))
        (set_dir / run / "adapter_model.safetensors").write_bytes(b"\2\0\0\0\0\0\0\0{}")
        log = set_dir / "logs" / f"lora_50123_{number}.out"
        log.parent.mkdir(exist_ok=True)
        log.write_text(f"{said if number == 3 else ''}{{'loss': 2.5, 'epoch': 1.0}}\n")
    (set_dir / "sweep.sbatch").write_text(SCRIPT)
    os.utime(set_dir / "sweep.sbatch", (1, 1))
    experiments = survey(set_dir, files_only).matched.experiments
    return {one.layout.roots[0]: [log.path for log in one.logs] for one in experiments}


def test_a_tasks_log_is_that_of_the_run_it_saves_to(tmp_path: Path) -> None:
    """Where the logs name no run themselves, the script tells it for each task's number."""
    assert logs_of(tmp_path / "set") == {
        run: [f"logs/lora_50123_{number}.out"] for number, run in enumerate(RUNS)
    }


def test_what_a_log_says_itself_comes_first(tmp_path: Path) -> None:
    """The script may be another one by now."""
    found = logs_of(tmp_path / "set", "Saving to out/5e-5_r8/\n")
    assert "logs/lora_50123_3.out" in found["out/5e-5_r8"]
    assert found["out/1e-4_r16"] == []
