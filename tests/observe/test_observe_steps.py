"""Check what a job's steps say of its exit code and its memory."""

import pytest

from afterall.model import Attempt, State
from afterall.observe import Dialect, parse_sacct
from afterall.observe.dialect import RECORDED
from observe.observe_slurm import fixture, sacct_row

MEMORY = "cpu=2,mem=1200M,node=1"
OVER = str(1300 * 1024**2)
UNDER = str(1100 * 1024**2)


def job(*steps: dict[str, str], subtracts_128: bool | None = None, **columns: str) -> Attempt:
    """Return a job that failed, with steps from 0 on."""
    text = sacct_row("9", RECORDED.separator, **{"State": "FAILED", "AllocTRES": MEMORY, **columns})
    for number, step in enumerate(steps):
        text += sacct_row(f"9.{number}", RECORDED.separator, **step)
    (attempt,) = parse_sacct(text.encode(), Dialect(subtracts_128=subtracts_128))
    return attempt


def killed(max_rss: str = "", **columns: str) -> dict[str, str]:
    """Return a step that was killed."""
    return {"State": "CANCELLED by 0", "ExitCode": "0:9", "MaxRSS": max_rss, **columns}


def test_recorded_memory_kill() -> None:
    """A step over its memory, killed, makes FAILED 9:0 a memory kill with its numbers and exit code 137."""
    attempt = next(a for a in parse_sacct(fixture("sacct-22.05.8.txt")) if a.job_id == "20")
    assert attempt.out_of_memory_evidence == "step 20.0 used 413495296 of 104857600 bytes"
    assert (attempt.exit_code, attempt.exit_code_may_lack_128, attempt.state) == (
        137,
        False,
        State.OUT_OF_MEMORY,
    )


@pytest.mark.parametrize(
    ("step", "is_memory"),
    [
        (killed(OVER), True),
        (killed(UNDER), False),
        (killed(""), False),
        (killed("", TRESUsageInMax=f"cpu=00:00:06,mem={OVER},pages=3"), True),
        (killed(UNDER, AllocTRES="mem=1000M"), True),
        ({"State": "OUT_OF_MEMORY", "ExitCode": "0:125"}, True),
        ({"State": "FAILED", "ExitCode": "1:0", "MaxRSS": OVER}, False),
    ],
)
def test_memory_evidence(step: dict[str, str], is_memory: bool) -> None:
    """Numbers with a kill, or Slurm's own word on a step, are evidence; a kill or numbers alone are none."""
    assert bool(job(step, ExitCode="1:0").out_of_memory_evidence) is is_memory


def test_memory_of_several_nodes() -> None:
    """An allocation's memory is over all its nodes, and a task's is on one."""
    step = killed(str(700 * 1024**2))
    assert (
        job(step, NNodes="2").out_of_memory_evidence
        == f"step 9.0 used {700 * 1024**2} of {600 * 1024**2} bytes"
    )
    assert job(step, NNodes="1").out_of_memory_evidence == ""


@pytest.mark.parametrize("state", ["COMPLETED", "TIMEOUT", "CANCELLED by 1001", "RUNNING"])
def test_memory_kills_only_what_failed(state: str) -> None:
    """A job that Slurm says ended in another way keeps that ending."""
    assert job(killed(OVER), State=state).out_of_memory_evidence == ""


def test_peak_memory_is_the_largest_of_all_steps() -> None:
    """MaxRSS is the maximum over steps, in whatever unit each has."""
    assert job({"MaxRSS": "6040K"}, {"MaxRSS": "5000"}, {"MaxRSS": ""}).max_rss_bytes == 6040 * 1024


@pytest.mark.parametrize(
    ("code", "step_code", "subtracts", "expected"),
    [
        ("9:0", "0:9", None, (137, False)),
        ("9:0", "0:9", True, (137, False)),
        ("9:0", "0:9", False, (9, False)),
        ("15:0", "0:15", True, (143, False)),
        ("9:0", "0:15", True, (9, True)),
        ("9:0", "9:0", True, (9, True)),
        ("9:0", "9:0", None, (9, True)),
        ("9:0", "9:0", False, (9, False)),
        ("137:0", "0:9", None, (137, False)),
        ("0:9", "0:9", True, (0, False)),
        ("0:0", "0:0", True, (0, True)),
        ("127:0", "0:0", True, (127, True)),
        ("1:0", "0:0", True, (1, False)),
        ("2:0", "0:0", True, (2, False)),
    ],
)
def test_the_missing_128(
    code: str, step_code: str, subtracts: bool | None, expected: tuple[int, bool]
) -> None:
    """128 is added back where a step's signal agrees, and doubt is told where nothing does."""
    attempt = job({"ExitCode": step_code}, ExitCode=code, subtracts_128=subtracts)
    assert (attempt.exit_code, attempt.exit_code_may_lack_128) == expected


def test_the_derived_exit_code_agrees_as_well() -> None:
    """DerivedExitCode is the largest of the steps' codes, so its signal counts like a step's."""
    assert job(ExitCode="9:0", DerivedExitCode="0:9").exit_code == 137
