"""Make what a training leaves behind: the log that it prints and the files that it saves, small but real.

Invariant: pure; the same run always leaves the same bytes.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from scan.checkpoint_making import torch_bytes, torchtune_names

STEPS = 20
"""The steps that every training plans."""
_LAYERS, _WIDTH = 2, 16
_MODULES = ("q_proj", "v_proj")


@dataclass(frozen=True)
class Training:
    """One training: what it is of, and how many of its steps it takes before it ends."""

    rank: int
    learning_rate: str = "3e-4"
    recipe: str = "transformers"
    """What writes its log and files: "transformers" or "torchtune"."""
    steps: int = STEPS
    output_dir: str = "."
    """Where it saves, as torchtune's log names it."""

    def loss(self, step: int) -> float:
        """Return the loss after a step; a larger rank falls further."""
        return round(0.5 / self.rank + 2.0 * math.exp(-step / 8), 4)


def log_of(training: Training) -> bytes:
    """Return what the training prints until it ends."""
    lines = _torchtune_log(training) if training.recipe == "torchtune" else _transformers_log(training)
    return "".join(lines).encode()


def files_of(training: Training) -> dict[str, bytes]:
    """Return what the training has saved when it ends, by path: checkpoints halfway and at its end."""
    names = {"torchtune": ("epoch_0", "epoch_1")}.get(training.recipe, ("checkpoint-10", "checkpoint-20"))
    files: dict[str, bytes] = {}
    for number, name in enumerate(names, start=1):
        step = number * STEPS // 2
        if step <= training.steps:
            files |= {f"{name}/{file}": data for file, data in _adapter(training, step).items()}
            if training.recipe == "torchtune":
                files[f"{name}/adapter_model.pt"] = torch_bytes(torchtune_names(_weights(training, step)))
            if training.recipe == "transformers":
                files[f"{name}/trainer_state.json"] = _trainer_state(training, step)
    if training.recipe == "transformers" and training.steps == STEPS:
        files["trainer_state.json"] = _trainer_state(training, STEPS)
    return files


def _torchtune_log(training: Training) -> Iterator[str]:
    """As torchtune 0.6 prints: one tqdm bar an epoch, redrawn with each step's loss."""
    yield "INFO:torchtune.utils._logging:Running LoRAFinetuneRecipeSingleDevice with resolved config:\n\n"
    yield f"batch_size: 8\ncheckpointer:\n  output_dir: {training.output_dir}\nepochs: 2\nmodel:\n"
    yield f"  lora_rank: {training.rank}\noptimizer:\n"
    yield f"  lr: {training.learning_rate}\nseed: 1\n\n"
    half = STEPS // 2
    for step in range(1, training.steps + 1):
        done = (step - 1) % half + 1
        bar = f"{100 * done // half:3d}%|{'█' * done:<10}| {done}/{half} [00:0{done // 5}<00:01,  5.00it/s]"
        yield f"\r{(step - 1) // half + 1}|{step}|Loss: {training.loss(step)}: {bar}"
        if done == half:
            yield "\nINFO:torchtune.utils._logging:Checkpoint saved in 0.03 seconds.\n"
    yield "\n"


def _transformers_log(training: Training) -> Iterator[str]:
    """As transformers 5 prints: one dictionary for each logged step, and one of totals at the end."""
    for step in range(2, training.steps + 1, 2):
        yield str({key: str(value) for key, value in _logged(training, step).items() if key != "step"}) + "\n"
    if training.steps == STEPS:
        totals = {"train_runtime": "4.0", "train_loss": str(training.loss(STEPS)), "epoch": "2"}
        yield f"{totals}\n"


def _logged(training: Training, step: int) -> dict[str, float]:
    rate = float(training.learning_rate) * (1 - step / STEPS)
    return {"loss": training.loss(step), "learning_rate": rate, "epoch": 2 * step / STEPS, "step": step}


def _trainer_state(training: Training, step: int) -> bytes:
    state = {
        "epoch": 2 * step / STEPS,
        "global_step": step,
        "log_history": [_logged(training, at) for at in range(2, step + 1, 2)],
        "logging_steps": 2,
        "max_steps": STEPS,
        "num_train_epochs": 2,
    }
    return json.dumps(state, indent=2).encode()


def _weights(training: Training, step: int) -> dict[str, NDArray[np.float32]]:
    draw = np.random.RandomState(training.rank * 1000 + step)
    tensors = {}
    for layer in range(_LAYERS):
        for module in _MODULES:
            prefix = f"base_model.model.model.layers.{layer}.self_attn.{module}"
            tensors[f"{prefix}.lora_A.weight"] = draw.randn(training.rank, _WIDTH).astype("float32")
            tensors[f"{prefix}.lora_B.weight"] = draw.randn(_WIDTH, training.rank).astype("float32")
    return tensors


def _adapter(training: Training, step: int) -> dict[str, bytes]:
    """Return a PEFT LoRA adapter and its configuration."""
    config = {
        "base_model_name_or_path": "lab/tiny-1B",
        "lora_alpha": 2 * training.rank,
        "peft_type": "LORA",
        "r": training.rank,
        "target_modules": list(_MODULES),
    }
    return {
        "adapter_model.safetensors": save(_weights(training, step), metadata={"format": "pt"}),
        "adapter_config.json": json.dumps(config, indent=2).encode(),
    }
