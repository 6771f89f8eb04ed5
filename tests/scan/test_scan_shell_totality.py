"""Hold every part that takes a batch script's text apart against any text."""

import re

from hypothesis import given
from hypothesis import strategies as st

from afterall.scan.parameters.script_logs import output_names
from afterall.scan.parameters.scripts.outputs.json_queries import queried
from afterall.scan.parameters.scripts.outputs.one_liners import printed
from afterall.scan.parameters.scripts.submit_lines import parse_submit_line
from afterall.scan.parameters.scripts.words.braces import MOST_WORDS, expanded
from afterall.scan.parameters.scripts.words.parameter import parse_parameter
from afterall.scan.parameters.scripts.words.patterns import changed, fits, marked, unmarked

LINES = st.lists(
    st.sampled_from(
        [
            "print(", "x=", "[1,2]", "x", "[0]", ")", ";", "range(", "itertools.product(", "*", ",", "**",
            "9", "'a'", "{1:2}", "-", "/", "%", "0", "import itertools", "max(", "str(", "int(", "list(",
            "\n", "lambda:", "__import__('os')", "f'{x}'", "True", "None", "\0", "(", "len(", "min(",
        ]
    ),
    max_size=25,
).map("".join)  # fmt: skip
WORDS = st.text(alphabet="{},.123abAB-'\"\\$()`0 é", max_size=60)
SIGNS = st.text(alphabet="ab*?[]!^-\\:(){}+@|/#%,$'\"1 \x01é", max_size=30)
OPERATORS = st.sampled_from(["#", "##", "%", "%%", "/", "//", "/#", "/%", "^", "^^", ",", ",,", ":", "@"])


@given(st.one_of(LINES, st.text(max_size=80)))
def test_any_line_prints_something_or_is_not_known(line: str) -> None:
    """No line of Python raises anything, and what it prints is short."""
    told = printed(line)
    assert told is None or len(told) < 1_000_000


@given(
    st.text(alphabet='{}[]":,.0123abet-\\ ', max_size=60), st.text(alphabet='.[]"|ab01 length', max_size=30)
)
def test_any_query_of_any_document_is_answered_or_not(document: str, query: str) -> None:
    """Neither a document nor a query raises anything."""
    assert queried(document, query, is_raw=True) is None or document.strip()


@given(WORDS)
def test_any_word_is_expanded(word: str) -> None:
    """Braces in any order become at least one word, at most as many as are allowed."""
    words = expanded(word)
    assert words is None or 1 <= len(words) <= MOST_WORDS
    assert "{" in word or words == [word]


@given(st.one_of(SIGNS, st.text(max_size=40)))
def test_any_piece_is_a_parameter_or_none(text: str) -> None:
    """What stands within `${…}` is one of the known forms, or nobody knows its value."""
    parameter = parse_parameter(f"${{{text}}}")
    assert parameter is None or len(parameter.words) <= 2


@given(SIGNS, OPERATORS, SIGNS, SIGNS)
def test_any_text_is_changed_or_not_known(text: str, operator: str, one: str, other: str) -> None:
    """No pattern raises anything, and one that cuts leaves a beginning or an end."""
    words = (one, other) if operator.startswith("/") else (one,)
    told = changed(text, operator, words)
    if told is not None and operator in ("#", "##", "%", "%%"):
        assert text.endswith(told) if operator.startswith("#") else text.startswith(told)


@given(SIGNS.filter(lambda text: "\x01" not in text), SIGNS.filter(lambda text: "\x01" not in text))
def test_what_stands_in_quotes_fits_itself_alone(text: str, other: str) -> None:
    """A pattern whose every sign is quoted is a plain text."""
    assert unmarked(marked(text)) == text
    assert fits(other, marked(text)) in (other == text, None)
    assert fits(text, text) is not False or re.search(r"[][\\?*!^]", text)


@given(st.lists(st.sampled_from([*"abc", "job.sh", "--export", "=", "ALL", ",", " ", "'", "&&", "A=1"])))
def test_any_submit_line_is_read(pieces: list[str]) -> None:
    """Options, quotes and operators in any order give values, and the script's words where it is named."""
    line = "".join(pieces)
    submitted = parse_submit_line(line, ["job.sh"])
    assert submitted.arguments is None or "job.sh" in line


@given(st.text(alphabet="%AajxJnN0123-_./[](+*", max_size=30), st.text(max_size=20))
def test_any_output_pattern_names_logs(pattern: str, file: str) -> None:
    """A pattern of `--output` becomes names that a log may fit, whatever signs are in it."""
    for name in output_names(f"#!/bin/bash\n#SBATCH --output={pattern}\n", file):
        name.fullmatch("a-1_2.out")
    made = pattern.rpartition("/")[2].replace("%", "")
    if made:
        (name,) = output_names(f"#SBATCH -o {pattern.replace('%', '')}\n", file)
        assert name.fullmatch(made)
