"""`afterall report` writes a set's report and says where; its exit code tells whether it could."""

from pathlib import Path

import pytest

from cli.cli_ground import Slurm, everything_in, names_in, speak

WRITTEN = {"RESULTS.md", "RESULTS.json", "RESULTS_files", ".afterall"}


def test_the_report_is_written_and_its_path_printed(
    set_dir: Path, slurm: Slurm, capsys: pytest.CaptureFixture[str]
) -> None:
    """The path alone is on stdout, so that it can be handed on."""
    slurm.records(set_dir)
    before = names_in(set_dir)
    told = speak(capsys, "report", set_dir)
    assert (told.code, told.out, told.err) == (0, f"{set_dir}/RESULTS.md\n", "")
    assert names_in(set_dir) - before == WRITTEN


def test_the_settings_name_the_report(
    set_dir: Path, slurm: Slurm, capsys: pytest.CaptureFixture[str]
) -> None:
    """With `report = "SUMMARY.md"` the report is called that, and its companions keep their names."""
    (set_dir / "afterall.toml").write_text('report = "SUMMARY.md"\n')
    told = speak(capsys, "report", set_dir)
    assert told.out == f"{set_dir}/SUMMARY.md\n"
    assert {"SUMMARY.md", "RESULTS.json", "RESULTS_files"} < names_in(set_dir)
    assert "RESULTS.md" not in names_in(set_dir)


def test_html_writes_a_page_too(set_dir: Path, slurm: Slurm, capsys: pytest.CaptureFixture[str]) -> None:
    """RESULTS.html lies beside the report, whose path alone is printed."""
    slurm.records(set_dir)
    told = speak(capsys, "report", set_dir, "--html")
    assert (told.code, told.out, told.err) == (0, f"{set_dir}/RESULTS.md\n", "")
    assert (set_dir / "RESULTS.html").read_bytes().startswith(b"<!doctype html>")


def test_an_unfinished_set_is_reported_and_said_so(
    set_dir: Path, slurm: Slurm, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a job still running the report appears, incomplete by its own word."""
    slurm.records(set_dir)
    slurm.queued("4106", set_dir / "3B_rank16")
    told = speak(capsys, "report", set_dir)
    assert told.code == 0
    assert told.err == f"afterall: {set_dir}: the set is not complete; the report says what is missing\n"
    assert "incomplete" in (set_dir / "RESULTS.md").read_text().lower()


def test_if_finished_writes_nothing_while_a_job_lives(
    set_dir: Path, slurm: Slurm, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 3 names the jobs that may still write."""
    slurm.records(set_dir)
    slurm.queued("4106", set_dir / "3B_rank16")
    before = everything_in(set_dir)
    told = speak(capsys, "report", set_dir, "--if-finished")
    assert (told.code, told.out) == (3, "")
    assert told.err == f"afterall: {set_dir}: not finished: 1 job(s) may still write: 4106\n"
    assert everything_in(set_dir) == before


def test_if_finished_writes_once_no_job_is_left(
    set_dir: Path, slurm: Slurm, capsys: pytest.CaptureFixture[str]
) -> None:
    """With every job ended the report is written as without the option."""
    slurm.records(set_dir)
    assert speak(capsys, "report", set_dir, "--if-finished").code == 0
    assert names_in(set_dir) > WRITTEN


def test_if_finished_needs_an_answer(set_dir: Path, slurm: Slurm, capsys: pytest.CaptureFixture[str]) -> None:
    """Where nobody can say whether jobs live, exit code 4 tells each source's reason once."""
    slurm.is_not_there()
    before = everything_in(set_dir)
    told = speak(capsys, "report", set_dir, "--if-finished")
    assert (told.code, told.out) == (4, "")
    assert told.err == (
        "afterall: Slurm could not be asked: sacct: error: Unable to contact slurm controller; "
        "squeue: error: Unable to contact slurm controller; "
        "scontrol: error: Unable to contact slurm controller\n"
    )
    assert everything_in(set_dir) == before


def test_if_finished_needs_the_queues_answer_too(
    set_dir: Path, slurm: Slurm, capsys: pytest.CaptureFixture[str]
) -> None:
    """Accounting alone cannot say that nothing is queued: exit code 4, never "0 jobs may still write"."""
    slurm.records(set_dir)
    slurm.says("squeue", err="squeue: error: away", code=1)
    told = speak(capsys, "report", set_dir, "--if-finished")
    assert (told.code, told.out) == (4, "")
    assert "squeue: error: away" in told.err


def test_without_any_slurm_the_report_says_whose_word_it_is(
    set_dir: Path, no_slurm: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No command on PATH: the report names what was tried, and that files are the evidence."""
    told = speak(capsys, "report", set_dir)
    assert told.code == 0
    text = (set_dir / "RESULTS.md").read_text()
    assert "No Slurm source answered." in text
    assert "sacct: not found" in text
    assert "States are read from the runs' own logs and files." in text
    assert "did answer" not in text


def test_choosing_files_alone_is_no_issue(
    set_dir: Path, slurm: Slurm, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --no-slurm nothing of Slurm's is run, and nothing of it is reported as a fault."""
    assert speak(capsys, "report", set_dir, "--no-slurm").code == 0
    text = (set_dir / "RESULTS.md").read_text()
    assert slurm.calls("sacct") == slurm.calls("squeue") == slurm.calls("scontrol") == []
    assert "Slurm was not asked: states are read from the runs' own logs and files." in text
    assert "Slurm Sources Unavailable" not in text


def test_jobs_that_no_file_names_can_be_told(
    set_dir: Path, slurm: Slurm, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ids after --jobs are among those that accounting is asked for."""
    speak(capsys, "report", set_dir, "--jobs", "77, 78_2")
    (call,) = slurm.calls("sacct")
    assert {"77", "78", "4101"} <= set(call.split(" -j ")[1].split()[0].split(","))


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--jobs", "77,x"], "--jobs: 'x' is no job id such as 1234 or 1234_5"),
        (["--no-slurm", "--sacct-file", "f"], "--no-slurm: contradicts --sacct-file"),
        (
            ["--no-slurm", "--if-finished"],
            "--if-finished: needs Slurm's answer, which --no-slurm rules out",
        ),
        (["--sacct-file", "nothing"], "nothing: No such file or directory"),
    ],
)
def test_options_that_cannot_be_used_are_one_line(
    options: list[str], problem: str, set_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Contradictions and mistypings are exit code 2, and nothing is written."""
    before = everything_in(set_dir)
    told = speak(capsys, "report", set_dir, *options)
    assert (told.code, told.out, told.err) == (2, "", f"afterall: {problem}\n")
    assert everything_in(set_dir) == before


def test_an_edited_report_is_kept_and_told(
    set_dir: Path, slurm: Slurm, capsys: pytest.CaptureFixture[str]
) -> None:
    """What somebody wrote outside the notes is kept beside the new report, and stderr says so, once."""
    speak(capsys, "report", set_dir)
    path = set_dir / "RESULTS.md"
    path.write_text("My own words.\n" + path.read_text())
    edited = path.read_text()
    told = speak(capsys, "report", set_dir)
    assert (told.code, told.out) == (0, f"{path}\n")
    assert told.err == (
        f"afterall: {set_dir}: the last report had been edited by hand; it is kept as RESULTS.md.orig\n"
    )
    assert (set_dir / "RESULTS.md.orig").read_text() == edited
    assert "My own words." not in path.read_text()
    assert speak(capsys, "report", set_dir).err == ""


def test_deep_is_told_in_the_report(set_dir: Path, slurm: Slurm, capsys: pytest.CaptureFixture[str]) -> None:
    """The tier that the report names is the one that ran."""
    speak(capsys, "report", set_dir)
    assert "values tier" not in (set_dir / "RESULTS.md").read_text()
    speak(capsys, "report", set_dir, "--deep")
    assert "values tier: structure, and every weight read" in (set_dir / "RESULTS.md").read_text()
