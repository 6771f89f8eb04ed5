"""Check what is asked of sacct, by version."""

import pytest

from afterall.model import JobId
from afterall.observe import DOCUMENTED_COLUMNS, Question, sacct_argv
from afterall.observe.dialect import dialect_of, parse_version
from observe.observe_slurm import SET, at


def option(argv: list[str], name: str) -> str:
    """Return the value of an option in a command."""
    return argv[argv.index(name) + 1]


def test_question_by_ids() -> None:
    """Ids are asked for all users and in every state, bounded in time."""
    question = Question(
        work_dir=SET, job_ids=(JobId("9"), JobId("12_3"), JobId("12")), uid=1001, every_job_known=True
    )
    argv = sacct_argv(question)
    assert option(argv, "-j") == "9,12"
    assert option(argv, "-S") == "now-1826days"
    assert "-a" in argv
    assert "-s" not in argv
    assert "-u" not in argv


def test_question_by_window() -> None:
    """A window names the user, both ends and every state, since a held job's Eligible is Unknown."""
    question = Question(work_dir=SET, job_ids=(JobId("9"),), uid=1001, since=at(0))
    argv = sacct_argv(question)
    assert option(argv, "-u") == "1001"
    assert option(argv, "-S") == "2026-11-22T07:11:23"
    assert option(argv, "-E") == "now+1day"
    assert {"CA", "PD", "RQ", "NF"} <= set(option(argv, "-s").split(","))
    assert "-j" not in argv


def test_the_documented_command() -> None:
    """The command asks for what its recordings hold: every leg, raw units, the documented columns."""
    argv = sacct_argv(Question(work_dir=SET, user="researcher"))
    assert argv[:6] == ["sacct", "-n", "-P", "--delimiter=\x1f", "--noconvert", "-D"]
    assert option(argv, "-o") == ",".join(DOCUMENTED_COLUMNS)


def test_no_option_can_be_smuggled_in_as_an_id() -> None:
    """What is no job id is not passed on."""
    ids = tuple(map(JobId, ("--help", "7;rm", "", "8.batch", "99999999999", "9")))
    assert Question(work_dir=SET, job_ids=ids).asked_ids == ("9",)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (b"slurm 25.11.7\n", (25, 11)),
        (b"slurm-wlm 22.05.8\n", (22, 5)),
        (b"slurm 24.05.0-0rc1\n", (24, 5)),
        (b"", None),
        (b"bash: sacct: not found", None),
    ],
)
def test_versions(text: bytes, version: tuple[int, int] | None) -> None:
    """Debian's and SchedMD's names of the version are both read."""
    assert parse_version(text) == version


@pytest.mark.parametrize(
    ("version", "added", "missing"),
    [
        ((22, 5), {"SubmitLine"}, {"FailedNode", "StdOut", "Restarts"}),
        ((23, 2), {"FailedNode"}, {"StdOut", "Restarts"}),
        ((24, 5), {"FailedNode", "StdOut", "StdErr"}, {"Restarts"}),
        ((26, 5), {"FailedNode", "StdOut", "StdErr", "Restarts"}, set()),
        ((20, 11), {"WorkDir"}, {"SubmitLine", "FailedNode"}),
    ],
)
def test_columns_of_a_version(version: tuple[int, int], added: set[str], missing: set[str]) -> None:
    """A column is asked for only of a release that has it, and free text stands last."""
    columns = dialect_of(version).columns
    assert added <= set(columns)
    assert not missing & set(columns)
    assert columns.index("WorkDir") > columns.index("NodeList")
    assert columns[-1] in ("SubmitLine", "Comment")


@pytest.mark.parametrize(
    ("version", "subtracts"),
    [((22, 5), True), ((25, 5), True), ((25, 11), False), ((26, 5), False), (None, None)],
)
def test_who_subtracts_128(version: tuple[int, int] | None, subtracts: bool | None) -> None:
    """Releases before 25.11 take 128 off an exit code; of an unknown one it is unknown."""
    assert dialect_of(version).subtracts_128 is subtracts
