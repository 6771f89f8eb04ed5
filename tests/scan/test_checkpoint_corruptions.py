"""Break a whole checkpoint in one way, and find exactly that, beside the safetensors library's verdict."""

from pathlib import Path

import pytest
from safetensors import SafetensorError, safe_open

from afterall.model import Tier, Verdict
from afterall.scan.checkpoints import verify
from scan.checkpoint_breaking import BREAKAGES, Breakage
from scan.checkpoint_making import only, write_epoch

IDS = [breakage.what for breakage in BREAKAGES]


def library_accepts(path: Path) -> bool:
    """Return whether the safetensors library opens the file."""
    try:
        with safe_open(path, framework="np"):
            return True
    except (SafetensorError, OSError, ValueError):
        return False


@pytest.fixture
def epoch(tmp_path: Path) -> Path:
    """Return a whole epoch as torchtune saves it, for a test to break."""
    return write_epoch(tmp_path / "run" / "epoch_0")


@pytest.mark.parametrize("depth", [Tier.QUICK, Tier.VALUES])
def test_the_whole_checkpoint_is_ok_in_both_tiers(epoch: Path, depth: Tier) -> None:
    """Before it is broken, nothing is found in it, and the tier that ran is the one asked for."""
    checkpoint = only(epoch, depth)
    assert (checkpoint.verdict, checkpoint.findings, checkpoint.tier) == (Verdict.OK, (), depth)


@pytest.mark.parametrize("breakage", BREAKAGES, ids=IDS)
def test_each_breakage_is_named_and_judged(epoch: Path, breakage: Breakage) -> None:
    """What was done is found at the file it was done to, and the checkpoint is judged by it."""
    breakage.do(epoch)
    checkpoint = only(epoch, breakage.depth)
    found = {(finding.code, Path(finding.subject).name) for finding in checkpoint.findings}
    assert (breakage.code, breakage.file) in found
    assert checkpoint.verdict is breakage.verdict


@pytest.mark.parametrize(
    "breakage",
    [b for b in BREAKAGES if b.library is not None],
    ids=[b.what for b in BREAKAGES if b.library is not None],
)
def test_the_file_alone_gets_the_librarys_verdict(epoch: Path, breakage: Breakage) -> None:
    """What the library refuses is corrupt by itself; what it lets pass is refused for no reason of form."""
    breakage.do(epoch)
    path = epoch / breakage.file
    assert library_accepts(path) is breakage.library
    if not breakage.library:
        assert only(path).verdict is Verdict.CORRUPT


@pytest.mark.parametrize("breakage", BREAKAGES, ids=IDS)
def test_siblings_of_a_broken_checkpoint_stay_ok(epoch: Path, breakage: Breakage) -> None:
    """A broken checkpoint takes nothing from the one beside it."""
    write_epoch(epoch.parent / "epoch_1", seed=500)
    breakage.do(epoch)
    verdicts = {c.name: c.verdict for c in verify([epoch.parent], breakage.depth)}
    assert verdicts["epoch_1"] is Verdict.OK
