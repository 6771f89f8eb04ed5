"""What cannot be used is one clear line on stderr, exit code 2 or 5, and nothing is written."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.cli_ground import NOBODY, Told, everything_in, in_process, make_set, names_in, speak

READERS = ["report", "status"]


def refused(told: Told, code: int = 2) -> str:
    """Return the one line that a command refused with."""
    assert (told.code, told.out) == (code, "")
    assert told.err.startswith("afterall: ")
    assert told.err.endswith("\n")
    assert len(told.err.splitlines()) == 1, told.err
    return told.err.removeprefix("afterall: ").rstrip("\n")


def as_nobody(python: str, *arguments: str | Path) -> Told:
    """Run one command as a user who owns nothing."""
    argv = [python, "-m", "afterall", *map(str, arguments)]
    done = subprocess.run(
        argv,
        cwd="/",
        env={"PATH": "/nothing"},
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Told(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("command", READERS)
def test_a_set_that_does_not_exist(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The path as it was typed is named."""
    line = refused(speak(capsys, command, tmp_path / "nothing", "--no-slurm"))
    assert line == f"{tmp_path}/nothing: No such file or directory"
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("command", READERS)
def test_a_set_that_is_a_file(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A log or a report in the set's place is told as no directory."""
    (tmp_path / "file").touch()
    line = refused(speak(capsys, command, tmp_path / "file", "--no-slurm"))
    assert line == f"{tmp_path}/file: is not a directory"


@pytest.mark.parametrize("command", READERS)
def test_a_set_that_is_empty(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty directory is told as empty and stays so."""
    (tmp_path / "set").mkdir()
    line = refused(speak(capsys, command, tmp_path / "set", "--no-slurm"))
    assert line == f"{tmp_path}/set: is empty"
    assert names_in(tmp_path / "set") == set()


def test_a_set_without_jobs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Scripts that nobody submitted are nothing to report on; status shows them all the same."""
    for run in ("a", "b"):
        (tmp_path / run).mkdir()
        (tmp_path / run / "train.sbatch").write_text("#!/bin/bash\n#SBATCH --time=1:00\npython train.py\n")
    line = refused(speak(capsys, "report", tmp_path, "--no-slurm"))
    assert line.startswith(f"{tmp_path}: has no jobs: none of its 2 experiment(s) has a log or a checkpoint")
    assert names_in(tmp_path) == {"a", "b"}
    assert speak(capsys, "status", tmp_path, "--no-slurm").code == 0


@pytest.mark.parametrize("command", READERS)
def test_a_directory_that_holds_no_experiment(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Notes and pictures make no set; what was looked for in vain is said."""
    (tmp_path / "notes.txt").write_text("hello\n")
    (tmp_path / "pictures").mkdir()
    line = refused(speak(capsys, command, tmp_path, "--no-slurm"))
    assert line.startswith(f"{tmp_path}: holds no experiment: no checkpoint, log, ")
    assert names_in(tmp_path) == {"notes.txt", "pictures"}


@pytest.mark.parametrize("command", READERS)
@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('title = "x"\nreport = \n', ":2: report: invalid value"),
        ('title = "x"\n\nreprot = "x.md"\n', ":3: reprot: is not a setting"),
        ('experiments = "runs/*"\n', ":1: experiments: expected list, got text"),
        ('[jobs]\n1B_rank4 = ["12x"]\n', ":2: jobs.1B_rank4: '12x' is no job id such as 1234 or 1234_5"),
        ('report = "../x.md"\n', ":1: report: '../x.md' is not a plain file name that ends in .md"),
        ('templates = "/etc"\n', ":1: templates: '/etc' leaves the set"),
        ("title = 'x\n", ":1: title: "),
    ],
)
def test_settings_that_are_not_valid(
    command: str, text: str, problem: str, set_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """File, line and key are named, and the set is left as it was."""
    (set_dir / "afterall.toml").write_text(text)
    before = everything_in(set_dir)
    line = refused(speak(capsys, command, set_dir, "--no-slurm"))
    assert line.startswith(f"{set_dir}/afterall.toml{problem}")
    assert everything_in(set_dir) == before


@pytest.mark.parametrize("name", ["title.md.j2", "nonsense.md.j2"])
def test_templates_that_cannot_be_used(name: str, set_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A lab's template that fails is named before anything is written, the lock's directory too."""
    (set_dir / "afterall.toml").write_text('templates = "ours"\n')
    (set_dir / "ours").mkdir()
    (set_dir / "ours" / name).write_text("{{ nothing.at.all }}\n")
    before = everything_in(set_dir)
    line = refused(speak(capsys, "report", set_dir, "--no-slurm"))
    assert line.startswith(f"ours/{name}:")
    assert everything_in(set_dir) == before


@pytest.mark.parametrize("command", READERS)
def test_a_set_that_cannot_be_read(command: str, commons: Path, nobodys_python: str) -> None:
    """Somebody else's private directory is told with the system's reason."""
    set_dir = make_set(commons)
    set_dir.chmod(0o700)
    before = everything_in(set_dir)
    line = refused(as_nobody(nobodys_python, command, set_dir))
    assert line.startswith(str(set_dir))
    assert line.lower().endswith(": permission denied")
    set_dir.chmod(0o711)
    assert refused(as_nobody(nobodys_python, command, set_dir)) == f"{set_dir}: Permission denied"
    assert everything_in(set_dir) == before


def test_a_set_that_cannot_be_written(commons: Path, nobodys_python: str) -> None:
    """A colleague can see how it stands, and learns with exit code 5 that the report cannot be put there."""
    set_dir = make_set(commons)
    before = everything_in(set_dir)
    assert as_nobody(nobodys_python, "status", set_dir).code == 0
    line = refused(as_nobody(nobodys_python, "report", set_dir), 5)
    assert line == f"{set_dir}/.afterall: permission denied"
    assert everything_in(set_dir) == before


def test_a_report_that_cannot_be_replaced_stays(commons: Path, nobodys_python: str) -> None:
    """Where only the lock may be taken, the old report is untouched and the one that cannot be is named."""
    set_dir = make_set(commons)
    assert in_process("report", set_dir, "--no-slurm").code == 0
    (set_dir / ".afterall").chmod(0o777)
    (set_dir / ".afterall/report.lock").chmod(0o666)
    old = (set_dir / "RESULTS.md").read_bytes()
    (set_dir / "1B_rank4/slurm-4101.out").write_text("another log\n")
    line = refused(as_nobody(nobodys_python, "report", set_dir), 5)
    assert line.endswith(": permission denied")
    assert (set_dir / "RESULTS.md").read_bytes() == old


_HOLD = """
import sys
from pathlib import Path
from afterall.publish import locked
with locked(Path(sys.argv[1]), 5):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_lock_that_another_process_holds(
    set_dir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 5 names the process and its host."""
    monkeypatch.setattr("afterall.pipeline.writing.LOCK_TIMEOUT_S", 0.2)
    argv = [sys.executable, "-c", _HOLD, str(set_dir)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        line = refused(speak(capsys, "report", set_dir, "--no-slurm"), 5)
        assert line == (
            f"{set_dir}/.afterall/report.lock: the lock is held "
            f"(held by process {other.pid} on {os.uname().nodename})"
        )
        assert not (set_dir / "RESULTS.md").exists()
        other.communicate(b"")
    assert speak(capsys, "report", set_dir, "--no-slurm").code == 0


def test_one_broken_experiment_costs_itself_alone(
    set_dir: Path, no_slurm: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With junk, FIFOs and directories in place of all of one run's files, the others are told as before."""
    speak(capsys, "status", set_dir)
    before = speak(capsys, "status", set_dir).out.splitlines()
    files = sorted(path for path in (set_dir / "3B_rank64").rglob("*") if path.is_file())
    for number, path in enumerate(files):
        path.unlink()
        match number % 4:
            case 0:
                path.mkdir()
            case 1:
                os.mkfifo(path)
            case 2:
                path.write_bytes(bytes(range(256)) * 40)
            case _:
                path.symlink_to(path.name)
    told = speak(capsys, "status", set_dir)
    assert told.code == 0
    after = told.out.splitlines()
    assert [row for row in after[2:] if not row.startswith("3B_rank64 ")] == [
        row for row in before[2:] if not row.startswith("3B_rank64 ")
    ]
    (broken,) = [row.split() for row in after if row.startswith("3B_rank64 ")]
    assert broken[1:3] == ["unknown", "unknown"]
    assert broken[5:8] == ["-", "-", "-"]
    assert speak(capsys, "report", set_dir).code == 0
    text = (set_dir / "RESULTS.md").read_text()
    assert "it is no regular file" in text
    assert "3B_rank4" in text


def test_an_unreadable_experiment_costs_itself_alone(commons: Path, nobodys_python: str) -> None:
    """A run that only its owner may read is told as such, and the report is of the others."""
    set_dir = make_set(commons)
    set_dir.chmod(0o777)
    for path in (set_dir / "3B_rank64").iterdir():
        path.chmod(0)
    (set_dir / "1B_rank4/checkpoint-100").chmod(0)
    told = as_nobody(nobodys_python, "report", set_dir)
    assert (told.code, told.err) == (0, "")
    text = (set_dir / "RESULTS.md").read_text()
    unlisted = {
        finding["subject"]
        for finding in json.loads((set_dir / "RESULTS.json").read_text())["findings"]
        if finding["code"] == "directory_unreadable"
    }
    assert {"1B_rank4/checkpoint-100", "3B_rank64/checkpoint-100"} < unlisted
    assert "`1B_rank4/checkpoint-100` could not be listed" in text
    assert "checkpoint-100 not verifiable" in text
    assert "holds 0 files" not in text
    assert "- No files" not in text
    assert "`1B_rank4/checkpoint-100/adapter_config.json` is missing" not in text
    assert "permission denied" in text
    assert "| 3B_rank4 " in text
    assert (set_dir / "RESULTS.md").stat().st_uid == NOBODY


@pytest.mark.parametrize("command", ["collect", "sweep"])
def test_a_site_whose_settings_are_not_valid(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The admin's file is told with line and key."""
    (tmp_path / "config.toml").write_text("auto = true\nmin_uid = 0\n")
    once = ["--once"] if command == "collect" else []
    line = refused(speak(capsys, command, *once, "--config", tmp_path / "config.toml"))
    assert line.startswith(f"{tmp_path}/config.toml:2: min_uid: ")


def test_a_demo_in_a_place_that_cannot_be_written(commons: Path, nobodys_python: str) -> None:
    """The directory that cannot be made is named."""
    line = refused(as_nobody(nobodys_python, "demo", commons / "demo"))
    assert line.endswith(": permission denied")
    assert names_in(commons) == set()


def test_verifying_what_cannot_be_listed(commons: Path, nobodys_python: str) -> None:
    """A private directory that was named is exit code 2; one below it is not verifiable, and exit code 1."""
    set_dir = make_set(commons)
    hidden = set_dir / "1B_rank4/checkpoint-100"
    hidden.chmod(0)
    told = as_nobody(nobodys_python, "verify", set_dir / "1B_rank4")
    assert (told.code, told.err) == (1, "")
    (row,) = [line for line in told.out.splitlines() if line.startswith(f"{hidden} ")]
    assert "not verifiable  -" in row
    assert row.endswith("  1 error")
    assert f"  {hidden} could not be listed." in told.out.splitlines()
    assert "and no weights" not in told.out
    line = refused(as_nobody(nobodys_python, "verify", set_dir / "1B_rank64", hidden))
    assert line == f"{hidden}: Permission denied"
