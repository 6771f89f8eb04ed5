"""Make room for the runs that Slurm knows and that left nothing in the set yet, or never will.

Invariant: pure; a job that ran to an end and left nothing makes no run: users delete what they do not want.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from afterall.discover.layout.known_jobs import id_of_log
from afterall.discover.layout.lost_runs import Sighting, with_lost_runs
from afterall.discover.matching.verdicts import Fate, Verdict
from afterall.model import Attempt, LogFile, SetLayout
from afterall.settings import SetSettings


def with_expected_runs(
    layout: SetLayout, judged: Iterable[tuple[Attempt, Verdict]], settings: SetSettings
) -> SetLayout:
    """Return the layout with a run for each job without one that waits, runs, never started or left a log."""
    logs: dict[str, list[LogFile]] = {}
    for log in layout.shared_logs:
        logs.setdefault("" if log.is_evaluation else id_of_log(log) or "", []).append(log)
    sightings = [one for attempt, verdict in judged for one in _sightings_of(attempt, verdict, logs)]
    experiments = with_lost_runs(layout.experiments, sightings, settings)
    if len(experiments) == len(layout.experiments):
        return layout
    taken = {log.path for one in experiments for log in one.logs}
    shared = tuple(log for log in layout.shared_logs if log.path not in taken)
    return replace(layout, experiments=experiments, shared_logs=shared)


def _sightings_of(
    attempt: Attempt, verdict: Verdict, logs: Mapping[str, Sequence[LogFile]]
) -> tuple[Sighting, ...]:
    if verdict.fate is Fate.ATTEMPT:
        return (Sighting(attempt.name, attempt.task_id, is_claimant=False),)
    if verdict.fate is not Fate.UNPLACED:
        return ()
    shown_ids = dict.fromkeys(shown for shown in (attempt.display_id, attempt.job_id) if shown)
    own = [log for shown in shown_ids for log in logs.get(shown, ())]
    if not own:
        return (Sighting(attempt.name, attempt.task_id, is_claimant=_is_open(attempt)),)
    return tuple(Sighting(attempt.name, attempt.task_id, log) for log in own)


def _is_open(attempt: Attempt) -> bool:
    return attempt.is_alive or attempt.start is None or attempt.elapsed_s == 0
