"""A lab's own templates replace ours section by section, safely, and their mistakes name file and line."""

import pytest

from afterall.errors import BadSettings
from afterall.model.notes import NOTES_BEGIN
from afterall.render.documents import render
from afterall.render.templating import TEMPLATE_NAMES
from afterall.settings import SetSettings
from render.render_reports import make_experiment, spec_report, tiny_report

SETTINGS = SetSettings(templates="lab")


def rendered(name: str, template: str) -> str:
    """Return the report of report-spec's example with one template replaced."""
    return render(spec_report(), SETTINGS, "", {name: template})["RESULTS.md"].decode()


def test_one_section_is_replaced_and_the_others_stay() -> None:
    """A lab's template takes the place of its section alone."""
    document = rendered("storage.md.j2", "## Storage\n\nSee the wiki.")
    assert "## Storage\n\nSee the wiki.\n\n## Issues and Notes" in document
    assert "## Key Findings" in document


def test_report_specs_variables_are_there() -> None:
    """The template variables of report-spec can be used by their names."""
    template = (
        "# {{ EXPERIMENT_SET_NAME }}\n\n{{ DATE }}; {{ TASK_DESCRIPTION }}; {{ MODEL_NAMES }}; "
        "{{ NUM_EXPERIMENTS }}; {{ COMPLETION_STATUS }}"
    )
    document = rendered("title.md.j2", template)
    assert document.startswith(
        "# cap_8L_llama32_lora_comparison_2025-10-18\n\nOctober 18, 2025; LoRA rank comparison for "
        "capitalization task; Llama-3.2-1B-Instruct and Llama-3.2-3B-Instruct; 4; ✓ All 4 experiments"
    )


def test_our_own_template_stays_within_reach() -> None:
    """A lab can put something before or after our section."""
    document = rendered("overview.md.j2", '{% include "default/overview.md.j2" %}\n\nFunded by the lab.')
    assert "## Overview\n" in document
    assert "Funded by the lab.\n\n## Checkpoint Verification" in document


def test_values_are_escaped_for_a_lab_too() -> None:
    """What a lab's template prints of the raw report is escaped unless it says otherwise."""
    report = tiny_report(make_experiment("a|<b>"))
    template = (
        "{{ report.experiments[0].name }} {{ report.experiments[0].name | code }} {{ '**x**' | markdown }}"
    )
    document = render(report, SETTINGS, "", {"overview.md.j2": template})["RESULTS.md"].decode()
    assert "a\\|\\<b> a\\|\\<b> **x**" in document


def test_filters_put_numbers_into_words() -> None:
    """Sizes, durations, dates and numbers have their filters."""
    template = (
        "{{ report.storage.size_bytes | size }}, {{ 281 | duration }}, {{ report.set.first | date }}, "
        "{{ 0.5 | number }}, {{ 'a b' | link }}, {{ None }}"
    )
    assert "52.7 GB, 4.7 minutes, October 18, 2025, 0.5, [a b](a%20b), —" in rendered(
        "overview.md.j2", template
    )


def test_notes_are_kept_even_if_a_lab_forgets_them() -> None:
    """A report template without the notes gets them at its end: nobody's words are lost."""
    document = render(spec_report(), SETTINGS, "\nmine\n", {"report.md.j2": "# Short"})["RESULTS.md"].decode()
    assert document == f"# Short\n\n## Your Notes\n\n{NOTES_BEGIN}\nmine\n<!-- afterall:notes:end -->\n"


@pytest.mark.parametrize(
    ("name", "template", "message"),
    [
        ("overview.md.j2", "one\n{% if %}", "lab/overview.md.j2:2: "),
        ("overview.md.j2", "one\ntwo\n{{ nothing }}", "lab/overview.md.j2:3: 'nothing' is undefined"),
        ("overview.md.j2", "{{ report.set.nothing }}", "lab/overview.md.j2:1: "),
        ("overview.md.j2", "\n{{ 1 / 0 }}", "lab/overview.md.j2:2: division by zero"),
        ("overview.md.j2", "{{ 'x' | unknown }}", "lab/overview.md.j2:1: No filter named 'unknown'"),
        ("overview.md.j2", "{{ report.set.status | size }}", "lab/overview.md.j2:1: "),
        ("overview.md.j2", '{% include "/etc/passwd" %}', "lab/overview.md.j2:1: "),
        ("overview.md.j2", "{{ report.__class__ }}", "lab/overview.md.j2:1: "),
        ("overview.md.j2", "{{ ''.__class__.__mro__ }}", "lab/overview.md.j2:1: "),
        (
            "typo.md.j2",
            "x",
            "lab/typo.md.j2: is no template of the report; there are report.md.j2, title.md.j2",
        ),
    ],
)
def test_a_mistake_names_its_file_and_line(name: str, template: str, message: str) -> None:
    """Whatever is wrong with a lab's template is one line that says where."""
    with pytest.raises(BadSettings) as raised:
        rendered(name, template)
    assert str(raised.value).startswith(message)


def test_every_template_can_be_replaced() -> None:
    """Each name that is offered is one that the report uses."""
    for name in TEMPLATE_NAMES:
        assert "REPLACED" in rendered(name, "REPLACED")
