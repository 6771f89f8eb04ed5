"""Render checkpoints of trainers that put metrics into file names, and files that are no safetensors."""

from afterall.model import Checkpoint, Experiment, FileRole, Verdict
from afterall.render.documents import render
from afterall.settings import SetSettings
from render.render_reports import make_checkpoint, make_experiment, tiny_report


def saved(run: str, name: str, verdict: Verdict = Verdict.OK) -> Checkpoint:
    """Return a Lightning checkpoint of a run."""
    held = {f"{name}.ckpt": (FileRole.FULL_WEIGHTS, 100)}
    return make_checkpoint(f"{run}/checkpoints", 2, held, name=name, layout="lightning", verdict=verdict)


def document(*experiments: Experiment) -> str:
    """Return the report on the runs."""
    return render(tiny_report(*experiments), SetSettings(), "", {})["RESULTS.md"].decode()


def test_runs_share_a_column_whatever_metric_stands_in_the_name() -> None:
    """Each run's best checkpoint bears its own loss, which would give each run a column of its own."""
    runs = [
        make_experiment(run, checkpoints=(saved(run, f"epoch=2-step=39-val_loss=0.{run}"),))
        for run in ("11", "22")
    ]
    (line,) = [line for line in document(*runs).splitlines() if line.startswith("| Experiment   | epoch")]
    assert line.count("epoch=") == 1
    assert "val_loss" not in line


def test_the_gravest_of_a_shared_column_is_shown() -> None:
    """A damaged checkpoint is not hidden behind a good one of the same epoch."""
    run = make_experiment(
        "a",
        checkpoints=(
            saved("a", "epoch=2-step=39-val_loss=0.1", Verdict.CORRUPT),
            saved("a", "epoch=2-step=39-val_loss=0.2"),
        ),
    )
    (row,) = [line for line in document(run).splitlines() if line.startswith("| a ") and "corrupt" in line]
    assert row.split("|")[2].strip() == "✗"


def test_the_command_finds_the_weights_that_are_there() -> None:
    """`find` looks for the ending that the weights have."""
    told = document(make_experiment("a", checkpoints=(saved("a", "last"),)))
    assert "\nfind a -name '*.ckpt' -ls\n" in told
