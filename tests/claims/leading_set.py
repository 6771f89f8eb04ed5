"""Make a sweep of four learning rates, one run each, every higher one better than the one before."""

from pathlib import Path

from claims.claims_making import Job, write_accounting, write_run, write_state

RATES = {"1e-05": 2.4, "3e-05": 2.1, "1e-04": 1.8, "3e-04": 1.5}
"""What each run's losses come to."""
DONE = "{'train_runtime': '540', 'train_loss': '2.2', 'epoch': '2'}\n"


def make_leading(into: Path) -> tuple[Path, Path]:
    """Make the set; return it and its accounting."""
    set_dir, jobs = into / "leading", []
    for number, (rate, level) in enumerate(RATES.items()):
        name = f"lr{rate}"
        jobs.append(Job(job_id=900 + number, run=name, elapsed_s=600 + number))
        write_run(set_dir / name, jobs[-1].job_id, DONE)
        script = set_dir / name / "train.sbatch"
        script.write_text(script.read_text().replace("train.py", f"train.py --learning_rate {rate}"))
        write_state(
            set_dir / name, {5 * n: level + 3 / n for n in range(1, 21)}, {50: level + 0.2, 100: level + 0.1}
        )
    return set_dir, write_accounting(into / "sacct.txt", set_dir, jobs)
