"""Render how one experiment stands: what Slurm says of its job, and what became of its training.

Invariant: where Slurm and the files disagree, both are told; a run that diverged bears no good mark.
"""

from afterall.model import Experiment, State
from afterall.render.composing import md
from afterall.render.escaping import Markdown, text
from afterall.render.sections.standing import has_trained
from afterall.render.words.states import BAD, DOUBT, GOOD, STATES, exit_words, living_word


def state_cell(experiment: Experiment, *, has_diverged: bool) -> Markdown:
    """Return the state with its mark: "✓ completed", "✓ trained; job failed (1:0)", "✗ timed out"."""
    told = _state(experiment)
    if experiment.state is State.COMPLETED:
        return _completed(experiment, told, has_diverged=has_diverged)
    if experiment.completion.value:
        outcome = md("{} trained, diverged", BAD) if has_diverged else md("{} trained", GOOD)
        return md("{}; job {}", outcome, told)
    if experiment.state.is_alive or experiment.state in (State.UNKNOWN, State.NOT_SUBMITTED):
        return md("{} {}", DOUBT, told)
    return md("{} {}", BAD, told)


def _completed(experiment: Experiment, told: Markdown, *, has_diverged: bool) -> Markdown:
    if not has_trained(experiment):
        return md("{} {}, training unfinished", DOUBT, told)
    return md("{} {}, diverged", BAD, told) if has_diverged else md("{} {}", GOOD, told)


def _state(experiment: Experiment) -> Markdown:
    """Return the word for the state, with the exit code or Slurm's own word where these add something."""
    word, latest = STATES[experiment.state], experiment.latest
    exit_code = exit_words(latest) if latest and experiment.state is State.FAILED else ""
    living = living_word(latest) if latest and experiment.state.is_alive else ""
    return md("{} ({})", word, exit_code or living) if exit_code or living else text(word)
