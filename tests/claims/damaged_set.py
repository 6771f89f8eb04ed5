"""Make a run for each way to break a checkpoint, each with one epoch of torchtune's layout."""

from pathlib import Path

from scan.checkpoint_breaking import BREAKAGES
from scan.checkpoint_making import write_epoch


def make_damaged(into: Path) -> Path:
    """Make the set; its runs are named by their breakage's code and number."""
    set_dir = into / "damaged"
    for number, breakage in enumerate(BREAKAGES):
        directory = write_epoch(set_dir / f"{breakage.code.value}_{number}" / "epoch_0")
        breakage.do(directory)
    return set_dir
