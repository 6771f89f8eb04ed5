"""Read the table that spaCy prints as it trains, and nobody else's."""

import math

import pytest

from scan.trace_reading import facts, kinds, last_part, trace_by, values

HEADER = (
    "E    #       LOSS TRANS...  LOSS NER  ENTS_F  ENTS_P  ENTS_R  SPEED    CATS_MACRO...  SCORE \n"
    "---  ------  -------------  --------  ------  ------  ------  -------  -------------  ------\n"
)
ROWS = (
    "  0       0         125.50    250.25    0.00    0.00    0.00  9000.00          12.00    0.00\n"
    "  2     200      124000.50  17320.75   81.25   80.00   82.50  9100.00          13.00    0.81\n"
    "  4     400       29500.25    900.50   87.50   85.00   90.00  9200.00          14.00    0.88\n"
)


def test_one_components_loss_is_the_loss() -> None:
    """What the shared layers get is none, and the first row sums one batch alone."""
    trace = trace_by("spacy", (HEADER + ROWS).encode())
    assert values(trace, "loss") == {200: 17320.75, 400: 900.5}
    assert "epoch" not in trace.curves
    assert (facts(trace), kinds(trace)) == ({"global_step": 400}, [])


def test_of_several_components_none_is_the_loss() -> None:
    """They are sums of different kinds, which nobody adds up."""
    log = (HEADER + ROWS).replace("LOSS TRANS...", "LOSS TAGGER  ")
    trace = trace_by("spacy", log.encode())
    assert (trace.curves, facts(trace), trace.validation is None) == ({}, {"global_step": 400}, False)
    done = trace_by("spacy", f"{log}✔ Saved pipeline to output directory\n".encode())
    assert (facts(done), kinds(done)) == ({"global_step": 400}, ["done_line"])


def test_the_last_scores_are_those_of_validation() -> None:
    """Percent become parts, as in spaCy's own meta.json; a speed and a name that was cut are left out."""
    trace = trace_by("spacy", (HEADER + ROWS).encode())
    assert trace.validation is not None
    assert trace.validation.metrics == {"ents_f": 0.875, "ents_p": 0.85, "ents_r": 0.9, "score": 0.88}
    assert (trace.validation.source.where, trace.validation.is_validation) == ("line 5", True)


def test_other_lines_may_stand_between_rows() -> None:
    """Warnings and times of other loggers are no rows, and cut nothing short."""
    rows = ROWS.splitlines(keepends=True)
    log = HEADER + "W033: no table\n".join(rows) + "2026-01-01 10:00:00 9 9 9\n  5     500   1.00\n"
    assert values(trace_by("spacy", log.encode()), "loss") == {200: 17320.75, 400: 900.5}


def test_its_last_word_is_evidence() -> None:
    """The pipeline is saved below a training that met no error."""
    log = f"{HEADER}{ROWS}✔ Saved pipeline to output directory\ntraining/model-last\n"
    assert kinds(trace_by("spacy", log.encode())) == ["done_line"]


def test_a_loss_that_is_no_number_is_read() -> None:
    """NaN stands in the table as any number does."""
    trace = trace_by("spacy", (HEADER + ROWS.replace("900.50", "   nan")).encode())
    assert math.isnan(values(trace, "loss")[400])


@pytest.mark.parametrize(
    "log",
    [
        ROWS,
        "E    #       LOSS NER  SCORE \n---  ------  --------  ------\n",
        "Saved pipeline to output directory\n",
        f"x {HEADER}{ROWS}",
    ],
)
def test_without_its_table_nothing_is_read(log: str) -> None:
    """Rows without a header, a header without rows, a last word alone, and what only quotes the header."""
    assert "spacy" not in {trace.trainer for trace in last_part(log.encode()).traces}
