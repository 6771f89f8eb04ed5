"""Make a sweep of three ranks with four seeds each, of which chance made the losses."""

import random
from pathlib import Path

from claims.claims_making import Job, write_accounting, write_run, write_state

RANKS = {4: 2.0, 16: 1.96, 64: 1.955}
SEEDS = 4
DONE = "{'train_runtime': '540', 'train_loss': '2.2', 'epoch': '2'}\n"


def make_seeded(into: Path) -> tuple[Path, Path]:
    """Make the set; return it and its accounting."""
    set_dir, chance, jobs = into / "seeded", random.Random(7), []
    for rank, level in RANKS.items():
        for seed in range(SEEDS):
            name = f"r{rank}_s{seed}"
            jobs.append(Job(job_id=300 + 100 * seed + rank, run=name, elapsed_s=500 + rank))
            write_run(set_dir / name, jobs[-1].job_id, DONE)
            script = set_dir / name / "train.sbatch"
            script.write_text(
                script.read_text().replace("train.py", f"train.py --lora_rank {rank} --seed {seed}")
            )
            loss = {5 * n: level + 3 / n + chance.gauss(0, 0.01) for n in range(1, 21)}
            validation = {50: level + 0.2 + chance.gauss(0, 0.01), 100: level + 0.1 + chance.gauss(0, 0.01)}
            write_state(set_dir / name, loss, validation)
    return set_dir, write_accounting(into / "sacct.txt", set_dir, jobs)
