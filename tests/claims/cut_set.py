"""Cut the golden torchtune set: checkpoints, tokenizers and logs that were there are not there any more.

What was cut: 1B_rank4's epoch_1; all tokenizer files of 1B_rank64; 3B_rank4's epoch_0, whose log now says
that two checkpoints are kept; the second half of one evaluation's log. The set's settings name a metric that
nobody logged, 3B_rank64's log holds its output twice, and the last report was edited.
"""

import shutil
from pathlib import Path

from afterall.pipeline import recorded, report
from golden.golden_sets import GOLDEN, unpack

CASE = "torchtune"
KEPT = 2
_TOKENIZERS = ("tokenizer.model", "tokenizer_config.json", "special_tokens_map.json")


def make_cut(into: Path) -> tuple[Path, Path]:
    """Make the set; return it and its accounting."""
    set_dir, accounting = unpack(CASE, into), GOLDEN / CASE / "sacct.txt"
    shutil.rmtree(set_dir / "1B_rank4" / "epoch_1")
    for epoch in (set_dir / "1B_rank64").glob("epoch_*"):
        for name in _TOKENIZERS:
            (epoch / name).unlink()
    _keep_two(set_dir / "3B_rank4")
    log = next((set_dir / "3B_rank64").glob("slurm-*.out"))
    log.write_bytes(log.read_bytes() * 2)
    _cut_evaluation(set_dir / "1B_rank4" / "eval" / "capitalization_ep2")
    _leave_evaluation(set_dir / "3B_rank4" / "eval" / "again")
    (set_dir / "afterall.toml").write_text('[metrics]\nfinal_vall_loss = "min"\n')
    report(set_dir, recorded(accounting))
    told = set_dir / "RESULTS.md"
    told.write_text(told.read_text("utf-8").replace("## Overview", "## My Overview"), "utf-8")
    return set_dir, accounting


def _keep_two(run: Path) -> None:
    """Let a run's log say that only so many checkpoints are kept, and delete the oldest."""
    shutil.rmtree(run / "epoch_0")
    log = next(run.glob("slurm-*.out"))
    text = log.read_text("utf-8")
    log.write_text(
        text.replace("\nepochs: 3\n", f"\nepochs: 3\nkeep_last_n_checkpoints: {KEPT}\n", 1), "utf-8"
    )


def _cut_evaluation(directory: Path) -> None:
    (path,) = directory.rglob("*.eval")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def _leave_evaluation(directory: Path) -> None:
    """Write the log of an evaluation that began and has no end, as inspect-ai's JSON form is."""
    directory.mkdir()
    begun = (
        '{"version": 2, "status": "started", "eval": {"task": "capitalization", "task_id": "x", '
        '"created": "2026-11-23T09:00:00+00:00", "model": "hf/local", '
        '"model_args": {"model_path": "/r/epoch_2"}}}'
    )
    (directory / "2026-11-23T09-00-00+00-00_capitalization_x.json").write_text(begun)
