"""Read what Hydra tells of an error instead of its traceback, and nothing where there is one."""

import pytest

from afterall.scan.logs.compact_errors import ENDS
from afterall.scan.logs.lines import Line
from afterall.scan.logs.tracebacks import MOST_KEPT, TracebackReader
from scan.test_scan_tracebacks import BOOM, the_traceback, traceback_in

BEGUN = "Error executing job with overrides: ['lr=0.1', 'model=tiny']\n"
END = f"\n{ENDS}\n"
TARGET = "Error locating target 'lab.Model', set env var HYDRA_FULL_ERROR=1 to see chained exception."


def test_hydras_own_words_are_quoted() -> None:
    """An error that Hydra tells in one line is the end of the program, without an exception's name."""
    finding = the_traceback(f"{BEGUN}{TARGET}\nfull_key: model\n{END}")
    assert finding.quote == TARGET
    assert finding.evidence == {"count": 1}
    assert finding.sources[0].where == "line 2"


def test_the_exception_below_a_call_is_quoted_with_it() -> None:
    """Which call failed stands in one line, and why in the next."""
    words = "Error in call to target 'lab.Model':\nTypeError(\"got an unexpected keyword 'foo'\")\n"
    finding = the_traceback(f"{BEGUN}{words}full_key: model\n{END}")
    assert finding.quote == (
        "Error in call to target 'lab.Model': TypeError(\"got an unexpected keyword 'foo'\")"
    )


def test_a_configuration_that_is_wrong_has_the_last_words_alone() -> None:
    """Nothing marks the lines above them."""
    assert the_traceback(f"Could not override 'task'.\n{END}").quote == ENDS


@pytest.mark.parametrize("before", ["", BEGUN, f"[rank1]: {BEGUN}{BEGUN}"])
def test_a_traceback_is_told_once(before: str) -> None:
    """Below the traceback of any other exception Hydra's last words tell nothing new."""
    finding = the_traceback(before + BOOM.format(message="ValueError: x") + "    full_key: lr\n" + END)
    assert (finding.quote, finding.evidence["count"]) == ("ValueError: x", 1)


def test_what_was_handled_before_is_not_the_end() -> None:
    """Hydra's error stands below a traceback that somebody printed and went on."""
    finding = the_traceback(f"{BOOM.format(message='ValueError: x')}Going on\n{BEGUN}{TARGET}\n{END}")
    assert finding.quote == TARGET


def test_of_many_errors_few_are_kept() -> None:
    """All are counted, in bounded memory."""
    reader = TracebackReader()
    for number in range(100):
        for place, text in enumerate((BEGUN, f"Error in lab.Model{number}", ENDS)):
            reader.read(Line(text.strip().encode(), 3 * number + place + 1, 0))
    assert (reader.count, len(reader.kept)) == (100, MOST_KEPT)


@pytest.mark.parametrize(
    "text",
    [
        BEGUN,
        f"{BEGUN}Going on\n",
        f"export HYDRA_FULL_ERROR=1\nRun it again. {ENDS}\n",
        f"{BEGUN}" + "step 1\n" * 40,
        ENDS,
    ],
)
def test_words_that_end_no_error_are_none(text: str) -> None:
    """What begins and does not end, what only mentions the words, and what was cut off."""
    assert traceback_in(text) is None


def test_ranks_tell_the_same_error_at_once() -> None:
    """One of them is followed."""
    lines = [*BEGUN.splitlines(), TARGET, ENDS]
    log = "".join(f"[rank{rank}]: {line}\n" for line in lines for rank in (1, 0))
    assert the_traceback(log).quote.endswith(TARGET)
