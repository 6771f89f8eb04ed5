"""What lies where matplotlib looks for settings can neither stop a report nor change it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

_LOSSES = "".join(f"{{'loss': '{3 / step:.4f}', 'epoch': '{step / 20}'}}\n" for step in range(1, 21))
_PLANTED = "import pathlib; pathlib.Path(__file__).with_name('pwned').touch()\n"


def _lay(at: Path) -> Path:
    """Make a set of two runs with losses to draw."""
    for rank in (8, 16):
        run = at / f"rank{rank}"
        run.mkdir(parents=True)
        (run / "train.sbatch").write_text("#!/bin/sh\n#SBATCH --job-name=train\npython train.py\n")
        (run / f"slurm-{rank}.out").write_text(_LOSSES)
    return at


def _report(set_dir: Path, cwd: Path, **environment: str) -> dict[str, bytes]:
    """Report on a set from `cwd`; return the figures."""
    argv = [sys.executable, "-m", "afterall", "report", "--no-slurm", str(set_dir)]
    env = {
        "PATH": "/usr/bin:/bin",
        "HOME": "/nonexistent",
        "PYTHONPATH": os.pathsep.join(sys.path),
        **environment,
    }
    done = subprocess.run(argv, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stderr == f"afterall: {set_dir}: the set is not complete; the report says what is missing\n"
    figures = {path.name: path.read_bytes() for path in (set_dir / "RESULTS_files").glob("*.svg")}
    assert figures
    return figures


def _text(path: Path) -> None:
    path.write_text(
        "backend: module://planted\ntext.usetex: True\nfont.size: 40\nsvg.fonttype: path\n"
        "font.family: cursive\naxes.prop_cycle: cycler('color', [open('pwned', 'w')])\n"
    )
    path.with_name("planted.py").write_text(_PLANTED)


def _not_text(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\x00" * 100)


PLANTS = {
    "settings": _text,
    "no text": _not_text,
    "a FIFO": os.mkfifo,
    "endless": lambda path: path.symlink_to("/dev/zero"),
}


@pytest.mark.parametrize("plant", PLANTS.values(), ids=PLANTS)
@pytest.mark.parametrize("where", ["current directory", "home", "MPLCONFIGDIR"])
def test_no_matplotlibrc_is_read(tmp_path: Path, where: str, plant: Callable[[Path], None]) -> None:
    """The figures are those of a user who has none, and what it names is neither loaded nor run."""
    wanted = _report(_lay(tmp_path / "plain/sweep"), Path("/"))
    home = tmp_path / "home"
    place = {"home": home / ".config/matplotlib", "MPLCONFIGDIR": tmp_path / "mpl"}.get(
        where, tmp_path / "cwd"
    )
    place.mkdir(parents=True)
    plant(place / "matplotlibrc")
    cwd = place if where == "current directory" else Path("/")
    environment = {"home": {"HOME": str(home)}, "MPLCONFIGDIR": {"MPLCONFIGDIR": str(place)}}.get(where, {})
    assert _report(_lay(tmp_path / "other/sweep"), cwd, **environment) == wanted
    assert list(tmp_path.rglob("pwned")) == []


def test_nothing_is_left_where_there_is_no_home(tmp_path: Path) -> None:
    """Matplotlib's list of fonts lies neither in the set nor in the temporary directory afterwards."""
    (tmp_path / "tmp").mkdir()
    sweep_dir = _lay(tmp_path / "sweep")
    _report(sweep_dir, Path("/"), TMPDIR=str(tmp_path / "tmp"))
    assert list((tmp_path / "tmp").iterdir()) == []
    assert sorted(path.name for path in (sweep_dir / ".afterall").iterdir()) == ["report.lock"]


def test_a_current_directory_that_is_gone_does_not_matter(tmp_path: Path) -> None:
    """A report is written from it all the same, since its set is named by an absolute path."""
    gone = tmp_path / "gone"
    gone.mkdir()
    sweep_dir = _lay(tmp_path / "sweep")
    code = "import os; os.rmdir(os.getcwd()); from afterall.__main__ import main; main()"
    argv = [sys.executable, "-c", code, "report", "--no-slurm", str(sweep_dir)]
    env = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}
    done = subprocess.run(argv, cwd=gone, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
