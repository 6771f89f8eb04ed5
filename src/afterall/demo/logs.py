"""Write the demo's job logs and trainer states as transformers 5 writes them."""

import json
from typing import Any

from afterall.demo.curves import Logged, history
from afterall.demo.runs import EPOCHS, LEARNING_RATE, LOG_EVERY, STEPS, DemoRun, Ending

TOKENS_PER_STEP = 2048


def trainer_state(run: DemoRun, upto: int) -> bytes:
    """Return trainer_state.json as it stands after step `upto`; the last one carries the run's totals."""
    lines: list[dict[str, Any]] = [_entry(line) for line in history(run) if line.step <= upto]
    if upto == STEPS:
        lines.append({"epoch": float(EPOCHS), "step": STEPS, **_totals(run)})
    state = {
        "best_global_step": None,
        "best_metric": None,
        "best_model_checkpoint": None,
        "epoch": upto / STEPS * EPOCHS,
        "global_step": upto,
        "log_history": lines,
        "logging_steps": LOG_EVERY,
        "max_steps": STEPS,
        "num_train_epochs": EPOCHS,
        "train_batch_size": 8,
    }
    return json.dumps(state, indent=2, sort_keys=True).encode()


def job_log(run: DemoRun) -> bytes:
    """Return the job's slurm-*.out."""
    parts = [
        "trainable params: {:,} || all params: {:,} || trainable%: {:.4f}".format(*_parameters(run)),
        *(_printed(line) for line in history(run)),
    ]
    done = run.steps_reached
    bar = f"\r{100 * done // STEPS:3d}%|{'█' * (10 * done // STEPS):<10}| {done}/{STEPS}"
    minutes, seconds = divmod(int(done * run.model.seconds_per_step), 60)
    parts.append(f"{bar} [{minutes:02d}:{seconds:02d}<00:00, {1 / run.model.seconds_per_step:.2f}it/s]")
    parts.append(_OUT_OF_MEMORY if run.ending is Ending.OUT_OF_MEMORY else _printed_totals(run))
    if run.ending is Ending.COPY_FAILED:
        parts.append("cp: cannot create regular file '/archive/lora/': No such file or directory")
    return ("\n".join(parts) + "\n").encode()


def _entry(line: Logged) -> dict[str, Any]:
    if line.eval_loss is not None:
        return {"epoch": line.epoch, "eval_loss": line.eval_loss, "eval_runtime": 4.2, "step": line.step}
    return {
        "epoch": line.epoch,
        "grad_norm": line.grad_norm,
        "learning_rate": line.learning_rate,
        "loss": line.loss,
        "num_input_tokens_seen": line.step * TOKENS_PER_STEP,
        "step": line.step,
        "train_runtime": line.runtime_s,
        "train_tokens_per_second": round(TOKENS_PER_STEP / _seconds(line, 1), 3),
    }


def _seconds(line: Logged, fallback: float) -> float:
    return line.runtime_s / line.step if line.runtime_s else fallback


def _totals(run: DemoRun) -> dict[str, float]:
    losses = [line.loss for line in history(run) if line.loss is not None]
    runtime = round(STEPS * run.model.seconds_per_step + 12.6, 4)
    return {
        "train_loss": sum(losses) / len(losses),
        "train_runtime": runtime,
        "train_samples_per_second": round(STEPS * 8 / runtime, 3),
        "train_steps_per_second": round(STEPS / runtime, 3),
        "num_input_tokens_seen": STEPS * TOKENS_PER_STEP,
    }


def all_results(run: DemoRun) -> bytes:
    """Return all_results.json: the run's totals and its last validation."""
    last = [line.eval_loss for line in history(run) if line.eval_loss is not None][-1]
    results = {"epoch": float(EPOCHS), "eval_loss": last, **_totals(run)}
    return json.dumps(results, indent=4, sort_keys=True).encode()


def _printed(line: Logged) -> str:
    """Format a history line as transformers 5 prints it: values as text with four significant digits."""
    entry = {key: value for key, value in _entry(line).items() if key != "step"}
    return str({k: v if isinstance(v, int) else f"{v:.4g}" for k, v in entry.items()})


def _printed_totals(run: DemoRun) -> str:
    return str(
        {k: v if isinstance(v, int) else f"{v:.4g}" for k, v in {**_totals(run), "epoch": 3.0}.items()}
    )


def _parameters(run: DemoRun) -> tuple[int, int, float]:
    adapter = run.model.layers * 4 * run.rank * run.model.width
    base = run.model.layers * 12 * run.model.width * run.model.width
    return adapter, base + adapter, 100 * adapter / (base + adapter)


_OUT_OF_MEMORY = """\
Traceback (most recent call last):
  File "/home/demo/train.py", line 71, in <module>
    trainer.train()
  File "/home/demo/train.py", line 44, in training_step
    loss.backward()
torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.50 GiB. GPU 0 has a total capacity of \
79.10 GiB of which 1.09 GiB is free. Including non-PyTorch memory, this process has 78.00 GiB memory in use.
srun: error: gpu07: task 0: Exited with exit code 1"""

SCRIPT = """\
#!/bin/bash
#SBATCH --job-name={name}
#SBATCH --output=slurm-%j.out
#SBATCH --gres=gpu:1
#SBATCH --cpus-per-task=8
#SBATCH --mem=64G
#SBATCH --time={limit}
srun python train.py --model_name_or_path lab/{model} --lora_rank {rank} --learning_rate {rate} \
--num_train_epochs {epochs} --seed 42
{last}"""


def script(run: DemoRun) -> bytes:
    """Return the run's batch script."""
    last = "cp -r . /archive/lora/\n" if run.ending is Ending.COPY_FAILED else ""
    text = SCRIPT.format(
        name=run.name,
        limit="00:30:00",
        model=run.model.name,
        rank=run.rank,
        rate=LEARNING_RATE,
        epochs=EPOCHS,
        last=last,
    )
    return text.encode()
