"""The heading and first paragraph of a set's README.md."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.analyse.readme import LONGEST_PARAGRAPH, LONGEST_TITLE, Readme, parse_readme


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "# Rank sweep\n\nCompares ranks.\nOn two models.\n\nMore.\n",
            Readme("Rank sweep", "Compares ranks. On two models."),
        ),
        ("Rank sweep\n===\nCompares ranks.\n", Readme("Rank sweep", "Compares ranks.")),
        ("Rank sweep\n---\n\n- a list\n  of things\n\nProse.\n", Readme("Rank sweep", "Prose.")),
        ("---\ntags: [a]\n---\n# T ##\n\nProse.\n", Readme("T", "Prose.")),
        ("# T\n\n[![ci](a.svg)](b)\n\n> quoted\n\n| a |\n|---|\n\nProse.\n", Readme("T", "Prose.")),
        (
            "# T\n<!-- hidden\n\ntext -->\n\n```\ncode\n\nmore\n```\n<p>html</p>\n\nProse.\n",
            Readme("T", "Prose."),
        ),
        ("Before.\n\n# T\n", Readme("T", "Before.")),
        ("Before.\n\n# T\n\nAfter.\n", Readme("T", "After.")),
        ("Only prose.", Readme(None, "Only prose.")),
        ("# Only a title", Readme("Only a title", None)),
        ("", Readme()),
        ("#tag is no heading\n", Readme(None, "#tag is no heading")),
        ("```\n# never closed\n", Readme()),
        ("\ufeff# With a BOM\r\n\r\nProse.\r\n", Readme("With a BOM", "Prose.")),
    ],
)
def test_heading_and_paragraph_are_found(text: str, expected: Readme) -> None:
    """Front matter, comments, code, lists, quotes, tables, HTML and badges are no prose."""
    assert parse_readme(text) == expected


def test_markup_is_taken_off() -> None:
    """Emphasis, code ticks, links and images leave their text; snake_case keeps its underscores."""
    text = '# **LoRA** `rank`\n\nSee [the *plan*](plan.md "x") for `lora_rank` ![p](p.png) and my_run_name.\n'
    assert parse_readme(text) == Readme("LoRA rank", "See the plan for lora_rank and my_run_name.")


def test_control_characters_become_spaces() -> None:
    """Nothing that moves a cursor or ends a line is left."""
    found = parse_readme("# a\x1b[1mb\x00\n\nc\u2028d\x85e\tf\n")
    assert found == Readme("a [1mb", "c d e f")


def test_long_texts_are_cut() -> None:
    """A title and a paragraph have a greatest length."""
    found = parse_readme("# " + "t" * 9999 + "\n\n" + "p" * 99999)
    assert (len(found.title or ""), len(found.paragraph or "")) == (LONGEST_TITLE, LONGEST_PARAGRAPH)


@pytest.mark.parametrize(
    "part", ["[", "![[", "*a", "`", "[a](", "# ", "<!--", "_a_", "**a ", "a\n=\n", "- ", "\n"]
)
def test_hostile_markup_takes_no_long_time(part: str) -> None:
    """A megabyte of openings without an end is read in well under a second."""
    begun = time.perf_counter()
    parse_readme(part * (1024 * 1024 // len(part)))
    assert time.perf_counter() - begun < 1


@given(st.text(alphabet=st.characters() | st.sampled_from("#-=*_`[]()!<>|\n \t~"), max_size=300))
def test_any_text_gives_one_line_each(text: str) -> None:
    """Whatever the file holds, title and paragraph are None or one printable line."""
    found = parse_readme(text)
    for part in (found.title, found.paragraph):
        assert part is None or (part.strip() == part != "" and len(part.splitlines()) == 1)
