"""The report calls parameters what the set's owner calls them; documents for programs keep their keys."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from afterall.model import Finding, FindingCode, Report
from afterall.render.documents import render
from afterall.render.escaping import line
from afterall.render.figures import figures
from afterall.render.page import Page
from afterall.render.words.parameter_names import OURS, ParameterNames
from afterall.settings import RESULTS_HTML, SetSettings
from afterall.settings.experiment_set import LONGEST_NAME
from render.render_mixed import mixed_report
from render.render_reports import spec_report
from render.render_strings import MARKDOWN, STRINGS
from render.test_render_figures import texts
from render.test_render_hostile import blocks, inlines
from render.test_render_html import Outline

NAMES = {"lora_rank": "rank r", "seed": "Saat", "model": "Basis"}
OWN = SetSettings(names=NAMES, html=True)


def told(report: Report, settings: SetSettings = OWN) -> str:
    """Return RESULTS.md."""
    return render(report, settings, "", {})["RESULTS.md"].decode()


@pytest.mark.parametrize(
    "words",
    [
        "**Variants:** rank r 4 vs 64  ",
        "vary Basis (Llama-3.2-1B-Instruct, Llama-3.2-3B-Instruct) and rank r (4, 64)",
        "| Experiment   | Basis                 |   rank r |",
        "### 2. rank r Impact",
        "### 3. Basis Impact",
        "rank r 64 was lower than rank r 4 in 2 of 2 comparisons",
        "| Adapter (rank r 64)",
        "Try rank r 8, 16, and 32, between 4 and 64.",
        "4 settings were trained once, with Saat 1234: two more",
    ],
)
def test_tables_and_sentences_have_the_owners_name(words: str) -> None:
    """Title block, overview, results, findings, storage and next steps say the same."""
    assert words in told(spec_report())


def test_nothing_of_the_report_has_our_name_beside_it() -> None:
    """Where a parameter has a name of the owner's, ours stands nowhere."""
    text = told(mixed_report())
    assert "LoRA rank" not in text
    assert "LoRA Rank" not in text
    assert ", with Saat 0 and 1" in text


def test_what_changed_together_is_told_by_the_owners_names() -> None:
    """A finding's evidence holds keys; its sentence in the report holds names."""
    finding = Finding(
        code=FindingCode.CONFOUNDED,
        evidence={"parameters": "lora_rank,lora_alpha", "a": "x", "b": "y", "never_alone": "lora_rank"},
    )
    text = told(replace(spec_report(), findings=(finding,)))
    assert "Rank r and LoRA alpha changed together" in text
    assert "what comes of rank r alone cannot be told" in text


def test_figures_and_the_page_have_the_owners_name() -> None:
    """Axes, legends and the words beside a figure; headings of the page's table, which keep the key too."""
    figure = figures(Page(spec_report(), OWN))["final_metric"]
    assert {"rank r", "Basis", "rank r 64"} <= set(texts(figure.draw().decode()))
    assert "Final validation loss by rank r:" in figure.words
    page = Outline(render(spec_report(), OWN, "", {})[RESULTS_HTML].decode())
    assert {"rank r", "Basis"} <= set(page.texts["th"])
    assert "lora_rank" in page.values("title")


def test_the_longest_name_leaves_room_for_a_value() -> None:
    """Entries of a legend that differ in their value alone stay apart."""
    longest = SetSettings(names={"lora_rank": "r" * LONGEST_NAME})
    figure = figures(Page(spec_report(), longest))["final_metric"]
    assert {f"{'r' * LONGEST_NAME} {rank}" for rank in (4, 64)} < set(texts(figure.draw().decode()))


def test_documents_for_programs_keep_their_keys() -> None:
    """RESULTS.json and the tables are the same bytes, whatever parameters are called."""
    ours, own = (render(spec_report(), each, "", {}) for each in (SetSettings(html=True), OWN))
    programs = [name for name in ours if name.endswith((".json", ".csv"))]
    assert len(programs) == 4
    assert {name: own[name] for name in programs} == {name: ours[name] for name in programs}


def test_a_name_for_an_unknown_parameter_changes_nothing() -> None:
    """Nothing of the set is called so."""
    unknown = SetSettings(names={"optimizer.lr": "learning rate"})
    assert told(spec_report(), unknown) == told(spec_report(), SetSettings())


@pytest.mark.parametrize(
    ("value", "words"),
    [(64, "rank r 64"), (None, "full fine-tune"), (True, "rank r on"), ("all", "rank r all")],
)
def test_a_setting_is_told_by_the_owners_name(value: Any, words: str) -> None:
    """Our short names are not put in its place."""
    assert ParameterNames(NAMES).setting("lora_rank", value) == words
    assert OURS.setting("lora_rank", 64) == "rank 64"


@pytest.mark.parametrize(
    ("own", "shared"),
    [
        ({"lora_alpha": "LoRA rank"}, [("lora_alpha", "lora_rank")]),
        ({"lora_alpha": "RANK"}, [("lora_alpha", "lora_rank")]),
        ({"lora_alpha": "optim.beta"}, [("lora_alpha", "optim.beta")]),
        ({"lora_alpha": " lora  rank "}, [("lora_alpha", "lora_rank")]),
        ({"lora_alpha": "LoRA rank", "lora_rank": "r"}, []),
        ({"lora_alpha": "rank", "lora_rank": "alpha"}, []),
        ({"lora_rank": "rank"}, []),
        ({"lora_alpha": "learning rate"}, []),
        ({"seed": "LoRA rank"}, []),
    ],
)
def test_a_name_that_two_parameters_would_have_is_found(
    own: dict[str, str], shared: list[tuple[str, str]]
) -> None:
    """Another parameter's key, title or short name, but not that of one which has another name now."""
    assert list(ParameterNames(own).shared(("lora_rank", "lora_alpha", "optim.beta"))) == shared


@settings(max_examples=40, deadline=None)
@given(STRINGS.filter(lambda name: bool(name.strip())), st.sampled_from(["lora_rank", "model"]))
def test_any_name_is_only_a_name(name: str, key: str) -> None:
    """No name changes the structure of report or page, and each stands in the table as it reads."""
    plain = SetSettings(names={key: "words"}, html=True, figures=False)
    hostile = SetSettings(names={key: name[:LONGEST_NAME]}, html=True, figures=False)
    harmless, nasty = (render(spec_report(), each, "", {}) for each in (plain, hostile))
    tokens = [MARKDOWN.parse(each["RESULTS.md"].decode()) for each in (harmless, nasty)]
    assert blocks(tokens[1]) == blocks(tokens[0])
    assert inlines(tokens[1]) == inlines(tokens[0])
    pages = [Outline(each[RESULTS_HTML].decode()).elements for each in (harmless, nasty)]
    kinds = [[tag for tag, _ in elements if tag != "wbr"] for elements in pages]
    assert kinds[1] == kinds[0]
    cells = [
        "".join(child.content for child in token.children or []) for token in tokens[1] if token.children
    ]
    assert line(name[:LONGEST_NAME]) in [cell.strip() for cell in cells]
