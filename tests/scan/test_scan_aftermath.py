"""Tell what in a log only followed on a cause that it names, and whose traceback is to blame."""

import pytest

from afterall.model import Finding, FindingCode, Severity
from afterall.scan.logs.aftermath import without_stops
from scan.trace_reading import last_part

C = FindingCode

FRAMES = """\
Traceback (most recent call last):
  File "/home/u/train.py", line 12, in <module>
    main()
"""
LAUNCHED = """\
Traceback (most recent call last):
  File "/opt/env/bin/torchrun", line 10, in <module>
    sys.exit(main())
"""
LIMIT = "slurmstepd: error: *** JOB 5 ON n1 CANCELLED AT 2026-01-02T03:04:05 DUE TO TIME LIMIT ***\n"
CANCELLED = "slurmstepd: error: *** JOB 5 ON n1 CANCELLED AT 2026-01-02T03:04:05 ***\n"
STEP = "slurmstepd: error: *** STEP 5.0 ON n1 CANCELLED AT 2026-01-02T03:04:05 ***\n"


def found_in(text: str) -> dict[FindingCode, Finding]:
    """Return the findings in a log of this text by their codes."""
    return {finding.code: finding for finding in last_part(text.encode()).findings}


def ranked(rank: int, message: str) -> str:
    """Return a traceback as one rank of several prints it."""
    return "".join(f"[rank{rank}]: {line}\n" for line in f"{FRAMES}{message}".splitlines())


@pytest.mark.parametrize("cause", [LIMIT, CANCELLED, LIMIT.replace("TIME LIMIT", "PREEMPTION")])
@pytest.mark.parametrize(
    "traceback",
    [
        f"{LAUNCHED}torch.distributed.elastic.multiprocessing.api.SignalException: got signal: 15\n",
        f"{LAUNCHED}subprocess.CalledProcessError: Command 'x' died with <Signals.SIGTERM: 15>.\n",
        f"{FRAMES}pytorch_lightning.utilities.exceptions.SIGTERMException\n",
        f"{FRAMES}KeyboardInterrupt\n",
    ],
)
def test_a_traceback_of_slurms_signal_is_not_told_beside_it(cause: str, traceback: str) -> None:
    """What a program prints because Slurm ends its job is no error of its own; without Slurm's word it is."""
    assert C.LINE_TRACEBACK not in found_in(cause + traceback)
    assert len(found_in(cause + traceback)) == 1
    assert C.LINE_TRACEBACK in found_in(traceback)


def test_an_error_before_the_time_limit_is_told() -> None:
    """An exception of the program itself is told, whatever Slurm says after it."""
    assert set(found_in(f"{FRAMES}ValueError: bad\n{LIMIT}")) == {C.LINE_TRACEBACK, C.LINE_TIME_LIMIT}


@pytest.mark.parametrize(
    "cause",
    [
        "RuntimeError: CUDA error: device-side assert triggered\n",
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB\n",
        f"{FRAMES}ValueError: bad\n",
    ],
)
@pytest.mark.parametrize(
    "abort",
    [
        "slurm_script: line 20: 4242 Aborted                 (core dumped) python train.py\n",
        "srun: error: n1: task 0: Aborted (core dumped)\n",
        "Fatal Python error: Aborted\n",
        "E0 api.py:869] failed (exitcode: -6) local_rank: 0 (pid: 31) of binary: python\n",
        "[ERROR] [launch.py:321:sigkill_handler] ['python'] exits with return code = -6\n",
    ],
)
def test_an_abort_is_told_by_its_reason(cause: str, abort: str) -> None:
    """A program that aborts over a GPU's error, or behind its exception, crashed for no reason of its own."""
    assert C.LINE_KILLED not in found_in(cause + abort)
    assert set(found_in(abort)) == {C.LINE_KILLED}


MAIN = "[2025-07-20 15:45:13] [INFO] [launch.py:335:sigkill_handler] Main process received SIGTERM, exiting\n"
CHILD = "[2025-07-20 15:45:13] [ERROR] [launch.py:325:sigkill_handler] ['x'] exits with return code = -15\n"


@pytest.mark.parametrize(
    ("stop", "how"),
    [
        (MAIN, "SIGTERM"),
        (CHILD, "return code = -15"),
        (MAIN.replace("SIGTERM", "SIGINT"), "SIGINT"),
        (CHILD.replace("-15", "-2"), "return code = -2"),
    ],
)
def test_a_launcher_that_was_told_to_end_is_told(stop: str, how: str) -> None:
    """Nothing in the log says who sent the signal, so that it is a warning, and nobody is blamed."""
    (finding,) = found_in(stop).values()
    assert (finding.code, finding.gravity) == (C.LINE_KILLED, Severity.WARNING)
    assert finding.evidence["stopped"] == how


@pytest.mark.parametrize("stop", [MAIN, CHILD])
@pytest.mark.parametrize(
    ("cause", "codes"),
    [
        (LIMIT, {C.LINE_TIME_LIMIT}),
        (CANCELLED, {C.LINE_CANCELLED}),
        (STEP, {C.LINE_CANCELLED}),
        (LIMIT.replace("TIME LIMIT", "PREEMPTION"), {C.LINE_PREEMPTED}),
        (f"{FRAMES}ValueError: bad\n", {C.LINE_TRACEBACK}),
        (
            "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB\n",
            {C.LINE_CUDA_OUT_OF_MEMORY},
        ),
        (f"{LAUNCHED}KeyboardInterrupt\n", {C.LINE_TRACEBACK}),
    ],
)
def test_a_stop_is_not_told_beside_its_reason(stop: str, cause: str, codes: set[FindingCode]) -> None:
    """Who is told to end because the job was, or because another rank failed, is no cause itself."""
    assert set(found_in(cause + stop)) == codes
    assert set(found_in(stop + cause)) == codes


@pytest.mark.parametrize(
    "worse",
    [
        "[ERROR] [launch.py:325:sigkill_handler] ['x'] exits with return code = -9\n",
        "[ERROR] [launch.py:325:sigkill_handler] ['x'] exits with return code = -11\n",
        "slurm_script: line 20: 4242 Killed                  python train.py\n",
    ],
)
def test_a_process_that_died_is_told_before_those_that_were_told_to_end(worse: str) -> None:
    """The launchers of other nodes only followed, whoever's line stands first."""
    for text in (MAIN + worse, worse + MAIN):
        assert found_in(text)[C.LINE_KILLED].quote in worse


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        (LIMIT, [C.LINE_TIME_LIMIT]),
        (STEP, [C.LINE_CANCELLED]),
        (f"{FRAMES}ValueError: bad\n", [C.LINE_KILLED, C.LINE_TRACEBACK]),
    ],
)
def test_slurms_word_in_another_log_tells_of_a_stop(words: str, codes: list[FindingCode]) -> None:
    """The launcher writes into one log, Slurm into the other; an exception there may be long past."""
    lines = [line for text in (MAIN, words) for line in last_part(text.encode()).findings]
    assert sorted(line.code.value for line in without_stops(lines)) == sorted(code.value for code in codes)


def test_a_stop_long_after_an_error_is_told() -> None:
    """A program that went on for long after an error was not told to end over it."""
    text = f"{FRAMES}ValueError: bad\n" + "words of a run that goes on\n" * 4000 + MAIN
    assert set(found_in(text)) == {C.LINE_TRACEBACK, C.LINE_KILLED}


@pytest.mark.parametrize(
    "handled",
    [
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB\n",
        f"{FRAMES}ValueError: bad\n",
    ],
)
def test_an_abort_far_from_an_error_is_told(handled: str) -> None:
    """A program that went on for long after an error did not abort over it."""
    abort = "slurm_script: line 20: 4242 Aborted                 (core dumped) python train.py\n"
    assert C.LINE_KILLED in found_in(handled + "words of a run that goes on\n" * 4000 + abort)


def test_a_segmentation_fault_is_told_beside_an_exception() -> None:
    """Only an abort follows on an exception: any other crash is told."""
    crash = "slurm_script: line 20: 4242 Segmentation fault      (core dumped) python train.py\n"
    assert set(found_in(f"{FRAMES}ValueError: bad\n{crash}")) == {C.LINE_TRACEBACK, C.LINE_KILLED}


@pytest.mark.parametrize(
    "failed",
    [
        "srun: error: n1: task 0: Exited with exit code 1\n",
        "srun: error: n1: task 0: Segmentation fault (core dumped)\n",
    ],
)
def test_a_step_that_srun_ended_over_a_task_was_not_cancelled(failed: str) -> None:
    """With `--kill-on-bad-exit` the step's line follows on a failed task: nobody cancelled it."""
    assert C.LINE_CANCELLED not in found_in(failed + STEP)
    assert C.LINE_CANCELLED in found_in(failed.replace("Exited with exit code 1", "Terminated") + CANCELLED)


@pytest.mark.parametrize(
    "text",
    [
        STEP + "srun: error: n1: task 0: Exited with exit code 1\n",
        "srun: error: n1: task 0: Exited with exit code 143\n" + STEP,
        "srun: error: n1: task 0: Terminated\n" + STEP,
    ],
)
def test_a_task_that_ended_as_it_was_told_hides_no_cancellation(text: str) -> None:
    """A task's end that comes after, or by the signal itself, is no reason for the cancellation."""
    assert C.LINE_CANCELLED in found_in(text)


LOST = (
    "torch.distributed.DistBackendError: [1] is setting up NCCL communicator and retrieving ncclUniqueId "
    "from [0] via c10d key-value store by key '0', but store->get('0') got error: Connection reset by peer"
)


def test_a_rank_that_ended_by_itself_is_told_before_one_that_lost_it() -> None:
    """Without a launcher's word a rank with an error of its own is guilty, and the lost connection milder."""
    found = found_in(ranked(0, "KeyError: 'text'") + ranked(1, LOST))
    assert found[C.LINE_TRACEBACK].quote == "KeyError: 'text'"
    assert found[C.LINE_NCCL].gravity is Severity.WARNING


def test_a_rank_that_went_on_after_an_exception_is_not_blamed() -> None:
    """Only how each rank ended counts: where all lost the others, an earlier exception was handled."""
    text = ranked(0, "KeyError: 'text'") + "going on\n" * 3 + ranked(0, LOST) + ranked(1, LOST)
    assert set(found_in(text)) == {C.LINE_NCCL}
    assert found_in(text)[C.LINE_NCCL].gravity is Severity.ERROR


def test_ranks_that_are_not_told_apart_blame_nobody() -> None:
    """Without labels the last exception is the one that ended the program."""
    assert set(found_in(f"{FRAMES}KeyError: 'text'\nwords\nwords\n{FRAMES}{LOST}\n")) == {C.LINE_NCCL}


NCCL = "torch.distributed.DistBackendError: NCCL error in: x.hpp:2, unhandled cuda error, NCCL version 2.20\n"


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("Cuda failure 2 'out of memory'", C.LINE_CUDA_OUT_OF_MEMORY),
        ("Duplicate GPU detected : rank 1 and rank 0 both on CUDA device 1a000", C.LINE_GPU_ERROR),
    ],
)
def test_the_reason_below_nccls_error_is_told_instead(reason: str, code: FindingCode) -> None:
    """What NCCL names as its last error is the cause: told once, as an error, with the exception."""
    last = "ncclUnhandledCudaError: Call to CUDA function failed.\nLast error:\n"
    (finding,) = found_in(f"{FRAMES}{NCCL}{last}{reason}\n").values()
    assert (finding.code, finding.quote, finding.gravity) == (code, reason, Severity.ERROR)
    assert finding.evidence["exception"] == "torch.distributed.DistBackendError"
    assert found_in(f"{FRAMES}{NCCL}{last}")[C.LINE_NCCL].evidence["exception"]
