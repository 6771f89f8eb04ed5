"""The page on which numbers are believed has every kind of source and evidence, in the order that decides."""

from afterall.scan.completion import RULE
from afterall.scan.traces import Origin
from afterall.scan.trainers import TRAINERS
from docs.docs_pages import names, page, rows, section

PAGE = page("explanation/what-is-read")


def test_every_kind_of_source_is_documented() -> None:
    """Kinds of sources stand in the order in which they are trusted."""
    told = [names(row[0])[0] for row in rows(section(PAGE, "## Which source wins")) if names(row[0])]
    assert told == [origin.name.lower() for origin in Origin]


def test_every_trainer_is_documented() -> None:
    """The trainers and loggers stand in the order in which they name a run."""
    told = [names(row[0])[0] for row in rows(page("reference/trainers"))]
    assert told == [trainer.name for trainer in TRAINERS]


def test_every_kind_of_evidence_is_documented() -> None:
    """Kinds of evidence stand in the order in which they decide."""
    told = [names(row[0])[0] for row in rows(section(PAGE, "## Did training complete?"))]
    assert told == list(RULE)
