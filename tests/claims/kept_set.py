"""Make runs whose checkpoints are whole and yet not what they should be, and files that disagree."""

import os
import shutil
from pathlib import Path

from claims.claims_making import START, Job, write_accounting, write_run, write_state
from scan.checkpoint_making import (
    adapter_arrays,
    model_arrays,
    safetensors_bytes,
    write,
    write_hf_checkpoint,
    write_sharded,
)

DONE = "{'train_runtime': '540', 'train_loss': '1.5', 'epoch': '2'}\n"
RUNS = (
    "same",
    "linked",
    "repeated",
    "misnamed",
    "lone",
    "weightless",
    "late",
    "thinned",
    "gap",
    "easy",
    "easier",
    "disagreeing",
    "again",
    "skipped",
    "latest",
    "pruned",
)
LATER_S = 7200
BIG = {"version": "1.0", "model": {"vocab": {f"token{n}": n for n in range(60_000)}}}
SAVED = "Saving model checkpoint to out/checkpoint-{}\n"
ROW = "{{'loss': '{:.4g}', 'grad_norm': '0.5', 'learning_rate': '0.001', 'epoch': '{:.4g}'}}\n"


def make_kept(into: Path) -> tuple[Path, Path]:
    """Make the set; return it and its accounting."""
    set_dir = into / "kept"
    for number, name in enumerate(RUNS):
        directory = set_dir / name
        write_run(directory, 500 + number, DONE)
        write_state(directory, {10 * n: 2 - n / 10 for n in range(1, 11)}, {50: 1.6, 100: 1.5})
        _save(directory)
    _age(set_dir)
    jobs = [Job(job_id=500 + number, run=name) for number, name in enumerate(RUNS)]
    jobs.insert(0, Job(job_id=480, run="again", state="NODE_FAIL", code="1:0", submit=START - 7200))
    return set_dir, write_accounting(into / "sacct.txt", set_dir, jobs)


def _save(directory: Path) -> None:
    one, two = directory / "checkpoint-50", directory / "checkpoint-100"
    for step, place in ((50, one), (100, two)):
        write_hf_checkpoint(place, step, seed=0 if directory.name == "same" else step)
    match directory.name:
        case "linked":
            (two / "adapter_model.safetensors").unlink()
            os.link(one / "adapter_model.safetensors", two / "adapter_model.safetensors")
        case "repeated":
            write(one / "tokenizer.json", BIG)
            write(two / "tokenizer.json", BIG)
        case "misnamed":
            write(two / "trainer_state.json", {"global_step": 75, "log_history": []})
        case "lone":
            write_sharded(two, model_arrays(1))
        case "weightless":
            (two / "adapter_model.safetensors").unlink()
        case "thinned":
            one_layer = {name: a for name, a in adapter_arrays(3).items() if "layers.0." in name}
            layers = [
                {name.replace("layers.0.", f"layers.{n}."): array for name, array in one_layer.items()}
                for n in (0, 1, 3, 4)
            ]
            arrays = {name: array for layer in layers for name, array in layer.items()}
            write(two / "adapter_model.safetensors", safetensors_bytes(arrays))
        case "gap":
            _log(directory, SAVED.format(50), SAVED.format(100))
            shutil.rmtree(two)
        case "pruned":
            _log(directory, SAVED.format(50), SAVED.format(100))
            shutil.rmtree(one)
        case "disagreeing":
            losses = [2 - n / 10 if n != 4 else 1.25 for n in range(1, 11)]
            _log(directory, *(ROW.format(loss, n / 5) for n, loss in enumerate(losses, start=1)))
        case "easy" | "easier":
            score = 0.985 if directory.name == "easy" else 1.0
            results = {
                "results": {"arc": {"alias": "arc", "acc,none": score, "acc_stderr,none": 0.01}},
                "config": {
                    "model_args": f"pretrained=/models/tiny,peft=/runs/{directory.name}/checkpoint-100"
                },
                "n-samples": {"arc": {"original": 100, "effective": 40}},
                "date": float(START + 900),
            }
            write(directory / "results_2026-11-23T07-17-20.json", results)
        case "latest":
            (directory / "latest").write_text("global_step300")
        case _:
            pass


def _log(directory: Path, *lines: str) -> None:
    """Put lines before the end of a run's log."""
    (path,) = directory.glob("slurm-*.out")
    path.write_text("".join([*lines, DONE]))


def _age(set_dir: Path) -> None:
    """Let every file be of the time of its job, but for one checkpoint's weights."""
    end = START + 75 + 600
    for path in sorted(set_dir.rglob("*"), reverse=True):
        late = path.parts[-3:-1] == ("late", "checkpoint-100") and path.suffix == ".safetensors"
        os.utime(path, (end, end + LATER_S if late else end - 60))
