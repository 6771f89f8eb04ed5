"""Commands as a shell reads them."""

import shlex

import pytest
from msgspec.structs import replace

from afterall.model import (
    NextStepKind,
)
from afterall.model.shell import shell_word
from analyse.analyse_asking import step
from analyse.analyse_made import (
    SET,
    unsubmitted,
)


def test_hostile_names_stay_one_word() -> None:
    """Quotes, newlines and a leading dash in names neither end a command nor become an option."""
    run = unsubmitted("a'b\nc")
    run = replace(run, layout=replace(run.layout, scripts=("a'b\nc/-x y.sbatch",)))
    command = step(NextStepKind.SUBMIT, run).command
    assert command == rf"(cd $'{SET}/a\x27b\x0ac' && sbatch './-x y.sbatch')"


@pytest.mark.parametrize("word", ["", "plain", "two words", "it's", "$(rm x)", "a;b", "ünïcode"])
def test_visible_words_are_quoted_for_the_shell(word: str) -> None:
    """A shell reads the word back as it was."""
    assert shlex.split(shell_word(word)) == [word]


def test_undecodable_bytes_are_written_as_bytes() -> None:
    """A file name's raw byte reaches the program as that byte."""
    assert shell_word("a\udcff") == r"$'a\xff'"
    assert shell_word("\ud800") == r"$'\xed\xa0\x80'"


@pytest.mark.parametrize("unseen", ["\u3164", "\u2800", "\u202e", "\x1b", "\ufe0e", "\u0378"])
def test_what_nobody_sees_is_written_as_bytes(unseen: str) -> None:
    """A blank that prints as nothing would be spelled out by the report, and the command be another."""
    written = "".join(f"\\x{byte:02x}" for byte in unseen.encode())
    assert shell_word(f"a{unseen}b") == f"$'a{written}b'"
