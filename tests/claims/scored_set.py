"""Make runs of two base models that only evaluations judge: no run validated.

One has a checkpoint that scores far better than its last one; the last weights of one are cut short.
"""

from pathlib import Path

from claims.claims_making import START, Job, write_accounting, write_run, write_state
from scan.checkpoint_making import ADAPTER_CONFIG, write, write_hf_checkpoint

SCORES = {
    # name: (base model, last loss, score at step 50, score at step 100)
    "heart": ("Qwen2.5-0.5B", 0.2, 0.55, 0.5),
    "worn": ("Qwen2.5-0.5B", 0.9, 0.9, 0.6),
    "cut": ("Llama-3.2-1B", 1.1, 0.6, 0.8),
}
ERROR = 0.06
DONE = "{'train_runtime': '540', 'train_loss': '1.5', 'epoch': '2'}\n"


def make_scored(into: Path) -> tuple[Path, Path]:
    """Make the set; return it and its accounting."""
    set_dir, jobs = into / "scored", []
    for number, (name, (base, loss, early, late)) in enumerate(SCORES.items()):
        directory = set_dir / name
        jobs.append(Job(job_id=1200 + number, run=name))
        write_run(directory, jobs[-1].job_id, DONE)
        write_state(directory, {2 * n: loss + 1 / n for n in range(1, 51)})
        for place, step in (("", 100), ("checkpoint-50", 50), ("checkpoint-100", 100)):
            _save(directory / place, step, base)
        _evaluate(directory, "checkpoint-50", early)
        _evaluate(directory, "checkpoint-100" if name == "cut" else "", late)
    weights = set_dir / "cut" / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    return set_dir, write_accounting(into / "sacct.txt", set_dir, jobs)


def _save(place: Path, step: int, base: str) -> None:
    """Write a checkpoint, and leave a trainer's state of the whole run as it is."""
    state = place / "trainer_state.json"
    kept = state.read_bytes() if state.exists() else None
    write_hf_checkpoint(place, step, seed=step)
    write(place / "adapter_config.json", {**ADAPTER_CONFIG, "base_model_name_or_path": base})
    if kept is not None:
        state.write_bytes(kept)


def _evaluate(directory: Path, checkpoint: str, score: float) -> None:
    """Write what lm-evaluation-harness leaves of one checkpoint, or of the run's own directory."""
    weights = f"{directory}/{checkpoint}".rstrip("/")
    results = {
        "results": {"arc": {"alias": "arc", "acc,none": score, "acc_stderr,none": ERROR}},
        "config": {"model_args": f"pretrained=/models/tiny,peft={weights}"},
        "n-samples": {"arc": {"original": 600, "effective": 600}},
        "date": float(START + 900 + len(checkpoint)),
    }
    write(directory / f"results_2026-11-23T07-17-{20 + len(checkpoint)}.json", results)
