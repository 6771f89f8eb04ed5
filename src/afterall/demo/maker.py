"""Lay the demo set down in a directory, with fixed file times."""

import json
import os
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from afterall.demo.accounting import recorded_accounting
from afterall.demo.logs import all_results, job_log, script, trainer_state
from afterall.demo.runs import EPOCHS, RUNS, START, STEPS_PER_EPOCH, DemoRun, Ending
from afterall.errors import BadInput

DEMO_SET_NAME = "lora_rank_demo"
RECORDED_ACCOUNTING = "sacct.txt"
"""What sacct would say of the demo's jobs, beside the set."""
TRUNCATED = ("3B_rank4", 200)
"""The run and step whose adapter is cut short, as a full disk leaves it."""

README = """\
# LoRA rank comparison (demo)

A made-up set: the losses come from a formula, not from training, and the jobs ran on no cluster. It \
compares LoRA ranks on two model sizes, and what goes wrong in it goes wrong for real people.
"""


def make_demo(directory: Path) -> Path:
    """Make the demo set below `directory` and return its path; raise BadInput where something is there."""
    set_dir = directory / DEMO_SET_NAME
    try:
        set_dir.mkdir(parents=True)
    except FileExistsError as error:
        raise BadInput(set_dir, "is already there; remove it to make the demo anew") from error
    except OSError as error:
        raise BadInput(set_dir, (error.strerror or str(error)).lower()) from error
    _put(set_dir / "README.md", README.encode(), START - 600)
    for run in RUNS:
        _make_run(set_dir / run.name, run)
    _put(directory / RECORDED_ACCOUNTING, recorded_accounting(set_dir), START + 7200)
    return set_dir


def _make_run(path: Path, run: DemoRun) -> None:
    path.mkdir()
    _put(path / "train.sbatch", script(run), START - 300)
    _put(path / "eval.py", b"# inspect-ai task that evaluates a checkpoint of this run\n", START - 300)
    for epoch in range(1, EPOCHS + 1):
        step = epoch * STEPS_PER_EPOCH
        if step <= run.steps_reached:
            saved = START + int(step * run.model.seconds_per_step)
            _make_checkpoint(path / f"checkpoint-{step}", run, (step, saved))
    if run.ending is not Ending.OUT_OF_MEMORY:
        _put_model(path, run, (run.steps_reached, run.end))
        _put(path / "trainer_state.json", trainer_state(run, run.steps_reached), run.end)
        _put(path / "all_results.json", all_results(run), run.end)
    _put(path / f"slurm-{run.job_id}.out", job_log(run), run.end)


def _make_checkpoint(path: Path, run: DemoRun, at: tuple[int, int]) -> None:
    step, saved = at
    path.mkdir()
    _put_model(path, run, at)
    _put(path / "trainer_state.json", trainer_state(run, step), saved)


def _put_model(path: Path, run: DemoRun, at: tuple[int, int]) -> None:
    step, saved = at
    weights = _adapter(run, step)
    cut = len(weights) * 2 // 3 if (run.name, step) == TRUNCATED and path.name != run.name else len(weights)
    config = {
        "base_model_name_or_path": f"lab/{run.model.name}",
        "bias": "none",
        "lora_alpha": 2 * run.rank,
        "lora_dropout": 0.05,
        "peft_type": "LORA",
        "r": run.rank,
        "target_modules": ["q_proj", "v_proj"],
        "task_type": "CAUSAL_LM",
    }
    _put(path / "adapter_model.safetensors", weights[:cut], saved)
    _put(path / "adapter_config.json", json.dumps(config, indent=2).encode(), saved)
    _put(path / "tokenizer.json", json.dumps({"version": "1.0", "model": {"vocab": {}}}).encode(), saved)
    _put(path / "tokenizer_config.json", b'{"model_max_length": 2048}', saved)


def _adapter(run: DemoRun, step: int) -> bytes:
    """Return a PEFT LoRA adapter: A and B of two projections in each layer, float32."""
    # The legacy generator's stream is frozen for good, unlike default_rng's.
    draw = np.random.RandomState(run.job_id + step)
    tensors = {}
    for layer in range(run.model.layers):
        for module in ("q_proj", "v_proj"):
            prefix = f"base_model.model.model.layers.{layer}.self_attn.{module}"
            tensors[f"{prefix}.lora_A.weight"] = draw.randn(run.rank, run.model.width).astype("float32")
            tensors[f"{prefix}.lora_B.weight"] = draw.randn(run.model.width, run.rank).astype("float32") / 100
    return save(tensors, metadata={"format": "pt"})


def _put(path: Path, data: bytes, mtime: int) -> None:
    path.write_bytes(data)
    os.utime(path, (mtime, mtime))
