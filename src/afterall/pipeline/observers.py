"""Choose who speaks for Slurm: its commands, a recording, somebody's earlier answer, or nobody."""

import os
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from afterall.model import Attempt, JobId, Observation, SetLayout
from afterall.observe import SlurmCommands, belonging, observe, read_recorded_sacct
from afterall.pipeline.question import question_of

_IDS_A_QUERY = 10_000
"""One query for a set of any likely size; so many ids of ten digits fit into one argument of a command."""

Observer = Callable[[SetLayout], Observation]
"""Says what Slurm knows of a set's jobs; never raises because Slurm is not there."""


def slurm(commands: SlurmCommands, more_ids: Iterable[JobId] = ()) -> Observer:
    """Ask Slurm's own commands, accounting once; `more_ids` are jobs known to be the set's."""
    known = tuple(more_ids)
    return lambda layout: observe(question_of(layout, known), commands, datetime.now(UTC))


def recorded(path: Path) -> Observer:
    """Read what sacct said from a file; raises BadInput where it cannot be read."""

    def speak(layout: SetLayout) -> Observation:
        said = read_recorded_sacct(path)
        return Observation(attempts=_of_set(said, layout), asked=said.asked, observed_at=said.observed_at)

    return speak


def _of_set(said: Observation, layout: SetLayout) -> tuple[Attempt, ...]:
    """Return the records of this set, also where the set was moved or copied since its jobs ran."""
    mine = {attempt.key for attempt in belonging(said.attempts, question_of(layout))}
    return tuple(
        attempt
        for attempt in said.attempts
        if attempt.key in mine or layout.name in attempt.work_dir.split("/")
    )


def handed_over(observation: Observation) -> Observer:
    """Pass on what somebody else has asked."""
    return lambda layout: observation  # noqa: ARG005


def files_only(layout: SetLayout) -> Observation:  # noqa: ARG001 (one shape for all observers)
    """Ask nobody: the set's own files are all the evidence."""
    return Observation()


def own_commands(timeout_s: float = 60.0) -> SlurmCommands:
    """Return Slurm's commands as the calling user finds them."""
    return SlurmCommands(
        path=os.environ.get("PATH", os.defpath),
        environment=dict(os.environ),
        timeout_s=timeout_s,
        ids_a_query=_IDS_A_QUERY,
    )
