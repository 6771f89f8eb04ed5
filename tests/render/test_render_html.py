"""RESULTS.html holds the whole report by itself, and no name in it is anything but a name."""

import json
import math
import re
from base64 import b64decode, b64encode
from hashlib import sha256
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings

from afterall.model import Direction, Point, Points, Ranking, Series, Source
from afterall.render.documents import render
from afterall.render.escaping import line
from afterall.render.html.curves import MOST_POINTS, curves
from afterall.render.page import Page
from afterall.settings import RESULTS_HTML, SetSettings
from render.render_reports import fact, make_experiment, spec_report, tiny_report
from render.render_strings import STRINGS
from render.test_render_figures import THREE, run, sweep
from render.test_render_hostile import WORDS, hostile_report

ON = SetSettings(html=True)
_EMPTY = frozenset(("meta", "link", "img", "br", "wbr", "hr", "input"))


class Outline(HTMLParser):
    """What a document consists of; fails where an element is not closed in its turn."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(document)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        assert len({name for name, _ in attrs}) == len(attrs)
        self.elements.append((tag, dict(attrs)))
        if tag not in _EMPTY:
            self._open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note text by the element it stands in."""
        if self._open:
            self.texts[self._open[-1]][-1] += data

    def values(self, name: str) -> list[str]:
        """Return all values of an attribute."""
        return [str(attrs[name]) for _, attrs in self.elements if name in attrs]


def page_of(report: object, /, notes: str = "", own: SetSettings = ON, **templates: str) -> str:
    """Return RESULTS.html as text."""
    assert isinstance(report, type(THREE))
    named = {f"{name}.md.j2": text for name, text in templates.items()}
    return render(report, own, notes, named)[RESULTS_HTML].decode()


def data_in(document: str) -> dict[str, list[dict[str, object]]]:
    """Return what the page's script reads."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', document)
    assert found
    held: dict[str, list[dict[str, object]]] = json.loads(found[1])
    return held


def test_a_page_is_only_written_where_it_is_asked_for() -> None:
    """`html` is false unless the settings say otherwise, and changes no other document."""
    without, with_page = render(THREE, SetSettings(), "", {}), render(THREE, ON, "", {})
    assert RESULTS_HTML not in without
    assert {name: data for name, data in with_page.items() if name != RESULTS_HTML} == without


def test_the_same_report_gives_the_same_page() -> None:
    """Nothing in it is random or of today."""
    assert page_of(spec_report()) == page_of(spec_report())


def test_it_is_well_formed_and_asks_for_nothing() -> None:
    """Every element is closed; images stand in it, links are relative, no element loads anything."""
    outline = Outline(page_of(spec_report()))
    assert all(source.startswith("data:image/svg+xml;base64,") for source in outline.values("src"))
    assert not [link for link in outline.values("href") if ":" in link.removeprefix("data:,")]
    assert not outline.values("style")
    assert not [tag for tag, _ in outline.elements if tag in ("iframe", "object", "embed", "form", "base")]


def test_the_policy_allows_the_pages_own_parts_and_nothing_else() -> None:
    """Each style and script is named by its hash; there is no `unsafe-inline` and no host."""
    document = page_of(THREE)
    policy = Outline(document).values("content")
    (told,) = [text for text in policy if "default-src" in text]
    assert told.startswith("default-src 'none'; ")
    assert "unsafe" not in told
    assert "http" not in told
    parts = re.findall(r"<(?:style|script)>(.*?)</(?:style|script)>", document, re.DOTALL)
    hashes = [f"'sha256-{b64encode(sha256(part.encode()).digest()).decode()}'" for part in parts]
    assert len(parts) == 7
    assert sorted(hashes) == sorted(re.findall(r"'sha256-[^']+'", told))


def test_the_sections_of_the_report_are_there_in_order() -> None:
    """What RESULTS.md says stands in the page, with a link to each section."""
    documents = render(spec_report(), ON, "", {})
    wanted = re.findall(r"(?m)^## (.+)$", documents["RESULTS.md"].decode())
    outline = Outline(documents[RESULTS_HTML].decode())
    assert outline.texts["h2"] == wanted
    anchors = [str(attrs["id"]) for tag, attrs in outline.elements if tag == "h2"]
    assert [link for link in outline.values("href") if link.startswith("#section-")] == [
        f"#{anchor}" for anchor in anchors
    ]
    assert len(set(outline.values("id"))) == len(outline.values("id"))


def test_every_figure_stands_in_the_page() -> None:
    """With its words for who cannot see it; without figures there are none."""
    documents = render(THREE, ON, "", {})
    outline = Outline(documents[RESULTS_HTML].decode())
    held = [b64decode(source.partition(",")[2]) for source in outline.values("src")]
    assert sorted(held) == sorted(data for name, data in documents.items() if name.endswith(".svg"))
    assert all(len(words) > 20 for words in outline.values("alt"))
    assert "<img" not in page_of(THREE, own=SetSettings(html=True, figures=False))


def test_the_table_of_runs_takes_the_place_of_the_reports() -> None:
    """It stands there once, with what differs first and what is the same in all runs on demand."""
    outline = Outline(page_of(spec_report()))
    heads = [attrs for tag, attrs in outline.elements if tag == "th" and "title" in attrs]
    names = [str(attrs["title"]) for attrs in heads]
    shown = [str(attrs["title"]) for attrs in heads if "more" not in str(attrs.get("class"))]
    assert {"model", "lora_rank", "final_loss", "final_val_loss", "state"} <= set(shown)
    assert "epochs" in set(names) - set(shown)
    assert outline.texts["th"].count("Tokens/sec/GPU") == 1


def test_a_number_stands_in_full_beside_what_is_shown() -> None:
    """Sorting rests on the value that was read; NaN is said as such, a missing value is marked."""
    runs = [run("a", 4, [3.0, 1.23456789012]), run("b", 16, [3.0, math.nan])]
    runs.append(make_experiment("c", metrics={}, parameters={}, attempts=()))
    ranking = Ranking(metric="t/s/accuracy", direction=Direction.UP, order=("a",), values={"a": 0.5})
    document = page_of(tiny_report(*runs, rankings=(ranking,)))
    rows = re.findall(r'<tr data-row="(\d)">(.*?)</tr>', document, re.DOTALL)
    assert [place for place, _ in rows] == ["0", "1", "2"]
    assert 'data-value="1.23456789012"' in rows[0][1]
    assert 'data-value="NaN"' in rows[1][1]
    assert 'data-value="0.5"' in rows[0][1]
    assert "data-missing" in rows[2][1]
    assert "data-value" not in rows[2][1]


def test_a_duration_sorts_by_its_seconds() -> None:
    """The job's time and the trainer's own have columns of their own here."""
    document = page_of(tiny_report(make_experiment("1B_rank4"), make_experiment("3B_rank4", 3)))
    assert '<th scope="col" title="elapsed_s" class="number">Duration</th>' in document
    assert '<th scope="col" title="train_seconds" class="number">Training Time</th>' in document
    assert re.search(r'data-value="1354(?:\.0)?">22:34</td>', document)


def test_without_runs_there_is_no_table() -> None:
    """A set without experiments still has a page."""
    outline = Outline(page_of(tiny_report()))
    assert "runs" not in outline.values("id")
    assert "#runs-part" not in outline.values("href")


def test_a_labs_templates_count() -> None:
    """Its words stand in the page; where it has no table of runs, ours follows the title block."""
    document = page_of(THREE, report="# Mine\n\nhello\n\n## One\n\n{{ DATE }}\n")
    assert document.index("hello") < document.index('id="runs"') < document.index(">One</h2>")


def test_notes_are_markdown_without_html() -> None:
    """What a person wrote is shown: HTML as text, images as links; what is left open ends with the notes."""
    notes = "**bold** <script>alert(1)</script>\n\n![x](http://a.b/c.png)\n\n```\nopen"
    document = page_of(spec_report(), notes)
    outline = Outline(document)
    assert "<strong>bold</strong> &lt;script&gt;" in document
    assert '<a href="http://a.b/c.png" rel="noopener noreferrer">x</a>' in document
    assert "Appendix: Useful Commands" in outline.texts["h2"]


def test_sections_in_notes_have_anchors_of_their_own() -> None:
    """Headings that a person repeats, or that have no letters, lead to themselves."""
    outline = Outline(page_of(THREE, "## Overview\n\n## Overview\n\n## 漢\n\n## !!\n\n## Overview 1\n"))
    assert len(set(outline.values("id"))) == len(outline.values("id"))
    assert {"section-overview", "section-overview-1", "section-untitled"} <= set(outline.values("id"))


def test_endless_notes_are_shown_as_they_are() -> None:
    """Notes of many megabytes do not hold up a report."""
    assert "<pre>\n" in page_of(THREE, "\n" + "![[" * 2**21)


def test_folds_fold_and_nothing_else_does() -> None:
    """The report's folds are folds, within each other too; a lone line of one, or one in a fence, is text."""
    fold = "<details>\n<summary>All *9* runs</summary>\n\n{}\n\n</details>\n"
    document = page_of(THREE, fold.format(fold.format("```\n</details>\n```")))
    assert document.count("<details>\n<summary>All <em>9</em> runs</summary>") == 2
    assert "<pre><code>&lt;/details&gt;\n</code></pre>" in document
    Outline(document)
    for lone in ("<details>", "</details>", "<summary>x</summary>", "<details>\n<summary>x</summary>\n\ny"):
        outline = Outline(page_of(THREE, f"a\n{lone}\n\n- b\n  <details>\n  </details>\n"))
        assert outline.texts["summary"] == Outline(page_of(THREE)).texts["summary"]


def test_a_large_set_has_all_its_runs_in_the_table() -> None:
    """Where the report shows the foremost runs and folds the others, the page shows all at once."""
    many = [run(f"r{n}", 4 + n % 4, [2.0, 1.0 + n]) for n in range(60)]
    documents = render(sweep(many), PLAIN, "", {})
    assert "The best 10 of 60 experiments" in documents["RESULTS.md"].decode()
    page = documents[RESULTS_HTML].decode()
    assert page.count("<tr data-row=") == 60
    assert "The best 10 of 60 experiments" not in page
    assert (
        "All 60 experiments" not in page.partition('id="runs"')[2].partition("<h2")[0].partition("<h3>Tr")[0]
    )


def test_a_section_that_is_left_out_is_left_out_here_too() -> None:
    """Without the results there is no table of runs and no curve."""
    outline = Outline(page_of(THREE, own=SetSettings(html=True, omit=("results",))))
    assert not {"runs", "curves", "section-training-results-summary"} & set(outline.values("id"))


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", "vbscript:x"])
def test_a_link_in_notes_runs_nothing(link: str) -> None:
    """Addresses that act are no links."""
    assert link not in Outline(page_of(THREE, f"[here]({link})")).values("href")


_OF_CELLS = {("td", "data-value"), ("td", "data-missing"), ("td", "class"), ("th", "class")}
PLAIN = SetSettings(html=True, figures=False)
HARMLESS = Outline(page_of(hostile_report("harmless", "words", "some/path"), own=PLAIN))


@settings(max_examples=40, deadline=None)
@given(WORDS, WORDS, WORDS)
def test_no_string_becomes_markup(name: str, words: str, path: str) -> None:
    """A hostile set's page has the elements and attributes of a harmless one's; links stay in the set."""
    document = page_of(hostile_report(name, words, path), own=PLAIN)
    outline = Outline(document)
    known = {(tag, key) for tag, attrs in HARMLESS.elements for key in attrs} | _OF_CELLS
    assert {(tag, key) for tag, attrs in outline.elements for key in attrs} <= known
    assert {tag for tag, _ in outline.elements} <= {tag for tag, _ in HARMLESS.elements}
    assert outline.texts["style"] == HARMLESS.texts["style"]
    scripts = [text for text in outline.texts["script"] if not text.startswith("{")]
    assert scripts == [text for text in HARMLESS.texts["script"] if not text.startswith("{")]
    links = [link for link in outline.values("href") if link != "data:,"]
    assert not [link for link in links if ":" in link or link.startswith("//")]


@settings(max_examples=40, deadline=None)
@given(STRINGS.filter(lambda value: bool(value.strip())))
def test_a_name_reaches_the_script_as_itself(name: str) -> None:
    """No name ends the data or changes it; it reads as in every table."""
    held = data_in(page_of(sweep([run(name, 4, [3.0, 2.0]), run("b", 16, [3.0, 1.0])]), own=PLAIN))
    assert [one["name"] for one in held["runs"]] == [line(name, 120), "b"]


def test_every_point_is_a_logged_one() -> None:
    """A long curve is thinned, keeps its spike and the step at which it was lost, and has its median."""
    values = [2.0 + 0.1 * math.sin(step) for step in range(4000)]
    values[1234] = 99.0
    values[3000:] = [math.nan] * 1000
    held = curves(Page(sweep([run("a", 4, values), run("b", 16, [3.0, 2.0])]), ON))
    curve = held["panels"][0]["curves"][0]
    logged = {step: float(f"{value:.6g}") for step, value in enumerate(values, start=1)}
    for step, value in zip(curve["steps"], curve["values"], strict=True):
        assert value == "NaN" if math.isnan(logged[step]) else value == logged[step]
    assert len(curve["steps"]) < 600
    assert 1235 in curve["steps"]
    assert curve["values"][curve["steps"].index(3001)] == "NaN"
    assert max(curve["median"]["steps"]) <= 3000


def test_a_run_without_any_number_has_no_curve() -> None:
    """Only NaN was logged, or nothing: there is nothing to draw, and the others are still told right."""
    runs = [run("a", 4, [math.nan, math.nan]), run("b", 16, [3.0, 2.0]), make_experiment("c")]
    held = curves(Page(tiny_report(*runs), ON))
    assert [one["name"] for one in held["runs"]] == ["b"]
    assert held["rows"] == [1]


def test_two_hundred_runs_stay_within_bounds() -> None:
    """The points of all curves are bounded, and so is the page; four runs are a small page."""
    values = Points.of(Point(step, 1 + 1 / step) for step in range(1, 1001))
    series = {key: Series(key, values, Source("run.log")) for key in ("loss", "val_loss")}
    many = [run(f"r{n}", 4 + n % 4, [2.0, 1.0 + n], series=series) for n in range(200)]
    report = sweep(many)
    held = curves(Page(report, ON))
    drawn = [curve for panel in held["panels"] for curve in panel["curves"]]
    assert len(drawn) == 400
    assert sum(len(c["steps"]) + len(c["median"]["steps"]) for c in drawn) <= MOST_POINTS * 1.1
    assert len(page_of(report, own=SetSettings(html=True, figures=False))) < 3_000_000
    assert len(page_of(sweep(many[:4]))) < 400_000


def test_an_integer_beyond_floats_is_no_trouble() -> None:
    """A parameter may be any integer that JSON allows."""
    huge = make_experiment("a", parameters={"seed": fact(10**400)})
    assert 'data-value="Infinity"' in page_of(tiny_report(huge, make_experiment("b")))


def test_a_metric_beyond_floats_is_no_trouble() -> None:
    """Steps, throughput and a monitor's samples are shown or left out of figures, whatever a file says."""
    keys = ("planned_steps", "samples_per_second", "gpu_power_mean_w", "gpu_energy_wh")
    metrics = {"global_step": fact(7), **{key: fact(10**400) for key in keys}}
    page_of(tiny_report(*(make_experiment(name, metrics=metrics) for name in "abc")))
