"""Find the command that a finding asks for, among the checkpoints that it was found with.

Invariant: what is copied is copied from another state of the same run, never from a neighbour that may be
another run.
"""

from collections.abc import Sequence

from afterall.model import Checkpoint, Finding, Report, Tier
from afterall.render.remedy_table import REMEDIES, Case


class Remedies:
    """The remedies for the findings of some checkpoints."""

    def __init__(self, checkpoints: Sequence[Checkpoint], root: str = "") -> None:
        """Take checkpoints and the directory that their paths are relative to, "" for the current one."""
        self._root = root
        self._checkpoints = checkpoints
        self._is_deep = any(each.tier not in (None, Tier.QUICK) for each in checkpoints)
        self._runs: dict[tuple[str, str], list[Checkpoint]] | None = None
        self._owners: dict[str, Checkpoint] | None = None

    def command(self, finding: Finding, checkpoint: Checkpoint | None = None) -> str:
        """Return shell text, one command a line, "" where words must do."""
        remedy = REMEDIES.get(finding.code)
        if remedy is None or not finding.subject:
            return ""
        owner = checkpoint or self._owner(finding.subject)
        siblings = self._siblings(owner) if owner is not None else ()
        return "\n".join(remedy(Case(finding, owner, siblings, self._is_deep, self._root)))

    def _siblings(self, owner: Checkpoint) -> Sequence[Checkpoint]:
        """Return the other epochs or steps beside one: directories of any other kind may be other runs."""
        if not _is_numbered(owner):
            return ()
        if self._runs is None:
            self._runs = {}
            for each in filter(_is_numbered, self._checkpoints):
                self._runs.setdefault(_run(each), []).append(each)
        return [each for each in self._runs.get(_run(owner), ()) if each.path != owner.path]

    def _owner(self, subject: str) -> Checkpoint | None:
        if self._owners is None:
            self._owners = {each.path: each for each in self._checkpoints}
        path = subject
        while path:
            if path in self._owners:
                return self._owners[path]
            path = path.rpartition("/")[0]
        return None


def remedies_of(report: Report) -> Remedies:
    """Return the remedies for everything in a report, wherever its commands are run."""
    checkpoints = [one for experiment in report.experiments for one in experiment.checkpoints]
    return Remedies(checkpoints, report.set.path)


def _is_numbered(checkpoint: Checkpoint) -> bool:
    return checkpoint.epoch is not None or checkpoint.step is not None


def _run(checkpoint: Checkpoint) -> tuple[str, str]:
    return checkpoint.layout, checkpoint.path.rpartition("/")[0]
