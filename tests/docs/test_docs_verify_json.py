"""Every key of `afterall verify --json` is documented, with what its null means."""

import types
import typing

import msgspec
import pytest

from afterall.model import CheckpointKind, FileRole, Tier, Verdict
from afterall.render import results
from docs.docs_pages import names, page, rows, section

REFERENCE = page("reference/verify-json")
RECORDS: dict[str, type[msgspec.Struct]] = {
    "## Top level": results.Verification,
    "## A checkpoint": results.CheckpointResult,
    "## A file": results.FileResult,
    "## A finding": results.FindingResult,
}
NULL_WITHIN = {"evidence"}
"""Keys whose value is an object that may hold nulls."""


def may_be_null(record: type[msgspec.Struct], key: str) -> bool:
    """Tell whether the record allows null for a key."""
    hint = typing.get_type_hints(record)[key]
    return isinstance(hint, types.UnionType) and type(None) in typing.get_args(hint)


@pytest.mark.parametrize(("heading", "record"), RECORDS.items())
def test_every_key_is_documented(heading: str, record: type[msgspec.Struct]) -> None:
    """A record's keys stand in its table, all of them, in their order, and no others."""
    told = [names(row[0])[0] for row in rows(section(REFERENCE, heading))]
    keys = [field.name for field in msgspec.structs.fields(record)]
    assert told == keys


@pytest.mark.parametrize(("heading", "record"), RECORDS.items())
def test_every_null_is_explained(heading: str, record: type[msgspec.Struct]) -> None:
    """What null means stands beside each key that may be null, and "never" beside the others."""
    for name, _, meaning in rows(section(REFERENCE, heading)):
        key = names(name)[0]
        assert (meaning != "never") == (may_be_null(record, key) or key in NULL_WITHIN), key


def test_every_word_of_a_closed_list_is_documented() -> None:
    """Kinds, verdicts, tiers and roles stand with all their words."""
    checkpoint, file = section(REFERENCE, "## A checkpoint"), section(REFERENCE, "## A file")
    assert [word.value for word in (*CheckpointKind, *Verdict, *Tier) if f"`{word}`" not in checkpoint] == []
    assert [role.value for role in FileRole if f"`{role}`" not in file] == []


def test_every_size_says_its_unit() -> None:
    """Sizes are in bytes, and the page says so once for all of them."""
    assert "Sizes are in bytes." in REFERENCE
