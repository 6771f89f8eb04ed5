"""Analyse a set made by hand, and pick out what a test asks for."""

from afterall.analyse import analyse
from afterall.model import Experiment, Finding, FindingCode, NextStep, NextStepKind
from analyse.analyse_made import material


def told(*experiments: Experiment, **fields: object) -> list[Finding]:
    """Return the report's findings."""
    return list(analyse(material(*experiments, **fields)).findings)


def only(code: FindingCode, *experiments: Experiment, **fields: object) -> Finding:
    """Return the one finding of a code."""
    (finding,) = [f for f in told(*experiments, **fields) if f.code is code]
    return finding


def codes(*experiments: Experiment, **fields: object) -> set[FindingCode]:
    """Return the codes told."""
    return {f.code for f in told(*experiments, **fields)}


def steps(kind: NextStepKind, *experiments: Experiment, **fields: object) -> list[NextStep]:
    """Return the next steps of one kind."""
    return [step for step in analyse(material(*experiments, **fields)).next_steps if step.kind is kind]


def step(kind: NextStepKind, *experiments: Experiment, **fields: object) -> NextStep:
    """Return the one next step of a kind."""
    (found,) = steps(kind, *experiments, **fields)
    return found
