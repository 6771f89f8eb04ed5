"""A finding's command is right as it is printed: bash runs it here, on names of every kind.

Where no command is right there is none, and nothing is taken from what may be another run.
"""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from afterall.model import (
    Checkpoint,
    CheckpointFile,
    CheckpointKind,
    FileRole,
    Finding,
    FindingCode,
    Scalar,
    Severity,
    Tier,
    Verdict,
)
from afterall.render.remedies import Remedies, remedies_of
from afterall.render.remedy_table import MOST_FILES, REMEDIES
from afterall.render.words.findings import WORDINGS
from render.render_reports import make_experiment, tiny_report
from render.render_strings import STRINGS

NAMES = (
    "model.safetensors",
    "-rf.safetensors",
    "a b'c$(x).safetensors",
    "é\udcff\n.safetensors",
    "*.safetensors",
)
POINTER: dict[str, Scalar] = {"is": "git-lfs-pointer", "real_bytes": 5}


def made(path: str = "run/epoch_0", *files: CheckpointFile, **changes: object) -> Checkpoint:
    """Return a checkpoint with these files."""
    checkpoint = Checkpoint(
        name=path.rpartition("/")[2],
        path=path,
        layout="torchtune",
        kind=CheckpointKind.FULL,
        verdict=Verdict.OK,
        tier=Tier.QUICK,
        size_bytes=0,
        files=files,
        epoch=int(path[-1]) if path[-1].isdecimal() else None,
    )
    return replace(checkpoint, **changes)


def weights(path: str) -> CheckpointFile:
    """Return a file of weights."""
    return CheckpointFile(path, FileRole.FULL_WEIGHTS, 1, Verdict.OK)


def config(path: str, verdict: Verdict = Verdict.OK) -> CheckpointFile:
    """Return an adapter's configuration."""
    return CheckpointFile(path, FileRole.ADAPTER_CONFIG, 1, verdict)


def command(
    code: FindingCode, subject: str, evidence: dict[str, Scalar] | None = None, root: str = ""
) -> str:
    """Return the command for one finding of a checkpoint that is `epoch_0` in `run`."""
    owner = made("run/epoch_0", weights(subject))
    return Remedies([owner], root).command(
        Finding(code=code, subject=subject, evidence=evidence or {}), owner
    )


def bash(line: str, cwd: Path) -> str:
    """Run a command as a person would paste it, and return what it prints."""
    done = subprocess.run(
        ["bash", "-ec", os.fsencode(line)], cwd=cwd, capture_output=True, check=True, timeout=30
    )
    return os.fsdecode(done.stdout)


@pytest.mark.parametrize("name", NAMES)
def test_the_group_is_let_in(name: str, tmp_path: Path) -> None:
    """The file that is named is changed, whatever its name is, and one right is added."""
    file = tmp_path / name
    file.write_bytes(b"x")
    file.chmod(0o600)
    bash(command(FindingCode.MODE_PRIVATE, name), tmp_path)
    assert file.stat().st_mode & 0o777 == 0o640


def test_all_private_shards_of_a_checkpoint_are_named(tmp_path: Path) -> None:
    """One finding stands for several files: the command is for all of them."""
    paths = [f"run/epoch_0/model-{n}.safetensors" for n in range(3)]
    owner = made("run/epoch_0", *map(weights, paths), config("run/epoch_0/adapter_config.json"))
    finding = Finding(code=FindingCode.MODE_PRIVATE, subject=paths[0], evidence={"files": 3})
    assert Remedies([owner]).command(finding, owner) == f"chmod g+r -- {' '.join(paths)}"


def test_many_private_shards_are_found_by_their_ending(tmp_path: Path) -> None:
    """Beyond a line's length find changes what is private, and leaves what is open as it is."""
    (tmp_path / "(x").mkdir()
    paths = [f"(x/model-{n}.safetensors" for n in range(MOST_FILES + 1)]
    for path in paths:
        (tmp_path / path).write_bytes(b"x")
        (tmp_path / path).chmod(0o600)
    (tmp_path / paths[-1]).chmod(0o604)
    owner = made("(x", *map(weights, paths))
    finding = Finding(code=FindingCode.MODE_PRIVATE, subject=paths[0], evidence={"files": len(paths) - 1})
    bash(Remedies([owner]).command(finding, owner), tmp_path)
    modes = [(tmp_path / path).stat().st_mode & 0o777 for path in paths]
    assert modes == [0o640] * MOST_FILES + [0o604]


@pytest.mark.parametrize("name", NAMES)
def test_a_leftover_is_deleted_alone(name: str, tmp_path: Path) -> None:
    """Only the file of that name goes, and the words say when it may."""
    (tmp_path / name).write_bytes(b"x")
    (tmp_path / "other").write_bytes(b"x")
    bash(command(FindingCode.TEMPORARY_FILE, name), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["other"]
    assert "once no job of the run is alive" in WORDINGS[FindingCode.TEMPORARY_FILE].resolution[0]


@pytest.mark.parametrize("name", NAMES)
def test_a_stray_shard_is_kept_under_another_name(name: str, tmp_path: Path) -> None:
    """It is moved so that no program loads it, and never over another file."""
    (tmp_path / name).write_bytes(b"x")
    moved = tmp_path / f"{name}.not-in-index"
    bash(command(FindingCode.SHARD_EXTRA, name), tmp_path)
    assert moved.read_bytes() == b"x"
    (tmp_path / name).write_bytes(b"y")
    subprocess.run(
        ["bash", "-c", os.fsencode(command(FindingCode.SHARD_EXTRA, name))], cwd=tmp_path, check=False
    )
    assert moved.read_bytes() == b"x"


def test_a_pointer_is_fetched_in_its_directory() -> None:
    """Git LFS is asked for this file alone; where its name would be a pattern, for all."""
    said = command(FindingCode.FILE_NOT_ITS_FORMAT, "run/epoch_0/model.safetensors", POINTER)
    assert said == "git -C run/epoch_0 lfs pull --include=model.safetensors --exclude="
    assert command(FindingCode.FILE_NOT_ITS_FORMAT, "a/x[1].bin", POINTER) == "git -C a lfs pull"
    assert command(FindingCode.FILE_NOT_ITS_FORMAT, "model.bin", POINTER).startswith("git -C . lfs pull ")


def test_a_web_page_has_no_command() -> None:
    """Where the real file is to be had is written nowhere."""
    assert command(FindingCode.FILE_NOT_ITS_FORMAT, "a/x.bin", {"is": "web-page"}) == ""


@pytest.mark.parametrize("code", [FindingCode.FILE_SPARSE, FindingCode.FILE_ZERO_TAIL])
def test_weights_are_to_be_read_where_they_were_not(code: FindingCode) -> None:
    """The deeper look is suggested for the whole checkpoint, and not after it was had."""
    owner = made("run/epoch_0")
    finding = Finding(code=code, subject="run/epoch_0/x.safetensors")
    assert Remedies([owner]).command(finding, owner) == "afterall verify --deep -- run/epoch_0"
    deep = [owner, made("run/epoch_1", tier=Tier.VALUES)]
    assert Remedies(deep).command(finding, owner) == ""


def lacking(*others: Checkpoint) -> str:
    """Return the command for an epoch 0 without its adapter's configuration, beside `others`."""
    owner = made("run/epoch_0")
    subject = "run/epoch_0/adapter_config.json"
    finding = Finding(code=FindingCode.ADAPTER_CONFIG_MISSING, subject=subject)
    return Remedies([owner, *others]).command(finding, owner)


def test_a_configuration_is_copied_from_another_epoch(tmp_path: Path) -> None:
    """It is the same for all checkpoints of a run; a whole one is taken."""
    path = "run/epoch_{}/adapter_config.json"
    for epoch in (0, 2):
        (tmp_path / "run" / f"epoch_{epoch}").mkdir(parents=True)
    (tmp_path / path.format(2)).write_text("{}")
    broken = made("run/epoch_1", config(path.format(1), Verdict.CORRUPT))
    line = lacking(broken, made("run/epoch_2", config(path.format(2))))
    bash(line, tmp_path)
    assert (tmp_path / path.format(0)).read_text() == "{}"


def test_nothing_is_copied_from_what_may_be_another_run() -> None:
    """A neighbour in another directory, of another layout or without a number is no sibling."""
    held = config("run/epoch_1/adapter_config.json")
    assert lacking() == ""
    assert lacking(made("run/epoch_1", config(held.path, Verdict.CORRUPT))) == ""
    assert lacking(made("other/epoch_1", config("other/epoch_1/adapter_config.json"))) == ""
    assert lacking(made("run/epoch_1", held, layout="bare")) == ""
    assert lacking(made("run/epoch_1", held, epoch=None)) == ""
    blamed = Finding(code=FindingCode.FILE_NEWER_THAN_JOB, subject=held.path)
    assert lacking(made("run/epoch_1", held, findings=(blamed,))) == ""


def test_what_differs_between_steps_is_never_copied() -> None:
    """Another step's trainer state would be a lie."""
    owner = made("run/epoch_0")
    path = "run/epoch_1/trainer_state.json"
    sibling = made("run/epoch_1", CheckpointFile(path, FileRole.TRAINER_STATE, 1, Verdict.OK))
    finding = Finding(code=FindingCode.CONFIG_INVALID, subject="run/epoch_0/trainer_state.json")
    assert Remedies([owner, sibling]).command(finding, owner) == ""


def test_an_unreadable_path_is_shown_step_by_step(tmp_path: Path) -> None:
    """The first directory that nobody may enter is in what the command prints."""
    (tmp_path / "a b").mkdir()
    (tmp_path / "a b" / "x").symlink_to("nothing")
    done = subprocess.run(
        ["bash", "-c", command(FindingCode.FILE_UNREADABLE, "a b/x")],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert b"a b" in done.stdout
    assert b"x -> nothing" in done.stdout


def test_a_wrong_checksum_is_confirmed(tmp_path: Path) -> None:
    """Python's own reader takes the command, and a file whose name looks like an option."""
    subprocess.run(["python3", "-m", "zipfile", "-c", "./-a.pt", "/etc/hostname"], cwd=tmp_path, check=True)
    assert "Done testing" in bash(command(FindingCode.RECORD_CHECKSUM_WRONG, "-a.pt"), tmp_path)


def test_a_copy_is_linked_where_the_finding_names_a_pair() -> None:
    """Without a pair, or with paths that are not this checkpoint's, there is no command."""
    pair: dict[str, Scalar] = {"original": "run/epoch_0/t.json", "copy": "run/epoch_1/t.json"}
    code, subject = FindingCode.FILES_REPEATED, "run/epoch_0"
    assert command(code, subject, pair) == "ln -f -- run/epoch_0/t.json run/epoch_1/t.json"
    assert command(code, subject, {"original": "run/epoch_0/t.json"}) == ""
    assert command(code, "elsewhere/epoch_0", pair) == ""


def test_a_report_gives_whole_paths() -> None:
    """RESULTS.md is read anywhere: its commands hold the set's place; the checkpoint is found by path."""
    owner = made("a/epoch_0", weights("a/epoch_0/x.safetensors"))
    report = tiny_report(make_experiment("a", checkpoints=(owner,)))
    finding = Finding(code=FindingCode.FILE_SPARSE, subject="a/epoch_0/x.safetensors")
    assert remedies_of(report).command(finding) == f"afterall verify --deep -- {report.set.path}/a/epoch_0"


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(FindingCode), STRINGS, STRINGS, st.sampled_from(["", "/scratch/set"]))
def test_a_command_is_one_harmless_line(code: FindingCode, subject: str, word: str, root: str) -> None:
    """Whatever names hold, every command is printable text on one line, for every code."""
    names = ("is", "base", "original", "copy", "files", "which")
    evidence: dict[str, Scalar] = dict.fromkeys(names, word)
    said = command(code, subject, evidence, root)
    assert said == "" or said.isprintable()


def test_words_stand_beside_every_command() -> None:
    """A command without an action to explain it is no advice."""
    without = [code for code in REMEDIES if not WORDINGS[code].resolution[0] or not WORDINGS[code].impact[-1]]
    grave = [code for code in without if code.severity is not Severity.INFO]
    assert grave == []
