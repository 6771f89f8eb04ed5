"""How a summary job calls the installation that sent it."""

import subprocess
from pathlib import Path

from afterall.submit import own_command


def test_a_sets_own_files_are_no_modules_of_the_summary_job(tmp_path: Path) -> None:
    """It runs in the set, where a json.py of the user's must not be what Python imports."""
    (tmp_path / "json.py").write_text("raise SystemExit('the set was imported')\n")
    done = subprocess.run(
        [*own_command(), "--help"], cwd=tmp_path, capture_output=True, check=False, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "afterall" in done.stdout
