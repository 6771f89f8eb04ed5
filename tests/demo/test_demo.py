"""The demo works anywhere, is the same every time, and shows what goes wrong in real life."""

import hashlib
import os
from pathlib import Path

import pytest
from safetensors import SafetensorError, safe_open

from afterall.demo import DEMO_SET_NAME, make_demo
from afterall.demo.maker import TRUNCATED
from afterall.demo.runs import RUNS
from cli.cli_ground import in_process, names_in, speak


def fingerprint(root: Path, but: str = "") -> dict[str, tuple[str, int]]:
    """Return digest and time of every file below `root`, the path `but` replaced in what they hold."""
    found = {}
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        data = path.read_bytes().replace(os.fsencode(but), b"HERE") if but else path.read_bytes()
        found[str(path.relative_to(root))] = (hashlib.sha256(data).hexdigest(), path.stat().st_mtime_ns)
    return found


def test_it_works_in_an_empty_directory_without_slurm(tmp_path: Path) -> None:
    """One command makes the set and its report; stdout is the report's path, stderr how to go on."""
    told = in_process("demo", cwd=tmp_path, environment={"PATH": "/nothing"})
    report = f"afterall-demo/{DEMO_SET_NAME}/RESULTS.md"
    assert (told.code, told.out) == (0, f"{report}\n")
    assert told.err == (
        f"afterall: the same again: afterall report afterall-demo/{DEMO_SET_NAME} "
        "--sacct-file afterall-demo/sacct.txt\n"
    )
    assert (tmp_path / report).read_text().startswith("# ")
    assert names_in(tmp_path) == {"afterall-demo"}


def test_what_it_says_to_do_next_gives_the_same_report(tmp_path: Path) -> None:
    """The command on stderr can be run as it stands."""
    told = in_process("demo", "my demo", cwd=tmp_path)
    report = tmp_path / "my demo" / DEMO_SET_NAME / "RESULTS.md"
    before = report.read_bytes()
    assert told.err.endswith(f"afterall report 'my demo/{DEMO_SET_NAME}' --sacct-file 'my demo/sacct.txt'\n")
    again = in_process(
        "report", f"my demo/{DEMO_SET_NAME}", "--sacct-file", "my demo/sacct.txt", cwd=tmp_path
    )
    assert again.code == 0
    assert report.read_bytes() == before


def test_a_demo_that_is_there_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The second time is exit code 2 with what to do, and no byte changes."""
    assert speak(capsys, "demo", tmp_path / "demo").code == 0
    before = fingerprint(tmp_path)
    told = speak(capsys, "demo", tmp_path / "demo")
    assert (told.code, told.out) == (2, "")
    assert told.err == (
        f"afterall: {tmp_path}/demo/{DEMO_SET_NAME}: is already there; remove it to make the demo anew\n"
    )
    assert fingerprint(tmp_path) == before


def test_it_is_the_same_apart_from_its_path(tmp_path: Path) -> None:
    """Every byte and every file time is fixed, but for the directories that accounting names."""
    made = {}
    for name in ("one", "another"):
        set_dir = make_demo(tmp_path / name)
        made[name] = fingerprint(tmp_path / name, but=str(set_dir))
    assert made["one"] == made["another"]
    assert len(made["one"]) > 80


def test_its_documents_are_the_same_apart_from_its_path(tmp_path: Path) -> None:
    """Two demos have the same report, word for word."""
    told = {}
    for name in ("one", "two"):
        assert in_process("demo", name, cwd=tmp_path).code == 0
        text = (tmp_path / name / DEMO_SET_NAME / "RESULTS.md").read_text()
        told[name] = text.replace(str(tmp_path / name), "HERE").partition("<!-- afterall:sha256")[0]
    assert told["one"] == told["two"]


def test_the_set_says_that_it_is_made_up(tmp_path: Path) -> None:
    """Nobody takes its numbers for results."""
    set_dir = make_demo(tmp_path)
    assert "the losses come from a formula, not from training" in (set_dir / "README.md").read_text()


def test_its_checkpoints_are_real_but_for_one(tmp_path: Path) -> None:
    """The safetensors library opens every adapter except the one that was cut."""
    set_dir = make_demo(tmp_path)
    refused = []
    for path in sorted(set_dir.rglob("*.safetensors")):
        try:
            with safe_open(path, framework="numpy") as file:
                assert file.keys()
        except SafetensorError:
            refused.append(path)
    run, step = TRUNCATED
    assert refused == [set_dir / run / f"checkpoint-{step}/adapter_model.safetensors"]


def test_its_report_tells_what_went_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The truncated checkpoint, the failed cp behind a FAILED state, and CUDA's own out of memory."""
    assert speak(capsys, "demo", tmp_path / "demo").code == 0
    text = (tmp_path / "demo" / DEMO_SET_NAME / "RESULTS.md").read_text()
    assert "`3B_rank4/checkpoint-200/adapter_model.safetensors` is 11.6 kB too short" in text
    assert "despite successful training completion" in text
    assert "cp: cannot create regular file '/archive/lora/': No such file or directory" in text
    assert "torch.OutOfMemoryError: CUDA out of memory." in text
    for run in RUNS:
        assert run.name in text


def test_the_default_directory_is_named_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    """Help tells where the set will appear before it does."""
    assert "afterall-demo" in speak(capsys, "demo", "--help").out
