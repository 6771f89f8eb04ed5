"""What people write in a report is told from what we wrote."""

from hypothesis import given
from hypothesis import strategies as st

from afterall.model.notes import NOTES_BEGIN, NOTES_END, parse_old_report, seal

PLAIN = st.text().filter(lambda text: "<!-- afterall:" not in text)


def _report(notes: str, body: str = "# Report\n") -> str:
    return f"{body}\n{NOTES_BEGIN}{notes}{NOTES_END}\n\n## Appendix\n"


@given(PLAIN, PLAIN)
def test_a_sealed_report_is_not_edited_and_gives_its_notes_back(notes: str, body: str) -> None:
    """Notes come back to the letter."""
    old = parse_old_report(seal(_report(notes, body)))
    assert (old.notes, old.edited) == (notes, False)


@given(PLAIN, PLAIN)
def test_writing_notes_is_no_edit(before: str, after: str) -> None:
    """Only text outside the markers counts."""
    written = seal(_report(before)).replace(
        f"{NOTES_BEGIN}{before}{NOTES_END}", f"{NOTES_BEGIN}{after}{NOTES_END}"
    )
    assert parse_old_report(written) == parse_old_report(seal(_report(after)))


def test_a_changed_word_outside_the_notes_is_an_edit() -> None:
    """A person's correction in a table is noticed."""
    assert parse_old_report(seal(_report("n")).replace("# Report", "# My report")).edited


def test_text_added_behind_the_last_line_is_an_edit() -> None:
    """Appending counts."""
    assert parse_old_report(seal(_report("n")) + "PS: see above\n").edited


def test_a_report_that_was_never_ours_is_edited() -> None:
    """A RESULTS.md written by hand is kept, not overwritten."""
    old = parse_old_report("# Results\n")
    assert (old.notes, old.edited) == (None, True)


def test_a_missing_marker_gives_no_notes_and_is_an_edit() -> None:
    """Half a pair of markers is not guessed at."""
    old = parse_old_report(seal(_report("n")).replace(NOTES_END, ""))
    assert (old.notes, old.edited) == (None, True)


@given(st.text())
def test_any_text_is_judged(text: str) -> None:
    """The parser is total."""
    parse_old_report(text)


@given(PLAIN)
def test_sealing_twice_the_same_text_gives_the_same(text: str) -> None:
    """The seal is a function of the text alone."""
    assert seal(text) == seal(text)
