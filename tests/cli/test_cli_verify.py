"""`afterall verify` tells of checkpoints anywhere, claims no more than it saw, and exits 1 on faults."""

import json
import os
from pathlib import Path

import msgspec
import pytest

from afterall.render.results import Verification
from cli.cli_ground import everything_in, speak

TRUNCATED = "3B_rank4/checkpoint-200"
GOOD = "3B_rank4/checkpoint-100"


def rows(out: str) -> dict[str, str]:
    """Return the table's rows by their first cell."""
    _, *lines = out.partition("\n\n")[0].splitlines()
    return {line.split()[0]: line for line in lines}


def test_good_checkpoints_are_exit_code_0(set_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A sound checkpoint is one row that names path, kind, verdict, tier and size."""
    told = speak(capsys, "verify", set_dir / GOOD)
    assert (told.code, told.err) == (0, "")
    headers, row, *_, closing = told.out.splitlines()
    assert headers.split() == ["Path", "Kind", "Verdict", "Tier", "Size", "Findings"]
    assert row.split() == [
        str(set_dir / GOOD),
        "adapter",
        "✓",
        "complete",
        "quick",
        "38.1",
        "kB",
        "-",
    ]
    assert closing == (
        "1 checkpoint: 1 complete; 5 files, 38.1 kB. Quick tier: sizes, headers, structure, and what files "
        "say of each other; no weights were read (--deep reads them)."
    )


def test_a_truncated_file_is_exit_code_1_with_words(
    set_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a whole set the one cut adapter is found, and told once with its number and what to do."""
    told = speak(capsys, "verify", set_dir)
    assert told.code == 1
    assert "\n16 checkpoints: 15 complete, 1 corrupt; " in told.out
    bad = rows(told.out)[str(set_dir / TRUNCATED)]
    assert bad.endswith("✗ corrupt   quick  29.4 kB  1 error")
    assert told.out.partition("\n\n")[2].partition("\n\n")[0] == (
        "error: Truncated File [file_truncated]\n"
        f"  {set_dir / TRUNCATED}/adapter_model.safetensors is 11.6 kB too short.\n"
        "  cause: The save was interrupted, or the disk or quota was full.\n"
        "  impact: It cannot be loaded; use another checkpoint of this run.\n"
        "  action: Save it again from the last good state, or copy it again if it was copied."
    )


def test_no_tier_is_named_that_did_not_run(set_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --deep the cut file's weights are not read, and its row says so."""
    told = speak(capsys, "verify", set_dir / GOOD, set_dir / TRUNCATED, "--deep")
    tiers = {path: row.split()[4] for path, row in rows(told.out).items()}
    assert tiers == {str(set_dir / GOOD): "values", str(set_dir / TRUNCATED): "quick"}
    closing = told.out.splitlines()[-1]
    assert "Quick tier (1 checkpoint): " in closing
    assert "Values tier (1 checkpoint): " in closing
    assert "not all of their weights could be read" in closing
    quick = speak(capsys, "verify", set_dir / GOOD).out
    assert "values" not in quick.lower()
    assert "verified" not in quick


def test_deep_reads_the_values(set_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """NaNs written over weights are seen by --deep alone."""
    path = set_dir / GOOD / "adapter_model.safetensors"
    with open(path, "r+b") as file:
        file.seek(-8, os.SEEK_END)
        file.write(b"\xff" * 8)
    assert speak(capsys, "verify", set_dir / GOOD).code == 0
    told = speak(capsys, "verify", set_dir / GOOD, "--deep")
    assert told.code == 1
    assert "hold NaN or infinity" in told.out


def test_a_file_can_be_named_by_itself(set_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a file alone only that file is judged, under the path that was typed."""
    path = set_dir / GOOD / "adapter_model.safetensors"
    told = speak(capsys, "verify", path)
    assert told.code == 0
    assert list(rows(told.out)) == [str(path)]


def test_relative_paths_stay_relative(
    set_dir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths are shown so that they can be typed again from the same place."""
    monkeypatch.chdir(set_dir / "3B_rank4")
    assert set(rows(speak(capsys, "verify", ".").out)) == {
        ".",
        "checkpoint-100",
        "checkpoint-200",
        "checkpoint-300",
    }
    assert list(rows(speak(capsys, "verify", "checkpoint-100").out)) == ["checkpoint-100"]


def test_an_unfinished_save_is_incomplete(set_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An adapter without its configuration cannot be loaded: exit code 1."""
    (set_dir / GOOD / "adapter_config.json").unlink()
    told = speak(capsys, "verify", set_dir / GOOD)
    assert told.code == 1
    assert "⚠️ incomplete" in told.out


def test_a_directory_without_a_checkpoint_is_missing_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing to verify is never told as all being well."""
    (tmp_path / "run").mkdir()
    told = speak(capsys, "verify", tmp_path / "run")
    assert told.code == 1
    assert "✗ missing  -" in told.out
    assert told.out.endswith("No tier: nothing was looked into.\n")


def test_what_nobody_opened_is_not_called_complete(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A text file and a FIFO that were named are not verifiable, and no tier ran on them."""
    (tmp_path / "notes.txt").write_text("hello")
    told = speak(capsys, "verify", tmp_path / "notes.txt")
    assert (told.code, "complete" in told.out) == (0, False)
    assert "not verifiable  -" in told.out
    os.mkfifo(tmp_path / "fifo")
    told = speak(capsys, "verify", tmp_path / "fifo")
    assert (told.code, "complete" in told.out) == (1, False)
    assert "it is no regular file" in told.out


@pytest.mark.parametrize("paths", [["nothing"], ["good", "nothing"]])
def test_a_path_that_is_not_there_is_one_line(
    set_dir: Path, paths: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is read, the wrong path is named on stderr with exit code 2."""
    (set_dir / GOOD).rename(set_dir / "good")
    monkeypatch.chdir(set_dir)
    told = speak(capsys, "verify", *paths)
    assert (told.code, told.out) == (2, "")
    assert told.err == "afterall: nothing: No such file or directory\n"


def test_a_name_cannot_command_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Escapes and newlines in names are spelled out, in the table, in errors and in JSON."""
    name = "model\x1b[31m\n.safetensors"
    (tmp_path / name).write_bytes(b"")
    table = speak(capsys, "verify", tmp_path)
    assert "model\\x1b[31m\\n.safetensors" in table.out
    document = speak(capsys, "verify", tmp_path, "--json")
    error = speak(capsys, "verify", tmp_path / "x\x1b[31m\ny")
    assert "\x1b" not in table.out + document.out + error.err
    assert len(error.err.splitlines()) == 1


def test_json_is_what_its_records_say(set_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A strict decoder reads it; it holds every file and finding, and the exit code stays."""
    told = speak(capsys, "verify", set_dir, "--json")
    assert (told.code, told.err) == (1, "")
    decoded = msgspec.json.decode(told.out, type=Verification, strict=True)
    assert msgspec.to_builtins(decoded) == json.loads(told.out)
    by_path = {checkpoint.path: checkpoint for checkpoint in decoded.checkpoints}
    bad = by_path[str(set_dir / TRUNCATED)]
    assert [(finding.code.value, finding.subject) for finding in bad.findings] == [
        ("file_truncated", str(set_dir / TRUNCATED / "adapter_model.safetensors"))
    ]
    assert bad.findings[0].message == f"{bad.findings[0].subject} is 11.6 kB too short."
    assert len(by_path[str(set_dir / GOOD)].files) == 5


def test_verbose_tells_every_finding(set_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a dozen faults of a kind the first few are told and the rest is counted, or all with --verbose."""
    for path in set_dir.rglob("*.safetensors"):
        path.write_bytes(b"")
    few, all_ = speak(capsys, "verify", set_dir).out, speak(capsys, "verify", set_dir, "--verbose").out
    assert few.count(" has 0 bytes.") == 7
    assert "  … and 9 more, told by --verbose and --json.\n" in few
    assert all_.count(" has 0 bytes.") == 16


def test_nothing_is_written(set_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not even a lock or a cache appears."""
    before = everything_in(set_dir)
    speak(capsys, "verify", set_dir)
    assert everything_in(set_dir) == before
