"""Read tracebacks: whose fault it was, in which line of the user's code, and how often."""

from afterall.model import Finding, FindingCode
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


def test_labels_of_srun_keep_frames_apart() -> None:
    """Srun's labels are stripped from frames and exceptions alike."""
    text = "\n".join(f"3: {line}" for line in BOOM.format(message="RuntimeError: boom").splitlines()) + "\n"
    finding = the_traceback(text)
    assert (finding.quote, finding.evidence["frame"]) == ("RuntimeError: boom", "/home/u/train.py:12")
