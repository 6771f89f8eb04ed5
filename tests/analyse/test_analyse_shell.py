"""Commands as a shell reads them."""

import shlex

import pytest
from msgspec.structs import replace

from afterall.analyse import analyse
from afterall.analyse.steps.shell import quoted
from afterall.model import (
    Experiment,
    NextStep,
    NextStepKind,
)
from analyse.analyse_made import (
    SET,
    material,
    unsubmitted,
)


def steps(kind: NextStepKind, *experiments: Experiment, **fields: object) -> list[NextStep]:
    """Return the next steps of one kind."""
    return [step for step in analyse(material(*experiments, **fields)).next_steps if step.kind is kind]


def step(kind: NextStepKind, *experiments: Experiment, **fields: object) -> NextStep:
    """Return the one next step of a kind."""
    (found,) = steps(kind, *experiments, **fields)
    return found


def test_hostile_names_stay_one_word() -> None:
    """Quotes, newlines and a leading dash in names neither end a command nor become an option."""
    run = unsubmitted("a'b\nc")
    run = replace(run, layout=replace(run.layout, scripts=("a'b\nc/-x y.sbatch",)))
    command = step(NextStepKind.SUBMIT, run).command
    assert command == rf"(cd $'{SET}/a\x27b\x0ac' && sbatch './-x y.sbatch')"


@pytest.mark.parametrize("word", ["", "plain", "two words", "it's", "$(rm x)", "a;b", "ünïcode"])
def test_visible_words_are_quoted_for_the_shell(word: str) -> None:
    """A shell reads the word back as it was."""
    assert shlex.split(quoted(word)) == [word]


def test_undecodable_bytes_are_written_as_bytes() -> None:
    """A file name's raw byte reaches the program as that byte."""
    assert quoted("a\udcff") == r"$'a\xff'"
    assert quoted("\ud800") == r"$'\xed\xa0\x80'"
