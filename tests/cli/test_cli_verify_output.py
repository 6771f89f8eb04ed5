"""What verification found is a table, each kind of finding once, and one closing line, whatever was found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from afterall.cli.checkpoint_rows import checkpoint_rows
from afterall.cli.closing import closing_line
from afterall.cli.finding_blocks import MOST_LINES, finding_blocks
from afterall.cli.painted import folded
from afterall.cli.verification import print_verification
from afterall.model import (
    Checkpoint,
    CheckpointFile,
    CheckpointKind,
    FileRole,
    Finding,
    FindingCode,
    Severity,
    Tier,
    Verdict,
)

WORST = {Severity.ERROR: Verdict.CORRUPT, Severity.WARNING: Verdict.OK, Severity.INFO: Verdict.OK}


def made(path: str, *codes: FindingCode, tier: Tier | None = Tier.QUICK) -> Checkpoint:
    """Return a checkpoint of one file of 10 bytes, with a finding of each code about that file."""
    file = f"{path}/x.safetensors"
    findings = tuple(Finding(code=code, subject=file) for code in codes)
    gravest = max((finding.gravity for finding in findings), default=Severity.INFO)
    return Checkpoint(
        name=path.rpartition("/")[2],
        path=path,
        layout="torchtune",
        kind=CheckpointKind.ADAPTER,
        verdict=WORST[gravest],
        tier=tier,
        size_bytes=10,
        files=(CheckpointFile(file, FileRole.ADAPTER, 10, Verdict.OK),),
        findings=findings,
    )


def cells(checkpoints: list[Checkpoint], *, is_folded: bool) -> list[list[str]]:
    """Return the table's text, row by row."""
    return [[cell.text for cell in row] for row in checkpoint_rows(checkpoints, is_folded=is_folded)]


def test_findings_are_counted_by_severity() -> None:
    """The gravest come first, and one is not told as many."""
    codes = [FindingCode.TEMPORARY_FILE, FindingCode.FILE_EMPTY, FindingCode.FILE_EMPTY]
    assert cells([made("a", *codes)], is_folded=False)[0][-1] == "2 errors, 1 warning"
    note = made("a", FindingCode.CHECKSUM_NOT_COMPUTED, FindingCode.CHECKSUM_NOT_COMPUTED)
    assert cells([note], is_folded=False)[0][-1] == "2 info"


def test_sound_checkpoints_of_a_run_share_a_row() -> None:
    """What is wrong, of another run or of another tier keeps a row of its own, in the order of the first."""
    checkpoints = [
        made("run/epoch_0"),
        made("run/epoch_1", FindingCode.FILE_EMPTY),
        made("run/epoch_2"),
        made("run/epoch_3", FindingCode.MODE_PRIVATE),
        made("run/epoch_4", tier=Tier.VALUES),
        made("other/epoch_0"),
    ]
    assert [row[0] for row in cells(checkpoints, is_folded=True)] == [
        "run: 2 checkpoints, epoch_0 … epoch_2",
        "run/epoch_1",
        "run/epoch_3",
        "run/epoch_4",
        "other/epoch_0",
    ]
    assert cells(checkpoints, is_folded=True)[0][1:] == ["adapter", "✓ complete", "quick", "20 bytes", "-"]
    assert len(cells(checkpoints, is_folded=False)) == len(checkpoints)


def test_findings_of_a_kind_stand_together() -> None:
    """One heading, the words once, and a line for each checkpoint."""
    found = [made(f"run/epoch_{n}", FindingCode.FILE_EMPTY) for n in range(3)]
    (block,) = finding_blocks(found, is_verbose=False)
    assert block.where == "3 findings in 3 checkpoints"
    assert block.lines == tuple(f"run/epoch_{n}/x.safetensors has 0 bytes." for n in range(3))
    assert block.action.startswith("Save it again")


def test_findings_of_one_code_and_two_severities_are_two_blocks() -> None:
    """A grave case is not told as a mild one."""
    code = FindingCode.FILE_TRAILING_BYTES
    mild = replace(made("b"), findings=(Finding(code=code, subject="b/x.pt", severity=Severity.WARNING),))
    blocks = finding_blocks([mild, made("a", code)], is_verbose=False)
    assert [block.severity for block in blocks] == [Severity.ERROR, Severity.WARNING]


def test_what_is_told_differently_stands_behind_its_like() -> None:
    """Cases of a code that ask for different actions are told apart, and beside each other."""
    pointer = Finding(
        code=FindingCode.FILE_NOT_ITS_FORMAT,
        subject="c/x.safetensors",
        evidence={"is": "git-lfs-pointer", "real_bytes": 7},
    )
    checkpoints = [
        made("a", FindingCode.FILE_NOT_ITS_FORMAT),
        made("b", FindingCode.FILE_EMPTY),
        replace(made("c"), findings=(pointer,)),
    ]
    blocks = finding_blocks(checkpoints, is_verbose=False)
    code = FindingCode.FILE_NOT_ITS_FORMAT
    assert [block.code for block in blocks] == [code, code, FindingCode.FILE_EMPTY]
    assert [block.commands for block in blocks][1] == (
        "git -C c lfs pull --include=x.safetensors --exclude=",
    )


def test_many_of_a_kind_are_counted() -> None:
    """Beyond a handful lines and commands say how many more there are; --verbose tells all."""
    found = [made(f"run/epoch_{n}", FindingCode.TEMPORARY_FILE) for n in range(20)]
    (block,) = finding_blocks(found, is_verbose=False)
    assert len(block.lines) == len(block.commands) == MOST_LINES
    assert block.lines[-1] == "… and 13 more, told by --verbose and --json."
    assert block.commands[-1] == "# … and 13 more, told by --verbose and --json"
    (whole,) = finding_blocks(found, is_verbose=True)
    assert len(whole.lines) == len(whole.commands) == 20


def test_the_whole_text(capsys: pytest.CaptureFixture[str]) -> None:
    """A pipe gets the table, the block with its command, and the closing line."""
    checkpoint = made("run/epoch_0", FindingCode.MODE_PRIVATE)
    print_verification([checkpoint], Tier.QUICK)
    file = "run/epoch_0/x.safetensors"
    assert capsys.readouterr().out.splitlines() == [
        "Path         Kind     Verdict     Tier   Size      Findings",
        "run/epoch_0  adapter  ✓ complete  quick  10 bytes  1 warning",
        "",
        "warning: Weights Only Their Owner Can Read [mode_private]",
        f"  {file} can be read by its owner alone while its neighbours can be read by the group.",
        "  cause: Most likely safetensors 0.8.0, which writes every file with mode 0600, whatever the umask.",
        '  impact: Others of the group cannot load it; some programs then say "no such file".',
        "  action: Let the group read them (`chmod g+r`).",
        f"    chmod g+r -- {file}",
        "",
        closing_line([checkpoint], Tier.QUICK),
    ]


@pytest.mark.parametrize(
    ("tiers", "asked", "told"),
    [
        ([Tier.QUICK], Tier.QUICK, ["Quick tier: ", "no weights were read (--deep reads them)."]),
        ([Tier.VALUES], Tier.VALUES, ["Values tier: ", "(--against MANIFEST sees it)."]),
        ([Tier.AGAINST], Tier.AGAINST, ["Against tier: ", "before the digests were recorded is not seen."]),
        ([Tier.QUICK], Tier.VALUES, ["Quick tier: ", "not all of their weights could be read."]),
        ([Tier.VALUES], Tier.AGAINST, ["Values tier: ", "not all of their files have a recorded digest."]),
        ([None], Tier.QUICK, ["No tier: nothing was looked into."]),
    ],
)
def test_the_closing_line_says_what_was_not_seen(
    tiers: list[Tier | None], asked: Tier, told: list[str]
) -> None:
    """The tier that ran is named with what it cannot see, and no other tier is."""
    line = closing_line([made("a", tier=tier) for tier in tiers], asked)
    assert all(part in line for part in told)
    others = {tier.value.capitalize() for tier in Tier if tier not in tiers}
    assert [word for word in others if f"{word} tier" in line] == []


def test_several_tiers_are_counted() -> None:
    """Each tier says for how many checkpoints it ran, the one that did not reach what was asked too."""
    tiers = (Tier.VALUES, Tier.QUICK, Tier.VALUES, None)
    line = closing_line([made(f"a/{n}", tier=tier) for n, tier in enumerate(tiers)], Tier.VALUES)
    assert line.startswith("4 checkpoints: 4 complete; 4 files, 40 bytes. Quick tier (1 checkpoint): ")
    assert "Values tier (2 checkpoints): structure" in line
    assert line.endswith("No tier (1 checkpoint): nothing was looked into.")


@pytest.mark.parametrize(
    ("width", "lines"),
    [
        (40, ["set/rank4/checkpoint-200"]),
        (12, ["set/rank4/ch", "eckpoint-200"]),
        (14, ["set/rank4/", "checkpoint-200"]),
        (5, ["set/r", "ank4/", "check", "point", "-200"]),
    ],
)
def test_a_path_is_folded_behind_slashes(width: int, lines: list[str]) -> None:
    """A name stays whole where a line can hold it, and is cut where none can."""
    assert folded("set/rank4/checkpoint-200", width) == lines


@given(st.text(), st.integers(1, 30))
def test_folding_loses_nothing(path: str, width: int) -> None:
    """The lines together are the path, and none is too long."""
    lines = folded(path, width)
    assert "".join(lines) == path
    assert all(len(line) <= width for line in lines)
