"""The reference's tables of exit codes, states and findings are complete and say what the code says."""

from afterall.cli.exits import Exit
from afterall.model import FindingCode, Phase, SetStatus, SlurmSource, SlurmState, State, Tier, Verdict
from afterall.render.words.findings import WORDINGS
from afterall.render.words.states import VERDICTS
from docs.docs_pages import names, page, rows, section


def test_every_exit_code_is_documented() -> None:
    """The table has each code once, ascending, and no other."""
    codes = [int(row[0]) for row in rows(page("reference/exit-codes"))]
    assert codes == sorted(Exit)


def test_every_state_is_documented() -> None:
    """Each word of RESULTS.json's `state` has its row."""
    table = rows(section(page("reference/states"), "## How an experiment stands"))
    assert [names(row[0])[0] for row in table] == [state.value for state in State]


def test_every_slurm_state_counts_as_the_page_says() -> None:
    """Each state of Slurm's stands with the phase and the state that the code gives it."""
    table = rows(section(page("reference/states"), "## What Slurm's states count as"))
    told = [(names(row[0])[0], row[1], names(row[2])[0]) for row in table]
    assert told == [(one.value, one.phase.value, one.state.value) for one in SlurmState]
    assert {phase for _, phase, _ in told} == {phase.value for phase in Phase}


def test_every_source_is_documented() -> None:
    """The sources of states stand in the order in which they are trusted."""
    table = rows(section(page("reference/states"), "## Where a state comes from"))
    assert [names(row[0])[0] for row in table] == [source.value for source in SlurmSource]


def test_every_finding_is_documented() -> None:
    """Each code has one row with its usual severity, its heading in the report, and what to do."""
    table = rows(page("reference/findings"))
    told = {names(row[0])[0]: row[1:] for row in table}
    assert len(told) == len(table)
    assert set(told) == {code.value for code in FindingCode}
    for code in FindingCode:
        severity, meaning, action = told[code.value]
        assert severity == code.severity.word, code
        assert meaning.startswith(f"*{WORDINGS[code].title}.* "), code
        assert action, code


def test_every_status_is_documented() -> None:
    """The three words for a set as a whole are explained."""
    text = section(page("explanation/when-a-set-is-over"), "## Complete, incomplete, failed")
    assert {names(row[0])[0] for row in rows(text)} == {status.value for status in SetStatus}


def test_every_verdict_and_tier_is_documented() -> None:
    """Verdicts stand with their marks, and every tier is named, the one that no command gives too."""
    text = page("explanation/what-is-verified")
    verdicts = {names(row[0])[0]: row[1] for row in rows(section(text, "## Verdicts"))}
    assert verdicts == {verdict.value: mark for verdict, (mark, _) in VERDICTS.items()}
    assert set(verdicts) == {verdict.value for verdict in Verdict}
    assert all(f"`{tier.value}`" in section(text, "## Tiers") for tier in Tier)
