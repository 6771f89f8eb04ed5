"""Collect by which job ids experiments claim jobs as theirs.

Invariant: pure; an id that two experiments' logs claim is claimed by neither, and only the user's own word is
beyond doubt.
"""

from collections.abc import Mapping

from msgspec import Struct

from afterall.discover.layout.known_jobs import id_of_log
from afterall.discover.layout.log_files import lies_in_checkpoint
from afterall.model import Attempt, ExperimentLayout, LogFile, SetLayout
from afterall.settings import SetSettings


class Claim(Struct, frozen=True, kw_only=True):
    """One id as one experiment's; `mtimes_ns` are those of the logs that bear it, none where none does."""

    index: int
    mtimes_ns: tuple[int, ...] = ()
    is_sure: bool = False
    """The user says so in afterall.toml."""
    is_doubtful: bool = False
    """Its log lies with a checkpoint: an evaluation's, unless Slurm knows better."""


class Claims(Struct, frozen=True):
    """Claims by id as Slurm shows it ("1234", "1234_7"), and the ids of evaluations."""

    by_id: Mapping[str, Claim]
    evaluations: frozenset[str]

    def of(self, attempt: Attempt) -> Claim | None:
        """Return who claims a job, by the id that Slurm shows or by its raw one."""
        return self.by_id.get(attempt.display_id) or self.by_id.get(attempt.job_id)

    def is_evaluation(self, attempt: Attempt) -> bool:
        """Return whether an evaluation's log bears a job's id."""
        return not self.evaluations.isdisjoint((attempt.display_id, attempt.job_id))


def collect_claims(
    layout: SetLayout, settings: SetSettings, mentions: Mapping[str, tuple[str, ...]]
) -> Claims:
    """Return all claims on ids: the manifest's, submitters', logs', and those by what shared logs mention."""
    mtimes = {entry.path: entry.mtime_ns for entry in layout.entries}
    by_log: dict[str, list[Claim]] = {}
    evaluations: set[str] = set()
    for index, log in _logs_of_experiments(layout, mentions):
        job_id = id_of_log(log)
        if job_id is None:
            continue
        kept_with_weights = log.is_evaluation and _lies_with_weights(log, layout.experiments[index])
        if log.is_evaluation and not kept_with_weights:
            evaluations.add(job_id)
            continue
        seen = (mtimes[log.path],) if log.path in mtimes else ()
        by_log.setdefault(job_id, []).append(
            Claim(index=index, mtimes_ns=seen, is_doubtful=log.is_evaluation)
        )
    claims = {
        job_id: _one(found) for job_id, found in by_log.items() if len({claim.index for claim in found}) == 1
    }
    for index, one in enumerate(layout.experiments):
        for recorded in one.job_ids:
            if recorded not in by_log and recorded not in evaluations:
                claims.setdefault(recorded, Claim(index=index))
        for label in (one.name, one.path):
            claims.update({sure: Claim(index=index, is_sure=True) for sure in settings.jobs.get(label, ())})
    evaluations.update(id_of_log(log) or "" for log in layout.shared_logs if log.is_evaluation)
    return Claims(claims, frozenset(evaluations - claims.keys() - {""}))


def _logs_of_experiments(
    layout: SetLayout, mentions: Mapping[str, tuple[str, ...]]
) -> list[tuple[int, LogFile]]:
    indices = {one.name: index for index, one in enumerate(layout.experiments)}
    logs = [(index, log) for index, one in enumerate(layout.experiments) for log in one.logs]
    for log in layout.shared_logs:
        mentioned = [indices[name] for name in mentions.get(log.path, ()) if name in indices]
        if len(mentioned) == 1 and not log.is_evaluation:
            logs.append((mentioned[0], log))
    return logs


def _one(claims: list[Claim]) -> Claim:
    return Claim(
        index=claims[0].index,
        mtimes_ns=tuple(sorted(time for claim in claims for time in claim.mtimes_ns)),
        is_doubtful=all(claim.is_doubtful for claim in claims),
    )


def _lies_with_weights(log: LogFile, one: ExperimentLayout) -> bool:
    root = next((root for root in one.roots if log.path.startswith(f"{root}/" if root else "")), "")
    return lies_in_checkpoint(log.path[len(root) :].lstrip("/"))
