"""Which line of a log explains how a job ended, and which ones only follow on it."""

import pytest
from msgspec.structs import replace

from afterall.model import Finding, FindingCode, Severity, SlurmState, State
from analyse.analyse_made import failed, log_line
from analyse.test_analyse_endings import told

KILLED = replace(
    log_line(FindingCode.LINE_KILLED, "slurm_script: line 4: 21 Killed   python x.py", line=50),
    evidence={"how": "Killed"},
)
STOPPED = replace(
    log_line(FindingCode.LINE_KILLED, "Main process received SIGTERM, exiting", line=50),
    evidence={"stopped": "SIGTERM"},
    severity=Severity.WARNING,
)
TRACEBACK = log_line(FindingCode.LINE_TRACEBACK, "ValueError: no such split", line=80)


def raised(code: FindingCode, quote: str, line: int = 80) -> Finding:
    """Return a finding on the exception that ended the program."""
    return replace(log_line(code, quote, line=line), evidence={"exception": "E"}, severity=Severity.ERROR)


def cause_of(*lines: Finding, state: State = State.FAILED, slurm: SlurmState = SlurmState.FAILED) -> object:
    """Return the cause that the job's own finding names, None where it names none."""
    return told(failed("run", state, slurm, findings=lines))[0].evidence.get("cause")


def test_a_killed_process_is_no_proof_of_missing_memory() -> None:
    """Without Slurm's word on memory a FAILED job stays failed, and the kill is its cause."""
    found = told(failed("run", findings=(KILLED,)))
    assert [f.code for f in found] == [FindingCode.JOB_FAILED, FindingCode.LINE_KILLED]
    assert found[0].evidence["cause"] == "line_killed"


@pytest.mark.parametrize(
    ("state", "slurm"),
    [
        (State.TIMEOUT, SlurmState.TIMEOUT),
        (State.CANCELLED, SlurmState.CANCELLED),
        (State.OUT_OF_MEMORY, SlurmState.OUT_OF_MEMORY),
    ],
)
@pytest.mark.parametrize("line", [KILLED, STOPPED])
def test_a_process_that_slurm_killed_is_not_told_beside_it(
    state: State, slurm: SlurmState, line: Finding
) -> None:
    """Where Slurm ended the job the process that was killed, or told to end, is what came of it."""
    (finding,) = told(failed("run", state, slurm, findings=(line,)))
    assert "cause" not in finding.evidence


def test_being_told_to_end_explains_no_failure() -> None:
    """Nobody knows who sent the signal: the job's finding names no cause, and the line is told beside it."""
    found = told(failed("run", findings=(STOPPED,)))
    assert [f.code for f in found] == [FindingCode.JOB_FAILED, FindingCode.LINE_KILLED]
    assert "cause" not in found[0].evidence


def test_refused_memory_is_the_cause_and_no_kill() -> None:
    """A program that was refused memory ended by itself: its job is not told as killed for it."""
    refused = log_line(FindingCode.LINE_HOST_OUT_OF_MEMORY, "OSError: [Errno 12] Cannot allocate memory")
    found = told(failed("run", findings=(replace(refused, evidence={"refused": "x"}),)))
    assert [f.code for f in found] == [FindingCode.JOB_FAILED, FindingCode.LINE_HOST_OUT_OF_MEMORY]


def test_ranks_that_lost_each_other_do_not_hide_the_exception() -> None:
    """A timeout of NCCL follows on what ended one of the ranks; alone it is the cause."""
    lost = log_line(FindingCode.LINE_NCCL, "Watchdog caught collective operation timeout", line=90)
    assert cause_of(TRACEBACK, lost) is None
    assert cause_of(lost) == "line_nccl"


def test_the_exception_that_ended_it_comes_before_what_a_script_went_on_after() -> None:
    """A command that was not found earlier explains less than the exception of the program."""
    command = log_line(FindingCode.LINE_MODULE_MISSING, "line 5: module: command not found", line=2)
    missing = raised(FindingCode.LINE_FILE_MISSING, "FileNotFoundError: 'data.json'")
    assert cause_of(command, missing) == "line_file_missing"
    assert cause_of(command) == "line_module_missing"


def test_a_line_that_training_went_on_after_explains_nothing() -> None:
    """What was made milder because steps were logged below it did not end the job."""
    command = log_line(FindingCode.LINE_MODULE_MISSING, "line 5: module: command not found", line=2)
    assert cause_of(replace(command, severity=Severity.WARNING)) is None
    assert cause_of(replace(command, severity=Severity.WARNING), TRACEBACK) is None
    missing = log_line(FindingCode.LINE_FILE_MISSING, "line 3: venv/bin/activate: No such file", line=1)
    assert cause_of(missing) == "line_file_missing"
    assert cause_of(replace(missing, severity=Severity.WARNING)) is None


def test_of_causes_the_most_telling_counts() -> None:
    """Of several ranks' exceptions the one that the others follow on is the cause."""
    full = raised(FindingCode.LINE_CUDA_OUT_OF_MEMORY, "torch.OutOfMemoryError: CUDA out of memory", line=70)
    lost = raised(FindingCode.LINE_NCCL, "torch.distributed.DistBackendError: NCCL error", line=90)
    assert cause_of(lost, full) == "line_cuda_out_of_memory"
