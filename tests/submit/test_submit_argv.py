"""The summary job depends on the set's unfinished jobs as Slurm understands it, and on nothing else."""

from pathlib import Path
from typing import Any

import pytest

from afterall.errors import BadInput, SlurmUnavailable
from afterall.model import Attempt, JobId, SlurmSource
from afterall.submit import Summary, dependency_ids, own_command, sbatch_argv, send, summary_script

SCRIPT = Path("/opt/afterall/summary.sbatch")


def job(job_id: str, display_id: str = "") -> Attempt:
    """Return a living job."""
    return Attempt(job_id=JobId(job_id), source=SlurmSource.SQUEUE, display_id=display_id)


def argv(**fields: Any) -> list[str]:
    """Return the whole command for a set."""
    summary = {"set_dir": Path("/scratch/me/sweep"), "waits_for": ("7", "8"), "wait_s": 300}
    return sbatch_argv(Summary(**{**summary, **fields}), SCRIPT, ("/opt/python", "-m", "afterall"))


def test_the_whole_command() -> None:
    """Options of ours, then the script, then what the job runs."""
    assert argv() == [
        "sbatch",
        "--parsable",
        "--dependency=afterany:7:8",
        "--kill-on-invalid-dep=no",
        "--job-name=afterall-sweep",
        "--chdir=/scratch/me/sweep",
        "--output=/scratch/me/sweep/.afterall/summary-%j.out",
        "/opt/afterall/summary.sbatch",
        "/opt/python",
        "-m",
        "afterall",
        "report",
        "/scratch/me/sweep",
        "--wait",
        "300",
    ]


def test_it_is_never_afterok() -> None:
    """A job that fails must not keep the report from being written."""
    assert not any("afterok" in argument for argument in argv(sbatch_options=("--time=5",)))
    assert sum("afterany" in argument for argument in argv()) == 1


def test_options_of_the_users_come_before_the_script() -> None:
    """For sbatch what follows the script is the script's own."""
    whole = argv(sbatch_options=("--partition=cpu", "-t", "5"))
    at = whole.index("--partition=cpu")
    assert whole[at : at + 4] == ["--partition=cpu", "-t", "5", str(SCRIPT)]


def test_an_array_and_a_het_job_are_named_once() -> None:
    """Tasks, waiting ranges and components stand under the id that users know, in numerical order."""
    jobs = [
        job("33", "23_1"),
        job("23", "23_[2-9%2]"),
        job("27", "26+1"),
        job("26", "26+0"),
        job("100"),
        job("9", "9"),
    ]
    assert dependency_ids(jobs) == ("9", "23", "26", "100")


def test_a_percent_sign_in_the_path_stands_for_itself() -> None:
    """Slurm expands % in the name of the output file, and nowhere else."""
    whole = argv(set_dir=Path("/scratch/me/50%j off"))
    assert "--chdir=/scratch/me/50%j off" in whole
    assert "--output=/scratch/me/50%%j off/.afterall/summary-%j.out" in whole
    assert whole[-3] == "/scratch/me/50%j off"
    assert "--job-name=afterall-50_j_off" in whole


def test_as_many_ids_as_an_argument_can_hold() -> None:
    """The kernel takes 128 KiB an argument; one more id is refused before sbatch is called."""
    ids = tuple("1234567" for _ in range(16_380))
    (dependency,) = [argument for argument in argv(waits_for=ids) if argument.startswith("--dependency=")]
    assert 131_000 < len(dependency) < 131_072
    with pytest.raises(BadInput, match="16384 unfinished jobs are more than sbatch can wait for"):
        argv(waits_for=tuple("1234567" for _ in range(16_384)))


def test_the_longest_command_can_be_run(tmp_path: Path) -> None:
    """What is not refused does reach a program."""
    (tmp_path / "sbatch").write_text("#!/bin/sh\necho 12\n")
    (tmp_path / "sbatch").chmod(0o755)
    whole = argv(waits_for=tuple("1234567" for _ in range(16_380)))
    assert send([str(tmp_path / "sbatch"), *whole[1:]]) == "12"


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("echo 'sbatch: error: invalid account' >&2; exit 1", "sbatch: error: invalid account"),
        ("exit 3", "exit code 3"),
        ("echo Submitted batch job 12", "Submitted batch job 12"),
        ("echo 12; exit 1", "12"),
    ],
)
def test_what_sbatch_says_is_passed_on(script: str, told: str, tmp_path: Path) -> None:
    """Anything but an id and success is a failure, with sbatch's own first line."""
    (tmp_path / "sbatch").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "sbatch").chmod(0o755)
    with pytest.raises(SlurmUnavailable) as caught:
        send([str(tmp_path / "sbatch")])
    assert caught.value.tried == (told,)


def test_an_id_may_come_with_its_cluster(tmp_path: Path) -> None:
    """`--parsable` prints "12;cluster" in a federation."""
    (tmp_path / "sbatch").write_text("#!/bin/sh\necho '12;lab'\n")
    (tmp_path / "sbatch").chmod(0o755)
    assert send([str(tmp_path / "sbatch")]) == "12"


def test_a_missing_sbatch_is_told(tmp_path: Path) -> None:
    """Without the command, or without the right to run it, the reason is named."""
    with pytest.raises(SlurmUnavailable, match="sbatch: not found on PATH"):
        send([str(tmp_path / "nothing")])
    (tmp_path / "sbatch").write_text("#!/bin/sh\n")
    with pytest.raises(SlurmUnavailable, match="sbatch: permission denied"):
        send([str(tmp_path / "sbatch")])


def test_the_script_and_this_installation_are_found() -> None:
    """The job runs the very Python that sent it, through the script of this package."""
    assert summary_script().read_text().startswith("#!/bin/sh\n")
    python, *rest = own_command()
    assert Path(python).is_absolute()
    assert rest == ["-P", "-m", "afterall"]
