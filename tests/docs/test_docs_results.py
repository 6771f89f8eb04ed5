"""Every key of RESULTS.json is documented, and every metric."""

import msgspec
import pytest

from afterall.model import CheckpointKind, EvaluationStatus, NextStepKind, Tier, Verdict
from afterall.render import results
from afterall.scan.metrics import SUMMED, TABLE
from docs.docs_pages import names, page, rows, section

REFERENCE = page("reference/results-json")
SECTIONS: dict[str, type[msgspec.Struct]] = {
    "## Top level": results.Results,
    "## `set`": results.SetResult,
    "## An experiment": results.ExperimentResult,
    "### An attempt": results.AttemptResult,
    "### A checkpoint": results.CheckpointResult,
    "### An evaluation": results.EvaluationResult,
    "## A finding": results.FindingResult,
    "## `storage`": results.StorageResult,
    "## `next_steps`": results.NextStepResult,
}
NESTED: dict[str, tuple[type[msgspec.Struct], ...]] = {
    "### A checkpoint": (results.FileResult,),
    "## `storage`": (results.ComponentResult, results.ExperimentStorageResult, results.RoleSize),
    "### Metrics": (results.Measured,),
}
PROGRESS = {"global_step", "planned_steps", "epochs", "planned_epochs"}
"""Metrics that no logged value gives: afterall.scan.progress finds them."""


@pytest.mark.parametrize(("heading", "record"), SECTIONS.items())
def test_every_key_is_documented(heading: str, record: type[msgspec.Struct]) -> None:
    """A record's keys stand in its table, all of them and no others."""
    own = section(REFERENCE, heading).partition("\n### ")[0]
    told = [name for row in rows(own) for name in names(row[0])]
    assert sorted(told) == sorted(field.name for field in msgspec.structs.fields(record))


@pytest.mark.parametrize(("heading", "records"), NESTED.items())
def test_keys_further_in_are_documented(heading: str, records: tuple[type[msgspec.Struct], ...]) -> None:
    """Records that stand within others are named key by key."""
    text = section(REFERENCE, heading)
    fields = [field.name for record in records for field in msgspec.structs.fields(record)]
    assert [name for name in fields if f"`{name}`" not in text and f'"{name}"' not in text] == []


def test_every_metric_is_documented() -> None:
    """Each metric that logged values or progress give has its name in the table, and no other."""
    told = {name for row in rows(section(REFERENCE, "### Metrics")) for name in names(row[0])}
    assert told == {row.metric for row in TABLE} | set(SUMMED) | PROGRESS


def test_every_word_of_a_closed_list_is_documented() -> None:
    """Kinds, verdicts, statuses and next steps stand with all their words."""
    lists = {
        "### A checkpoint": [*CheckpointKind, *Verdict, Tier.QUICK, Tier.VALUES],
        "### An evaluation": [*EvaluationStatus],
        "## `next_steps`": [*NextStepKind],
    }
    for heading, words in lists.items():
        text = section(REFERENCE, heading)
        assert [word.value for word in words if f"`{word.value}`" not in text] == [], heading


def test_numbers_that_json_lacks_are_documented() -> None:
    """The page says how NaN and the infinities are written."""
    assert all(f'`"{word}"`' in REFERENCE for word in ("NaN", "Infinity", "-Infinity"))
