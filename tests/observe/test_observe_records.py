"""Check how an answer is cut into records although its free text is hostile."""

from afterall.observe.records import new_separator, plain, split_records

SEPARATOR = "\x1f0123456789abcdef\x1f"


def test_lines_torn_by_newlines_are_joined() -> None:
    """A newline in free text does not end a record."""
    text = "11|new\nline|a\nb|sbatch -J new\nline\n12|x|y|z\n"
    assert split_records(text, "|", 4) == [
        ["11", "new\nline", "a\nb", "sbatch -J new\nline"],
        ["12", "x", "y", "z"],
    ]


def test_a_step_begins_a_record() -> None:
    """Lines of steps are records of their own."""
    records = split_records("1|a|b\n1.batch|c|d\n1.0|e|f\n", "|", 3)
    assert [record[0] for record in records] == ["1", "1.batch", "1.0"]


def test_no_text_can_imitate_a_record() -> None:
    """With a separator nobody knows, a whole forged line stays inside the name it stands in."""
    forged = "x\n99\x1f99\x1flab\x1fother\x1fCOMPLETED"
    text = SEPARATOR.join(["7", forged, "", "sbatch\n8"]) + "\n" + SEPARATOR.join(["9", "y", "", "z"]) + "\n"
    assert split_records(text, SEPARATOR, 4) == [["7", forged, "", "sbatch\n8"], ["9", "y", "", "z"]]


def test_a_separator_in_a_name_spoils_only_the_comment() -> None:
    """Where the separator occurs in text, the surplus goes to the second last field of that record."""
    records = split_records("7|/dir|us|name|comment|line\n8|/dir|b|c|d\n", "|", 5)
    assert records == [["7", "/dir", "us", "name|comment", "line"], ["8", "/dir", "b", "c", "d"]]


def test_a_record_that_is_too_short_is_dropped() -> None:
    """A line cut by a full disk gives nothing, and its neighbours stay."""
    assert split_records("7|a|b\n8|a\n9|a|b\n", "|", 3) == [["7", "a", "b"], ["9", "a", "b"]]


def test_noise_before_the_first_record_is_ignored() -> None:
    """Text that begins no record belongs to none."""
    assert split_records("sacct: warning\n\n7|a|b\n", "|", 3) == [["7", "a", "b"]]


def test_separators_differ() -> None:
    """Each call has a separator of its own, long enough not to be guessed."""
    made = {new_separator() for _ in range(100)}
    assert len(made) == 100
    assert all(len(separator) >= 32 for separator in made)


def test_plain_text_can_be_encoded() -> None:
    """What is not UTF-8 becomes a replacement character."""
    assert plain("bad\udcffutf") == "bad\ufffdutf"
