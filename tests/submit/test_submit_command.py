"""`afterall submit` waits for what lives, writes at once where nothing does, and needs the queue's word."""

from pathlib import Path

import pytest

from cli.cli_ground import Slurm, everything_in, speak


def test_the_job_waits_for_what_lives(
    set_dir: Path, slurm: Slurm, capsys: pytest.CaptureFixture[str]
) -> None:
    """The new job's id is on stdout; what it waits for, without the ended jobs, on stderr."""
    slurm.records(set_dir)
    slurm.queued("4106", set_dir / "3B_rank4")
    slurm.queued("4107", set_dir / "3B_rank64", state="PENDING", reason="Priority")
    told = speak(capsys, "submit", set_dir)
    assert (told.code, told.out) == (0, "4711\n")
    assert told.err == f"afterall: {set_dir}: waits for 2 job(s): 4106, 4107\n"
    sent = slurm.sent()
    assert "--dependency=afterany:4106:4107" in sent
    assert sent[-4:] == ["report", str(set_dir), "--wait", "300"]
    assert not (set_dir / "RESULTS.md").exists()


def test_the_output_has_its_directory(
    set_dir: Path, slurm: Slurm, capsys: pytest.CaptureFixture[str]
) -> None:
    """Slurm does not make it, and a job that cannot write its output fails at once."""
    slurm.queued("4106", set_dir / "3B_rank4")
    speak(capsys, "submit", set_dir)
    (output,) = [argument for argument in slurm.sent() if argument.startswith("--output=")]
    assert Path(output.removeprefix("--output=")).parent.is_dir()


def test_options_after_the_dashes_go_to_sbatch(
    set_dir: Path, slurm: Slurm, capsys: pytest.CaptureFixture[str]
) -> None:
    """A partition or an account is the site's business; ours stand before the dashes."""
    slurm.queued("4106", set_dir / "3B_rank4")
    assert speak(capsys, "submit", set_dir, "--wait", "5", "--", "--partition=cpu", "-t", "5").code == 0
    sent = slurm.sent()
    at = sent.index("--partition=cpu")
    assert sent[at + 1 : at + 3] == ["-t", "5"]
    assert sent[-1] == "5"


def test_where_nothing_is_left_the_report_is_written_at_once(
    set_dir: Path, slurm: Slurm, capsys: pytest.CaptureFixture[str]
) -> None:
    """No job is sent; the report's path is on stdout and the reason on stderr."""
    slurm.records(set_dir)
    told = speak(capsys, "submit", set_dir)
    assert (told.code, told.out) == (0, f"{set_dir}/RESULTS.md\n")
    assert told.err == (
        f"afterall: {set_dir}: no job of this set is left to wait for; writing the report now\n"
    )
    assert slurm.sent() == []
    assert len(slurm.calls("sacct")) == 1


def test_a_job_that_can_never_start_is_told_and_not_waited_for(
    set_dir: Path, slurm: Slurm, capsys: pytest.CaptureFixture[str]
) -> None:
    """A dependency that failed would keep the summary waiting for ever."""
    slurm.queued("4106", set_dir / "3B_rank4", state="PENDING", reason="DependencyNeverSatisfied")
    slurm.queued("4107", set_dir / "3B_rank64")
    told = speak(capsys, "submit", set_dir)
    assert "job 4106 will not start by itself (DependencyNeverSatisfied)" in told.err
    assert "--dependency=afterany:4107" in slurm.sent()


def test_our_own_summary_jobs_are_not_waited_for(
    set_dir: Path, slurm: Slurm, capsys: pytest.CaptureFixture[str]
) -> None:
    """Submitting twice does not make one summary wait for the other."""
    slurm.queued("4106", set_dir / "3B_rank4")
    slurm.queued("4711", set_dir)
    rows = (slurm.path / "squeue.out").read_text().splitlines()
    rows[1] = rows[1].replace("\x1ftrain\x1f", "\x1fafterall-lora_rank_demo\x1f")
    slurm.says("squeue", "\n".join(rows) + "\n")
    speak(capsys, "submit", set_dir)
    assert "--dependency=afterany:4106" in slurm.sent()


def test_without_the_queues_word_nothing_is_sent(
    set_dir: Path, slurm: Slurm, capsys: pytest.CaptureFixture[str]
) -> None:
    """Accounting does not know jobs that were never eligible: exit code 4, and nothing is written."""
    slurm.records(set_dir)
    slurm.says("squeue", err="squeue: error: away", code=1)
    before = everything_in(set_dir)
    told = speak(capsys, "submit", set_dir)
    assert (told.code, told.out, slurm.sent()) == (4, "", [])
    assert told.err == "afterall: Slurm could not be asked: squeue: error: away\n"
    assert everything_in(set_dir) == before


def test_without_slurm_there_is_no_way_to_submit(
    set_dir: Path, no_slurm: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a machine without its commands each is named as not found."""
    told = speak(capsys, "submit", set_dir)
    assert (told.code, told.out) == (4, "")
    assert "squeue: not found" in told.err


def test_a_refusal_of_sbatchs_is_passed_on(
    set_dir: Path, slurm: Slurm, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its own words are told, with exit code 4."""
    slurm.queued("4106", set_dir / "3B_rank4")
    slurm.says("sbatch", err="sbatch: error: Invalid account\nmore", code=1)
    told = speak(capsys, "submit", set_dir)
    assert (told.code, told.out) == (4, "")
    assert told.err.splitlines()[-1].endswith("sbatch: error: Invalid account")


def test_a_set_that_is_none_is_refused(
    tmp_path: Path, slurm: Slurm, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, before Slurm is asked."""
    told = speak(capsys, "submit", tmp_path / "nothing")
    assert (told.code, told.err) == (2, f"afterall: {tmp_path}/nothing: No such file or directory\n")
    assert slurm.calls("squeue") == []
