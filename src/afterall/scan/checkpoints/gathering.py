"""Verify the checkpoints of one experiment against themselves, each other, and what the run promised.

Invariant: a checkpoint's own findings are in it; the findings returned beside are those of the run.
"""

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from afterall.model import Checkpoint, ExperimentLayout, Finding
from afterall.scan.checkpoints.across import compared, told_together
from afterall.scan.checkpoints.examining import Examination, examine
from afterall.scan.checkpoints.layouts import bare, find_places
from afterall.scan.checkpoints.layouts.hf_trainer import FINAL
from afterall.scan.checkpoints.layouts.shape import Place
from afterall.scan.checkpoints.promised import account
from afterall.scan.checkpoints.resume_points import resume_points
from afterall.scan.checkpoints.saving_arguments import read_savings
from afterall.scan.promises import Promises


def scan_checkpoints(
    how: Examination, layout: ExperimentLayout, promises: Promises
) -> tuple[tuple[Checkpoint, ...], tuple[Finding, ...]]:
    """Return an experiment's checkpoints, missing ones too, in order, and findings about its saving.

    `how` has the set's directory as its root. Never raises for what lies in the set: what cannot be read is a
    finding.
    """
    how = replace(how, promises=promises)
    places = tuple(_at_home(find_places(layout.entries), layout.roots))
    there = compared(tuple(examine(places, how)))
    entries = {entry.path: entry for entry in layout.entries}
    savings = read_savings(how.root, there, entries, promises)
    told = account(there, promises, layout.path, savings)
    resumed = resume_points(how.root, (*there, *told.missing), entries, promises.has_ended)
    findings = [*told.findings, *told_together(how.root, there, entries), *resumed.findings]
    checkpoints = _with_final(_ordered((*there, *told.missing, *resumed.missing)), promises)
    named = (_of_experiment(each, layout.name) for each in checkpoints)
    return tuple(named), tuple(replace(finding, experiment=layout.name) for finding in findings)


def _at_home(places: Iterable[Place], roots: Sequence[str]) -> Iterator[Place]:
    """Call a model that lies in the run's own directory what it is: that directory's name is the run's."""
    for place in places:
        is_home = place.layout == bare.NAME and place.path in roots
        best = next((entry.name for entry in place.entries if "best" in entry.name.lower()), None)
        yield replace(place, name=best or FINAL, epoch=None, step=None) if is_home else place


def _ordered(checkpoints: Sequence[Checkpoint]) -> tuple[Checkpoint, ...]:
    """Put missing checkpoints where they would stand, and leave the order of the others."""
    return tuple(sorted(checkpoints, key=_rank))


def _rank(each: Checkpoint) -> tuple[bool, str, int, int]:
    home = "" if each.is_final else each.path.rpartition("/")[0]
    return (
        each.is_final,
        home,
        -1 if each.epoch is None else each.epoch,
        -1 if each.step is None else each.step,
    )


def _with_final(checkpoints: tuple[Checkpoint, ...], promises: Promises) -> tuple[Checkpoint, ...]:
    """Mark the last state the run promised; the latest one where nobody says what was promised."""
    if not checkpoints or any(each.is_final for each in checkpoints):
        return checkpoints
    last = max(checkpoints, key=lambda each: (each.epoch or -1, each.step or -1))
    is_due = True
    if promises.epochs is not None and last.epoch is not None:
        is_due = last.epoch == promises.epochs - 1
    elif promises.steps is not None and last.step is not None:
        is_due = last.step >= promises.steps
    return tuple(replace(each, is_final=each is last and is_due) for each in checkpoints)


def _of_experiment(each: Checkpoint, name: str) -> Checkpoint:
    return replace(each, findings=tuple(replace(finding, experiment=name) for finding in each.findings))
