"""A report is a function of what lies in the set and what Slurm said, and keeps what people wrote."""

import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest

from afterall.errors import BadSettings, PublishRefused
from afterall.model import Finding, FindingCode, Tier
from afterall.model.notes import NOTES_BEGIN, NOTES_END
from afterall.pipeline import Outcome, Reading, files_only, read, recorded, report, survey

DOCUMENTS = (
    "RESULTS.md",
    "RESULTS.json",
    "RESULTS_files/experiments.csv",
    "RESULTS_files/checkpoints.csv",
    "RESULTS_files/curves.csv",
    *(f"RESULTS_files/{name}.svg" for name in ("loss", "final_metric", "cost", "throughput")),
)


def written(set_dir: Path) -> dict[str, bytes]:
    """Return the documents in a set."""
    return {name: (set_dir / name).read_bytes() for name in DOCUMENTS}


def report_demo(set_dir: Path) -> Outcome:
    """Report on the demo with what its recorded accounting says."""
    return report(set_dir, recorded(set_dir.parent / "sacct.txt"))


def test_a_second_report_has_the_same_bytes(set_dir: Path) -> None:
    """Nothing in any document tells that or when it was written; the second time no file is touched."""
    first = report_demo(set_dir)
    before = written(set_dir)
    inodes = {name: (set_dir / name).stat() for name in DOCUMENTS}
    second = report_demo(set_dir)
    assert set(first.published.written) == set(DOCUMENTS)
    assert (second.published.written, set(second.published.unchanged)) == ((), set(DOCUMENTS))
    assert written(set_dir) == before
    assert {name: (set_dir / name).stat() for name in DOCUMENTS} == inodes


def test_deleting_everything_of_ours_gives_the_same_bytes_again(set_dir: Path) -> None:
    """The cache and the lock are no inputs."""
    report_demo(set_dir)
    before = written(set_dir)
    for name in DOCUMENTS:
        (set_dir / name).unlink()
    for path in (set_dir / ".afterall").iterdir():
        path.unlink()
    (set_dir / ".afterall").rmdir()
    report_demo(set_dir)
    assert written(set_dir) == before


def test_notes_between_the_markers_survive(set_dir: Path) -> None:
    """A person's notes stand in every later report, byte for byte, and are not taken for an edit."""
    report_demo(set_dir)
    path = set_dir / "RESULTS.md"
    head, _, rest = path.read_text().partition(NOTES_BEGIN)
    _, _, tail = rest.partition(NOTES_END)
    notes = "\n\nRank 64 was worth it.\n\n| a | b |\n|---|---|\n\n<!-- mine -->\n\n"
    path.write_text(f"{head}{NOTES_BEGIN}{notes}{NOTES_END}{tail}")
    (set_dir / "1B_rank4/slurm-4101.out").write_text("nothing more\n")
    outcome = report_demo(set_dir)
    assert f"{NOTES_BEGIN}{notes}{NOTES_END}" in path.read_text()
    assert (outcome.published.kept, "RESULTS.md" in outcome.published.written) == ("", True)
    assert not (set_dir / "RESULTS.md.orig").exists()


def test_an_edited_report_is_kept_and_told(set_dir: Path) -> None:
    """Words outside the notes are kept beside the report, which names the file from then on."""
    report_demo(set_dir)
    path = set_dir / "RESULTS.md"
    edited = path.read_text().replace("## Overview", "## Overview, by me")
    path.write_text(edited)
    outcome = report_demo(set_dir)
    assert outcome.published.kept == "RESULTS.md.orig"
    assert (set_dir / "RESULTS.md.orig").read_text() == edited
    assert "the edited text is kept as `RESULTS.md.orig`" in path.read_text().replace("The last", "the last")
    before = written(set_dir)
    assert report_demo(set_dir).published.kept == ""
    assert written(set_dir) == before


def test_the_report_does_not_see_itself(set_dir: Path) -> None:
    """Its own documents, copies and lock are no entries of the set and take no storage in it."""
    first = report_demo(set_dir)
    (set_dir / "RESULTS.md").write_text("edited")
    second = report_demo(set_dir)
    assert second.survey.layout.entries == first.survey.layout.entries
    assert second.report.storage == first.report.storage


class _Writer:
    """Stands in for a job that writes on while the set is read: in each of the first `times` readings."""

    def __init__(self, path: Path, times: int) -> None:
        self.path = path
        self.left = times
        self.looks = 0

    def __call__(self, step: str, done: int = 0, total: int = 0) -> None:
        """Take a step of reading as the moment to write."""
        if step == "looking around":
            self.looks += 1
        if step == "reading 3B_rank64" and self.left:
            self.left -= 1
            with open(self.path, "a") as file:
                file.write("Traceback (most recent call last):\n")


@pytest.mark.parametrize(("times", "looks"), [(0, 1), (1, 2), (2, 3)])
def test_a_set_that_changes_meanwhile_is_read_again(set_dir: Path, times: int, looks: int) -> None:
    """The report that stays is of the files as they are at the end."""
    writer = _Writer(set_dir / "1B_rank4/slurm-4101.out", times)
    accounting = recorded(set_dir.parent / "sacct.txt")
    report(set_dir, accounting, Reading(progress=writer))
    assert writer.looks == looks
    before = written(set_dir)
    report(set_dir, accounting)
    assert written(set_dir) == before


def test_a_set_that_never_rests_is_reported_all_the_same(set_dir: Path) -> None:
    """After three looks the report stands; a log that grows for ever does not keep it from being written."""
    writer = _Writer(set_dir / "1B_rank4/slurm-4101.out", 1000)
    report(set_dir, files_only, Reading(progress=writer))
    assert writer.left == 1000 - 3
    assert (set_dir / "RESULTS.md").exists()


def test_reading_writes_nothing(set_dir: Path) -> None:
    """A survey and a scan leave the set as it was."""
    before = sorted(os.walk(set_dir))
    read(survey(set_dir, files_only))
    assert sorted(os.walk(set_dir)) == before


def test_the_depth_reaches_the_checkpoints(set_dir: Path) -> None:
    """Read deep, sound checkpoints are of the values tier; otherwise none is."""
    tiers = {
        depth: {
            checkpoint.tier
            for experiment in read(survey(set_dir, files_only), Reading(depth=depth)).experiments
            for checkpoint in experiment.checkpoints
        }
        for depth in (Tier.QUICK, Tier.VALUES)
    }
    assert tiers == {Tier.QUICK: {Tier.QUICK}, Tier.VALUES: {Tier.QUICK, Tier.VALUES}}


def test_a_directory_in_the_reports_place_is_a_refusal(set_dir: Path) -> None:
    """Nothing in it is lost, no temporary file stays, and the path is named."""
    (set_dir / "RESULTS.md").mkdir()
    with pytest.raises(PublishRefused, match=r"RESULTS\.md: is a directory"):
        report_demo(set_dir)
    assert (set_dir / "RESULTS.md").is_dir()
    assert not list(set_dir.glob(".RESULTS*"))


def test_what_is_wrong_in_the_demo_is_found(set_dir: Path) -> None:
    """Accounting and files together tell the three things that went wrong, each once."""
    outcome = report_demo(set_dir)
    told: dict[FindingCode, list[Finding]] = {}
    for finding in outcome.report.findings:
        told.setdefault(finding.code, []).append(finding)
    (spoiled,), (failed,), (truncated,) = (
        told[code]
        for code in (FindingCode.EXIT_CODE_SPOILED, FindingCode.JOB_FAILED, FindingCode.FILE_TRUNCATED)
    )
    assert (spoiled.experiment, failed.experiment) == ("1B_rank64", "3B_rank256")
    assert truncated.subject == "3B_rank4/checkpoint-200/adapter_model.safetensors"


def test_a_page_is_written_on_demand_and_kept_current(set_dir: Path) -> None:
    """Once asked for, RESULTS.html never tells of an earlier state than the report, until it is removed."""
    page = set_dir / "RESULTS.html"
    report_demo(set_dir)
    assert not page.exists()
    report(set_dir, recorded(set_dir.parent / "sacct.txt"), Reading(as_page=True))
    first = page.read_bytes()
    assert report_demo(set_dir).published.written == ()
    (set_dir / "1B_rank4/slurm-4101.out").write_text("nothing more\n")
    assert "RESULTS.html" in report_demo(set_dir).published.written
    assert page.read_bytes() != first
    page.unlink()
    assert "RESULTS.html" not in report_demo(set_dir).published.written


def test_a_persons_own_page_is_not_lost(set_dir: Path) -> None:
    """It is left alone where no page is asked for, and kept aside where one is."""
    page = set_dir / "RESULTS.html"
    page.write_text("<p>mine</p>")
    before = report_demo(set_dir).survey.layout.entries
    assert page.read_text() == "<p>mine</p>"
    (set_dir / "afterall.toml").write_text("html = true\n")
    after = report_demo(set_dir)
    assert (set_dir / "RESULTS.html.orig").read_text() == "<p>mine</p>"
    assert b'content="afterall"' in page.read_bytes()
    assert {entry.path for entry in after.survey.layout.entries} - {e.path for e in before} <= {
        "afterall.toml"
    }


def test_a_report_without_figures_does_not_import_matplotlib(set_dir: Path) -> None:
    """What takes longest to import, and looks for files of its own, is left alone; for the page too."""
    (set_dir / "afterall.toml").write_text("figures = false\nhtml = true\n")
    said = (
        "import sys; from pathlib import Path; from afterall.pipeline import recorded, report; "
        "report(Path(sys.argv[1]), recorded(Path(sys.argv[2]))); sys.exit('matplotlib' in sys.modules)"
    )
    argv = [sys.executable, "-c", said, str(set_dir), str(set_dir.parent / "sacct.txt")]
    assert subprocess.run(argv, check=False).returncode == 0
    assert (set_dir / "RESULTS.html").exists()
    assert not list((set_dir / "RESULTS_files").glob("*.svg"))


def test_a_name_that_two_parameters_would_have_is_refused(set_dir: Path) -> None:
    """One that another parameter of this set goes by is told with its key, and nothing is written."""
    (set_dir / "afterall.toml").write_text('[names]\nlearning_rate = "Seed"\n')
    with pytest.raises(BadSettings) as raised:
        report_demo(set_dir)
    told = f"{set_dir}/afterall.toml: names.learning_rate: 'Seed' is what the report calls seed"
    assert str(raised.value) == told
    assert not (set_dir / "RESULTS.md").exists()


def test_the_garbage_collector_has_everything_back(set_dir: Path) -> None:
    """After a report that was written, and after one that could not be."""
    report_demo(set_dir)
    assert gc.get_freeze_count() == 0
    (set_dir / "afterall.toml").write_text('[names]\nlearning_rate = "Seed"\n')
    with pytest.raises(BadSettings):
        report_demo(set_dir)
    assert gc.get_freeze_count() == 0
