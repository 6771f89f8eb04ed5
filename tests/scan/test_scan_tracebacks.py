"""Read tracebacks: whose fault it was, in which line of the user's code, and how often."""

import pytest

from afterall.model import Finding, FindingCode, Severity
from scan.run_making import fixture
from scan.trace_reading import last_part

BOOM = """\
Traceback (most recent call last):
  File "/home/u/train.py", line 20, in <module>
    main()
  File "/home/u/train.py", line 12, in main
    model(x)
  File "/opt/env/lib/python3.11/site-packages/torch/nn/modules/module.py", line 1739, in _call_impl
    return forward_call(*args, **kwargs)
{message}
"""


def traceback_in(text: str | bytes) -> Finding | None:
    """Return the finding on tracebacks in a log, of which there is at most one; None without any."""
    data = text if isinstance(text, bytes) else text.encode()
    found = [f for f in last_part(data).findings if f.code is FindingCode.LINE_TRACEBACK]
    assert len(found) <= 1
    return found[0] if found else None


def found_in(text: str) -> tuple[Finding, ...]:
    """Return all findings on lines of a log."""
    return last_part(text.encode()).findings


def the_traceback(text: str | bytes) -> Finding:
    """Return the finding on tracebacks in a log that has one."""
    finding = traceback_in(text)
    assert finding is not None
    return finding


def test_the_exceptions_line_and_the_users_frame_are_told() -> None:
    """The quote is the exception's line, which the first source names; the frame is the user's innermost."""
    finding = the_traceback("words\n" + BOOM.format(message="RuntimeError: boom"))
    assert finding.quote == "RuntimeError: boom"
    assert finding.evidence == {"count": 1, "exception": "RuntimeError", "frame": "/home/u/train.py:12"}
    assert [source.where for source in finding.sources] == ["line 9", "line 2"]


def test_a_real_failure_is_read() -> None:
    """The traceback that wandb's coloured footer follows is found in a recorded log."""
    finding = the_traceback(fixture("wandb/latest-fail.out"))
    assert (finding.quote, finding.evidence["frame"]) == (
        "RuntimeError: boom",
        "/scratch/wb/rlatest/../run.py:20",
    )


def test_an_exception_without_a_message_ends_its_traceback() -> None:
    """`KeyboardInterrupt` alone is an exception's line."""
    assert the_traceback(BOOM.format(message="KeyboardInterrupt")).quote == "KeyboardInterrupt"


def test_lines_of_others_do_not_end_a_traceback() -> None:
    """Words that another process prints between the frames are not taken for the exception."""
    text = BOOM.format(message="wandb: Synced 5 files\nINFO: done\nloss is 3\nValueError: bad value")
    assert the_traceback(text).quote == "ValueError: bad value"


def test_of_a_chain_the_last_exception_is_quoted() -> None:
    """An exception raised while another was handled is what ended the program."""
    text = (
        BOOM.format(message="KeyError: 'a'")
        + "\nDuring handling of the above exception, another exception occurred:\n\n"
        + BOOM.format(message="SystemError: b")
    )
    finding = the_traceback(text)
    assert (finding.quote, finding.evidence["count"]) == ("SystemError: b", 2)


LAUNCHER = BOOM.format(message="torch.distributed.elastic.multiprocessing.errors.ChildFailedError: ")
ROOT_CAUSE = """\
============================================================
train.py FAILED
------------------------------------------------------------
Root Cause (first observed failure):
[0]:
  time      : 2026-11-23_07:00:00
  host      : n1
  rank      : 1 (local_rank: 1)
  exitcode  : 1 (pid: 11497)
  error_file: <N/A>
============================================================
"""


def ranked(rank: int, message: str) -> list[str]:
    """Return the lines of a traceback as one rank of several prints them."""
    return [f"[rank{rank}]: {line}" for line in BOOM.format(message=message).splitlines()]


def test_the_guilty_rank_is_told_from_the_bystanders() -> None:
    """Of interleaved tracebacks torchrun's root cause is quoted, not the last one nor the launcher's."""
    mixed = [
        line
        for pair in zip(ranked(1, "ValueError: guilty"), ranked(0, "RuntimeError: timed out"), strict=True)
        for line in pair
    ]
    finding = the_traceback("\n".join(mixed) + "\n" + LAUNCHER + ROOT_CAUSE)
    assert finding.quote == "ValueError: guilty"
    assert (finding.evidence["rank"], finding.evidence["exit_code"], finding.evidence["count"]) == (1, 1, 3)


def test_a_launchers_own_traceback_does_not_hide_the_programs() -> None:
    """Without a root cause block the program's traceback is quoted, although the launcher's comes later."""
    finding = the_traceback(BOOM.format(message="ValueError: guilty") + LAUNCHER)
    assert finding.quote == "ValueError: guilty"


def test_a_launchers_traceback_alone_is_quoted() -> None:
    """Where nothing else is known, the launcher's report is better than nothing."""
    assert "ChildFailedError" in the_traceback(LAUNCHER).quote


def test_a_traceback_that_was_cut_is_not_told() -> None:
    """Frames without an exception tell no cause."""
    whole = BOOM.format(message="RuntimeError: boom")
    assert traceback_in(whole[: whole.index("RuntimeError") + 7]) is None


def test_a_rank_that_lost_the_others_is_only_a_warning() -> None:
    """Where the root cause is another rank, a lost connection is told as what followed on it."""
    lost = (
        "RuntimeError: [/x/third_party/gloo/gloo/transport/tcp/pair.cc:553] Connection closed by peer [::1]:5"
    )
    text = "\n".join([*ranked(1, "ValueError: guilty"), *ranked(0, lost)]) + "\n" + LAUNCHER + ROOT_CAUSE
    found = {finding.code: finding.gravity for finding in found_in(text)}
    assert found == {FindingCode.LINE_TRACEBACK: Severity.ERROR, FindingCode.LINE_NCCL: Severity.WARNING}


SIGNAL_CAUSE = ROOT_CAUSE.replace("exitcode  : 1 (pid", "exitcode  : -9 (pid")


def test_bystanders_are_not_blamed_for_a_rank_that_was_killed() -> None:
    """Where the root cause died by a signal, which prints no traceback, the launcher's report is told."""
    text = "\n".join(ranked(0, "RuntimeError: Connection closed by peer")) + "\n" + LAUNCHER + SIGNAL_CAUSE
    finding = the_traceback(text)
    assert (finding.evidence["rank"], finding.evidence["signal"]) == (1, 9)
    assert finding.evidence["is_launchers"] is True
    assert "exit_code" not in finding.evidence


def test_a_killed_rank_is_told_by_its_signal() -> None:
    """With torchrun's own line on the signal that line is told, and the launcher's traceback is not."""
    agent = "E0 api.py:869] failed (exitcode: -9) local_rank: 1 (pid: 11497) of binary: python\n"
    (finding,) = found_in(agent + LAUNCHER + SIGNAL_CAUSE)
    assert finding.code is FindingCode.LINE_KILLED
    assert (finding.evidence["signal"], finding.evidence["local_rank"]) == (9, 1)


def test_a_rank_without_a_traceback_here_blames_no_other_rank() -> None:
    """Where the guilty rank wrote into another log, the others' tracebacks are not told as the cause."""
    finding = the_traceback("\n".join(ranked(0, "RuntimeError: timed out")) + "\n" + LAUNCHER + ROOT_CAUSE)
    assert "ChildFailedError" in finding.quote
    assert (finding.evidence["rank"], finding.evidence["exit_code"]) == (1, 1)


def test_labels_of_srun_keep_frames_apart() -> None:
    """Srun's labels are stripped from frames and exceptions alike."""
    text = "\n".join(f"3: {line}" for line in BOOM.format(message="RuntimeError: boom").splitlines()) + "\n"
    finding = the_traceback(text)
    assert (finding.quote, finding.evidence["frame"]) == ("RuntimeError: boom", "/home/u/train.py:12")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (FindingCode.LINE_MODULE_MISSING, "ModuleNotFoundError: No module named 'flash_attn'"),
        (
            FindingCode.LINE_CUDA_OUT_OF_MEMORY,
            "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB",
        ),
        (
            FindingCode.LINE_FILE_MISSING,
            "FileNotFoundError: [Errno 2] No such file or directory: 'data.json'",
        ),
        (FindingCode.LINE_DISK_FULL, "OSError: [Errno 28] No space left on device: '/x/y'"),
        (FindingCode.LINE_HUB_ACCESS, "OSError: You are trying to access a gated repo."),
        (
            FindingCode.LINE_NCCL,
            "torch.distributed.DistBackendError: NCCL error in: x.cpp:1, unhandled system error",
        ),
        (
            FindingCode.LINE_WANDB,
            "wandb.errors.errors.UsageError: api_key not configured (no-tty). call wandb.login",
        ),
        (FindingCode.LINE_KILLED, "RuntimeError: DataLoader worker (pid 12) is killed by signal: Killed."),
    ],
)
def test_one_exception_is_told_once(code: FindingCode, message: str) -> None:
    """An exception that is a line of the table is told by its code alone, as an error, with its frame."""
    (finding,) = found_in(BOOM.format(message=message))
    assert (finding.code, finding.quote, finding.gravity) == (code, message, Severity.ERROR)
    assert finding.evidence["exception"] == message.partition(":")[0]
    assert finding.evidence["frame"] == "/home/u/train.py:12"


def test_a_later_line_of_a_message_tells_its_exception() -> None:
    """What a message says on its third line is of the same exception."""
    gated = "requests.HTTPError: 403\n\nCannot access gated repo for url https://huggingface.co/x/y."
    (finding,) = found_in(BOOM.format(message=gated))
    assert (finding.code, finding.evidence["frame"]) == (FindingCode.LINE_HUB_ACCESS, "/home/u/train.py:12")


def test_the_guilty_exception_is_quoted_before_an_earlier_line_of_its_kind() -> None:
    """A file that the script missed earlier does not hide the one that ended the program."""
    shell = "slurm_script: line 18: ../venv/bin/activate: No such file or directory\n"
    message = "FileNotFoundError: [Errno 2] No such file or directory: 'data.json'"
    (finding,) = found_in(shell + BOOM.format(message=message))
    assert (finding.quote, finding.evidence["file"], finding.evidence["count"]) == (message, "data.json", 2)


CHAIN = "\nDuring handling of the above exception, another exception occurred:\n\n"
CAUSED = "\nThe above exception was the direct cause of the following exception:\n\n"


@pytest.mark.parametrize("joint", [CHAIN, CAUSED, "\n"])
def test_the_first_exception_of_a_chain_is_named(joint: str) -> None:
    """The last exception is quoted; the one it followed on, and where that was raised, are evidence."""
    text = (
        BOOM.format(message="KeyError: 'has_edge'") + joint + BOOM.format(message="RuntimeError: in thread")
    )
    finding = the_traceback(text.replace("12, in main", "30, in step", 1))
    assert finding.quote == "RuntimeError: in thread"
    assert finding.evidence["first_exception"] == "KeyError: 'has_edge'"
    assert finding.evidence["first_frame"] == "/home/u/train.py:30"


def test_a_workers_own_traceback_follows_on_nothing() -> None:
    """What torch prints as the original one is told, and not as if it had come of what it led to."""
    caught = BOOM.format(message="KeyError: Caught KeyError in DataLoader worker process 0.")
    finding = the_traceback(caught + "Original " + BOOM.format(message="KeyError: 'label'"))
    assert finding.quote == "KeyError: 'label'"
    assert "first_exception" not in finding.evidence


def test_a_known_reason_at_the_root_of_a_chain_is_told() -> None:
    """A full disk that made torch's writer fail too is told as what it is, not as what it led to."""
    full = "OSError: [Errno 28] No space left on device"
    text = BOOM.format(message=full) + CHAIN + BOOM.format(message="RuntimeError: basic_ios::clear")
    (finding,) = found_in(text)
    assert (finding.code, finding.quote) == (FindingCode.LINE_DISK_FULL, full)
    assert finding.evidence["exception"] == "RuntimeError"


def test_a_missing_file_that_was_handled_is_not_the_reason() -> None:
    """An exception raised while a missing file was handled is told by itself, the file only beside it."""
    missing = "FileNotFoundError: [Errno 2] No such file or directory: 'cache.json'"
    text = BOOM.format(message=missing) + CHAIN + BOOM.format(message="ValueError: no dataset")
    found = {finding.code: finding for finding in found_in(text)}
    assert found[FindingCode.LINE_TRACEBACK].quote == "ValueError: no dataset"
    assert found[FindingCode.LINE_FILE_MISSING].gravity is Severity.WARNING


def test_an_exception_that_was_gone_on_after_is_milder() -> None:
    """A module that was missed, told, and done without is a warning beside what ended the program later."""
    missed = BOOM.format(message="ModuleNotFoundError: No module named 'apex'") + "falling back\n" * 3
    found = {finding.code: finding for finding in found_in(missed + BOOM.format(message="ValueError: x"))}
    assert found[FindingCode.LINE_MODULE_MISSING].gravity is Severity.WARNING
    assert found[FindingCode.LINE_TRACEBACK].quote == "ValueError: x"
