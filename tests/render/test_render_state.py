"""The state of an experiment tells Slurm's word and training's own end; a diverged run has no good mark."""

import pytest

from afterall.model import Completion, Experiment, State
from afterall.render.sections.state import state_cell
from render.render_reports import make_experiment


def ended(state: State, trained: bool | None) -> Experiment:
    """Return an experiment in a state, whose training completed or not."""
    return make_experiment("a", state=state, attempts=(), completion=Completion(trained))


@pytest.mark.parametrize(
    ("experiment", "has_diverged", "told"),
    [
        (ended(State.COMPLETED, True), False, "✓ completed"),
        (ended(State.COMPLETED, None), False, "✓ completed"),
        (ended(State.COMPLETED, False), False, "⚠️ completed, training unfinished"),
        (ended(State.COMPLETED, True), True, "✗ completed, diverged"),
        (ended(State.TIMEOUT, True), False, "✓ trained; job timed out"),
        (ended(State.TIMEOUT, True), True, "✗ trained, diverged; job timed out"),
        (ended(State.TIMEOUT, False), True, "✗ timed out"),
        (ended(State.UNKNOWN, None), False, "⚠️ unknown"),
        (ended(State.RUNNING, None), False, "⚠️ running"),
    ],
)
def test_a_state_in_words(experiment: Experiment, has_diverged: bool, told: str) -> None:
    """What Slurm and the files say stands together, the mark being that of the worse."""
    assert state_cell(experiment, has_diverged=has_diverged) == told
