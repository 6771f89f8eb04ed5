"""Break a whole checkpoint in one way, and find exactly that, beside the safetensors library's verdict."""

from pathlib import Path

import pytest
from safetensors import SafetensorError, safe_open

from afterall.model import FindingCode, Tier, Verdict
from afterall.scan.checkpoints import Asked, read_manifest, render_manifest, verify, verify_as, write_manifest
from scan.checkpoint_breaking import BREAKAGES, UNSEEN, Breakage
from scan.checkpoint_edits import Break
from scan.checkpoint_making import only, told, write_epoch

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


@pytest.mark.parametrize(("what", "do", "file"), UNSEEN, ids=[what for what, _, _ in UNSEEN])
def test_bit_rot_is_seen_by_no_tier_but_against_a_manifest(
    epoch: Path, what: str, do: Break, file: str, tmp_path: Path
) -> None:
    """Neither the quick nor the values tier claims to see a flipped bit; the digest recorded before does."""
    recorded = verify_as([epoch], Asked(depth=Tier.VALUES, records=True))
    write_manifest(tmp_path / "manifest.json", render_manifest(recorded.base, recorded.recorded))
    do(epoch)
    for depth in (Tier.QUICK, Tier.VALUES):
        checkpoint = only(epoch, depth)
        assert (checkpoint.verdict, checkpoint.findings) == (Verdict.OK, ())
    asked = Asked(depth=Tier.VALUES, manifest=read_manifest(tmp_path / "manifest.json"))
    (checkpoint,) = verify_as([epoch], asked).checkpoints
    assert checkpoint.verdict is Verdict.CORRUPT
    assert Path(told(checkpoint, FindingCode.DIGEST_DIFFERS).subject).name == file
