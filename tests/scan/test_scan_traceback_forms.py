"""Read tracebacks in every form that Python and its tools give them, and none where there is none."""

import pytest

from afterall.model import FindingCode
from scan.test_scan_tracebacks import BOOM, CHAIN, LAUNCHER, ROOT_CAUSE, found_in, the_traceback, traceback_in


@pytest.mark.parametrize(
    "before",
    [
        "Exception ignored in: <function _ConnectionBase.__del__ at 0x7f0000000000>\n",
        "Exception ignored while calling deallocator <function x at 0x7f0000000000>:\n",
        "--- Logging error ---\n",
    ],
)
@pytest.mark.parametrize(
    "message",
    [
        "OSError: [Errno 9] Bad file descriptor",
        "ImportError: no y",
        "OSError: [Errno 28] No space left on device",
    ],
)
def test_what_python_ignored_is_no_failure(before: str, message: str) -> None:
    """Neither the traceback nor its exception's line is told, and the next traceback is."""
    ignored = before + BOOM.format(message=message)
    assert found_in(ignored) == ()
    assert the_traceback(ignored + BOOM.format(message="ValueError: real")).evidence["count"] == 1


@pytest.mark.parametrize(
    "text",
    [
        '{"text": "Traceback (most recent call last):\\n  File \\"x.py\\", line 1\\nValueError: x"}\nDone\n',
        "prompt: 'Explain: Traceback (most recent call last):'\nTraining\nSaving: x\n",
        "Look for a line like `Traceback (most recent call last):` in the log\nValueError: x\n",
        "Traceback (most recent call last): is how it starts\nValueError: x\n",
        "Traceback (most recent call last):\nEpoch\nTraining:\nDone\n",
    ],
)
def test_words_about_tracebacks_are_none(text: str) -> None:
    """Data that shows a traceback opens none, and a capitalised word alone ends none."""
    assert traceback_in(text) is None


RICH = """\
╭───────────────────── Traceback (most recent call last) ──────────────────────╮
│ /home/u/train.py:12 in main                                                  │
│                                                                              │
│    9 def main():                                                             │
│ ❱ 12 │   model(x)                                                            │
│                                                                              │
│ /opt/env/lib/python3.11/site-packages/torch/nn/modules/module.py:1739 in     │
│ _call_impl                                                                   │
│ ╭────────── locals ──────────╮                                               │
│ │ x = 3                      │                                               │
│ ╰────────────────────────────╯                                               │
╰──────────────────────────────────────────────────────────────────────────────╯
RuntimeError: boom
"""


def test_a_boxed_traceback_is_read() -> None:
    """Rich's box gives its frames, and the exception's line stands below it."""
    finding = the_traceback(RICH)
    assert (finding.quote, finding.evidence["frame"]) == ("RuntimeError: boom", "/home/u/train.py:12")


GROUP = """\
  + Exception Group Traceback (most recent call last):
  |   File "/home/u/train.py", line 20, in <module>
  |     main()
  | ExceptionGroup: both failed (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/home/u/train.py", line 7, in fetch
    |     raise KeyError("a")
    | KeyError: 'a'
    +---------------- 2 ----------------
    | Traceback (most recent call last):
    |   File "/home/u/train.py", line 9, in fetch
    |     raise ValueError("b")
    | ValueError: b
    +------------------------------------
"""


def test_of_a_group_a_member_is_told() -> None:
    """An exception group says only that there are others: one of those is quoted, with its frame."""
    finding = the_traceback(GROUP)
    assert (finding.quote, finding.evidence["frame"]) == ("ValueError: b", "/home/u/train.py:9")


def test_a_bar_within_a_message_stays() -> None:
    """Only what stands before a line is a group's margin."""
    finding = the_traceback(BOOM.format(message="ValueError: want int | str, got   | None"))
    assert finding.quote == "ValueError: want int | str, got   | None"


def test_colours_hide_nothing() -> None:
    """Python 3.13's coloured traceback gives exception and frame, and its line of the table."""
    text = (
        "Traceback (most recent call last):\n"
        '  File \x1b[35m"/home/u/train.py"\x1b[0m, line \x1b[35m12\x1b[0m, in \x1b[35mmain\x1b[0m\n'
        "    \x1b[31mimport\x1b[0m flash_attn\n"
        "\x1b[1;35mModuleNotFoundError\x1b[0m: \x1b[35mNo module named 'flash_attn'\x1b[0m\n"
    )
    (finding,) = found_in(text)
    assert (finding.code, finding.evidence["module"]) == (FindingCode.LINE_MODULE_MISSING, "flash_attn")
    assert finding.evidence["frame"] == "/home/u/train.py:12"


def test_frames_without_a_file_are_not_the_users() -> None:
    """`<frozen runpy>` is code of Python's own."""
    text = BOOM.format(message="ValueError: x").replace("/home/u/train.py", "<frozen runpy>")
    assert "frame" not in the_traceback(text).evidence


NOT_PARSED = '  File "train.py", line 3\n    def f(:\n          ^\nSyntaxError: invalid syntax\n'


def test_a_syntax_error_has_no_start() -> None:
    """Python tells a script that does not parse without the words that begin a traceback."""
    finding = the_traceback("Loading modules\n" + NOT_PARSED)
    assert finding.quote == "SyntaxError: invalid syntax"
    assert (finding.evidence["exception"], finding.evidence["frame"]) == ("SyntaxError", "train.py:3")
    assert [source.where for source in finding.sources] == ["line 5", "line 2"]


@pytest.mark.parametrize(
    ("text", "frame"),
    [
        (NOT_PARSED.replace("          ^\n", ""), "train.py:3"),
        (NOT_PARSED.replace("Syntax", "Indentation"), "train.py:3"),
        (NOT_PARSED.replace("Syntax", "Tab").replace("train.py", "/home/u/a b/x.py"), "/home/u/a b/x.py:3"),
        ("".join(f"[rank1]: {line}\n" for line in NOT_PARSED.splitlines()), "train.py:3"),
        (NOT_PARSED.replace("train.py", "/opt/env/lib/python3.11/site-packages/x/y.py"), None),
        (NOT_PARSED.replace("SyntaxError", "1\n2\n3\nSyntaxError"), None),
        (NOT_PARSED.replace("line 3", "line 3, in main"), None),
        ("SyntaxError: invalid syntax\n" + NOT_PARSED.partition("Syntax")[0], None),
        ('  File "other.py", line 7\n[rank1]: SyntaxError: invalid syntax\n', None),
    ],
)
def test_the_place_above_a_syntax_error_is_its_frame(text: str, frame: str | None) -> None:
    """Of the same rank and close above, in the user's own code; a place below or far above is another's."""
    assert the_traceback(text).evidence.get("frame") == frame


def test_places_of_many_ranks_are_kept_in_bounded_memory() -> None:
    """A log full of places that no exception follows costs no more than a few of them."""
    text = "".join(f'[rank{rank}]:   File "t{rank}.py", line 1\n' for rank in range(1000))
    assert traceback_in(text) is None
    assert the_traceback(text + NOT_PARSED).evidence["frame"] == "train.py:3"


def test_an_actors_error_is_that_of_its_task() -> None:
    """Ray's report names the task's own exception last, which is quoted."""
    text = (
        "Traceback (most recent call last):\n"
        '  File "/home/u/main.py", line 20, in main\n'
        "    ray.get(runner.run.remote())\n"
        "ray.exceptions.RayTaskError(ValueError): ray::TaskRunner.run() (pid=123, ip=10.0.0.1)\n"
        '  File "/home/u/task.py", line 5, in run\n'
        '    raise ValueError("boom")\n'
        "ValueError: boom\n"
    )
    finding = the_traceback(text)
    assert (finding.quote, finding.evidence["frame"]) == ("ValueError: boom", "/home/u/task.py:5")
    labelled = "".join(f"(TaskRunner pid=123) {line}\n" for line in text.splitlines())
    assert the_traceback(labelled).quote == "ValueError: boom"


@pytest.mark.parametrize(
    "whole", [RICH, GROUP, ROOT_CAUSE + LAUNCHER, BOOM.format(message="KeyError: 'a'") + CHAIN]
)
def test_cutting_a_traceback_invents_no_exception(whole: str) -> None:
    """Whatever is cut off, an exception that is told is one that the whole log has."""
    data = whole.encode()
    names = {
        "RuntimeError",
        "ExceptionGroup",
        "KeyError",
        "ValueError",
        LAUNCHER.splitlines()[-1].rstrip(": "),
    }
    for end in range(len(data)):
        finding = traceback_in(data[:end])
        assert finding is None or finding.evidence["exception"] in names


@pytest.mark.parametrize(
    ("between", "quote"),
    [
        ("", "ValueError: Some modules are dispatched on the CPU."),
        ("\n", "ValueError: Some modules are dispatched on the CPU."),
        ("[rank1]: words\n", "ValueError: Some modules are dispatched on the CPU."),
        ("\n\n\n", "ValueError:"),
    ],
)
def test_a_message_may_begin_below_its_exception(between: str, quote: str) -> None:
    """An exception whose message begins with a line's end is quoted with its first words if they are near."""
    text = (
        f"{BOOM.format(message='ValueError: ')}{between}    Some modules are dispatched on the CPU.\nmore\n"
    )
    assert the_traceback(text).quote == quote


def test_a_message_is_not_taken_from_another_traceback() -> None:
    """What begins behind an exception without words is not its message."""
    text = BOOM.format(message="ValueError: ") + BOOM.format(message="KeyError: 'a'")
    assert the_traceback(text).evidence["first_exception"] == "ValueError:"


@pytest.mark.parametrize(
    "line",
    [
        "train.py: error: unrecognized arguments: --learning_rate 1e-4",
        "llamafactory-cli: error: the following arguments are required: --dataset",
        "accelerate launch: error: argument --num_processes: invalid int value: 'x'",
        "train.py: error: ambiguous option: --lr could match --lr_a, --lr_b",
    ],
)
def test_arguments_that_were_refused_are_told(line: str) -> None:
    """A program that argparse ended left no traceback: its line is told, and no exception is claimed."""
    finding = the_traceback(f"usage: train.py [-h] [--lr LR]\n{line}\n")
    assert (finding.quote, finding.evidence) == (line, {"count": 1, "is_usage": True})
    assert [source.where for source in finding.sources] == ["line 2"]


@pytest.mark.parametrize(
    "line",
    [
        "kernel.cu:12:3: error: expected a declaration",
        "slurmstepd: error: couldn't do it",
        "the docs say train.py: error: unrecognized arguments: is what argparse prints",
    ],
)
def test_other_errors_are_no_refused_arguments(line: str) -> None:
    """Compilers, Slurm and sentences have the same word before other ones."""
    assert traceback_in(f"{line}\n") is None


def test_a_rule_below_an_exception_is_none_of_its_message() -> None:
    """Its launcher, torchrun, draws one between its exception's name and what it tells."""
    launched = BOOM.format(message="torch.distributed.elastic.multiprocessing.errors.ChildFailedError: ")
    finding = the_traceback(f"{launched}{'=' * 60}\ntrain.py FAILED\n")
    assert finding.quote == "torch.distributed.elastic.multiprocessing.errors.ChildFailedError:"


def test_what_vllms_engine_raised_is_told_instead_of_its_callers_words() -> None:
    """The program says only that a process of the engine ended; that one said why."""
    prefix = "(EngineCore_DP0 pid=81) ERROR 10-25 13:08:43 [core.py:708] "
    engine = "".join(
        f"{prefix}{line}\n" for line in BOOM.format(message="KeyError: 'lm_head.weight'").splitlines()
    )
    caller = "RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}"
    assert the_traceback(engine + BOOM.format(message=caller)).evidence["exception"] == "KeyError"
    assert the_traceback(BOOM.format(message=caller)).evidence["exception"] == "RuntimeError"
