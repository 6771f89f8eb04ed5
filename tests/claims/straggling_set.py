"""Make two sweeps over seeds in which some runs were slow: two on one node by their time, one by its rate."""

import random
from pathlib import Path

from claims.claims_making import Job, write_accounting, write_run, write_state

STEPS = 60
TIMES = {
    "t0": (500, "n1"),
    "t1": (503, "n2"),
    "t2": (498, "n1"),
    "t3": (506, "n3"),
    "t4": (790, "n9"),
    "t5": (820, "n9"),
}
"""Seconds of training, and the node of each."""
RATES = {"r0": (1000, "n1"), "r1": (1012, "n2"), "r2": (995, "n9"), "r3": (610, "n9")}
"""Tokens per second and GPU, and the node of each."""


def make_straggling(into: Path) -> tuple[Path, Path]:
    """Make the set; return it and its accounting."""
    set_dir, chance, jobs = into / "straggling", random.Random(3), []
    for number, (name, (amount, node)) in enumerate({**TIMES, **RATES}.items()):
        took_s = amount if name in TIMES else 540 + number % 4
        jobs.append(Job(job_id=700 + number, run=name, elapsed_s=took_s + 60, node=node))
        done = f"{{'train_runtime': '{took_s}', 'train_loss': '2.2', 'epoch': '2'}}\n"
        write_run(set_dir / name, 700 + number, done if name in TIMES else "")
        script, rank = set_dir / name / "train.sbatch", 8 if name in TIMES else 16
        options = f"--model_name_or_path /models/tiny --lora_rank {rank} --seed {number}"
        script.write_text(script.read_text().replace("train.py", f"train.py {options}"))
        loss = {step: 2 + 3 / step + chance.gauss(0, 0.01) for step in range(1, STEPS + 1)}
        if name in TIMES:
            write_state(set_dir / name, loss, took_s=took_s)
        else:
            _write_rates(set_dir / name, loss, amount)
    return set_dir, write_accounting(into / "sacct.txt", set_dir, jobs)


def _write_rates(directory: Path, loss: dict[int, float], rate: float) -> None:
    """Write a log of torchtune's DiskLogger whose speed goes up and down by one token."""
    lines = [
        f"Step {step} | loss:{value} lr:0.0003 tokens_per_second_per_gpu:{rate + step % 3 - 1} \n"
        for step, value in loss.items()
    ]
    (directory / "log_1795417200.txt").write_text("".join(lines))
