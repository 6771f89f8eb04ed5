"""The reports of real sets are, to the last line, what was read and found true.

After a deliberate change, `PYTHONPATH=tests python tests/golden/test_golden_sets.py` writes them anew: read
the difference.
"""

import os
import tempfile
from pathlib import Path
from urllib.parse import unquote

import pytest

from golden.golden_sets import (
    CASES,
    accounting,
    comparable,
    expected,
    relative_links,
    unpack,
    write_report,
)


@pytest.mark.parametrize("case", CASES)
def test_the_report_of_a_real_set_is_as_it_was_approved(case: str, tmp_path: Path) -> None:
    """RESULTS.md of an unpacked set equals the approved one, machine-dependent words aside."""
    set_dir = unpack(case, tmp_path)
    assert comparable(write_report(set_dir, accounting(case)), set_dir) == expected(case).read_text("utf-8")


@pytest.mark.parametrize("case", CASES)
def test_reporting_twice_gives_the_same_bytes(case: str, tmp_path: Path) -> None:
    """A second report of an unchanged set changes no byte of any file, nor any file's time."""
    set_dir = unpack(case, tmp_path)
    write_report(set_dir, accounting(case))
    names = ("RESULTS.md", "RESULTS.json", "RESULTS_files/experiments.csv", "RESULTS_files/checkpoints.csv")
    before = {name: ((set_dir / name).read_bytes(), os.stat(set_dir / name).st_mtime_ns) for name in names}
    write_report(set_dir, accounting(case))
    after = {name: ((set_dir / name).read_bytes(), os.stat(set_dir / name).st_mtime_ns) for name in names}
    assert before == after


@pytest.mark.parametrize("case", CASES)
def test_every_relative_link_leads_to_a_file_of_the_set(case: str, tmp_path: Path) -> None:
    """Logs, configurations, scripts and tables that the report links to exist where the link says."""
    set_dir = unpack(case, tmp_path)
    links = list(relative_links(write_report(set_dir, accounting(case))))
    assert len(links) > 10
    assert [target for target in links if not (set_dir / unquote(target)).exists()] == []


@pytest.mark.parametrize("case", CASES)
def test_a_set_without_slurm_is_told_from_its_files_alone(case: str, tmp_path: Path) -> None:
    """Without accounting no job is called completed or failed: states are unknown, numbers the same."""
    set_dir = unpack(case, tmp_path)
    alone = write_report(set_dir)
    assert "job unknown" in alone
    assert "marked `FAILED` by Slurm" not in alone
    assert results(alone) == results(expected(case).read_text("utf-8"))


def results(report: str) -> list[list[str]]:
    """Return the rows of the training results, durations and states left out."""
    section = report.partition("## Training Results Summary")[2].partition("###")[0]
    rows = [[cell.strip() for cell in line.split("|")] for line in section.splitlines() if line[:2] == "| "]
    assert len(rows) > 4
    kept: list[int] = []
    found = []
    for row in rows:
        if row[1] == "Experiment":
            slurms = ("Duration", "Training Time", "State")
            kept = [n for n, cell in enumerate(row) if not cell.startswith(slurms)]
        found.append([row[n] for n in kept])
    return found


if __name__ == "__main__":
    for name in CASES:
        with tempfile.TemporaryDirectory() as place:
            unpacked = unpack(name, Path(place))
            told = comparable(write_report(unpacked, accounting(name)), unpacked)
            expected(name).write_text(told, "utf-8")
