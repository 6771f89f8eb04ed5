"""Match the jobs that Slurm knows to the experiments of a set, and its logs to the jobs.

Invariant: pure and independent of the order of the records; a job is an attempt of one experiment at most.
"""

from collections.abc import Iterable, Mapping, Sequence

from afterall.discover.layout.known_jobs import id_of_log
from afterall.discover.layout.left_out import LeftOut
from afterall.discover.matching.arrays import split_waiting_tasks
from afterall.discover.matching.claims import collect_claims
from afterall.discover.matching.expected_runs import with_expected_runs
from afterall.discover.matching.job_paths import JobPaths
from afterall.discover.matching.log_labels import label_logs
from afterall.discover.matching.log_order import order_logs
from afterall.discover.matching.log_owners import LogOwners
from afterall.discover.matching.recycled import to_ns
from afterall.discover.matching.task_places import Judged, place_tasks
from afterall.discover.matching.verdicts import Fate, Judge, Verdict
from afterall.discover.names.directories import natural_key
from afterall.discover.names.namesakes import Namesakes
from afterall.model import (
    Attempt,
    LogFile,
    MatchedExperiment,
    MatchedSet,
    Observation,
    SetLayout,
)
from afterall.settings import SetSettings

Mentions = Mapping[str, tuple[str, ...]]


def match(
    layout: SetLayout, observation: Observation, settings: SetSettings, *, mentions: Mentions | None = None
) -> MatchedSet:
    """Return every experiment with its attempts, oldest first, and training logs, the latest's last.

    `mentions` are the experiments that each log in a common directory names: see `shared_log_mentions`.
    """
    attempts = sorted(split_waiting_tasks(observation.attempts), key=_record_order)
    paths = JobPaths(layout, attempts)
    layout = label_logs(layout, (one for one in attempts if paths.is_ours(one)))
    judge, judged, tasks = _judged(layout, attempts, settings, mentions or {})
    wider = with_expected_runs(layout, judged, settings)
    if wider is not layout:
        judge, judged, tasks = _judged(wider, attempts, settings, mentions or {})
    logs = LogOwners(judge, judged, tasks, mentions or {}).training_logs()
    taken = {log.path for own in logs.values() for log in own}
    return MatchedSet(
        experiments=_experiments(judge, judged, logs),
        others=tuple(one for one, verdict in judged if verdict.fate is Fate.ASIDE),
        loose_logs=tuple(log for log in judge.layout.shared_logs if log.path not in taken),
        unplaced=tuple(one for one, verdict in judged if verdict.fate is Fate.UNPLACED),
    )


def _judged(
    layout: SetLayout, attempts: Sequence[Attempt], settings: SetSettings, mentions: Mentions
) -> tuple[Judge, Judged, dict[str, int]]:
    """Return who judges, the verdicts, and the array's tasks that only their numbers place."""
    judge = Judge(
        layout=layout,
        paths=JobPaths(layout, attempts),
        claims=collect_claims(layout, settings, mentions),
        namesakes=Namesakes([one.name for one in layout.experiments], layout.name),
        left_out=LeftOut(settings, (root for one in layout.experiments for root in one.roots)),
    )
    judged = list(zip(attempts, judge.verdicts(attempts), strict=True))
    tasks = place_tasks(judge, judged)
    judged = [(one, _placed(one, verdict, tasks)) for one, verdict in judged]
    return judge, _without_other_names(judge, judged), tasks


def _placed(attempt: Attempt, verdict: Verdict, tasks: Mapping[str, int]) -> Verdict:
    if verdict.fate is Fate.UNPLACED and attempt.display_id in tasks:
        return Verdict(Fate.ATTEMPT, tasks[attempt.display_id], by_id=True)
    return verdict


def _without_other_names(judge: Judge, judged: Judged) -> Judged:
    """Set aside ended jobs that only a run's directory speaks for, where its own jobs bear another name."""
    known: dict[int, set[str]] = {}
    for attempt, verdict in judged:
        if verdict.fate is Fate.ATTEMPT and verdict.by_id and attempt.name:
            known.setdefault(verdict.index, set()).add(attempt.name)
    logs = {log.path for one in judge.layout.experiments for log in one.logs}

    def is_other(attempt: Attempt, verdict: Verdict) -> bool:
        if verdict.fate is not Fate.ATTEMPT or verdict.by_id or attempt.is_alive:
            return False
        names = known.get(verdict.index, set())
        wrote_log = judge.paths.output_in_set(attempt) in logs
        bears_name = judge.namesakes.of_text(attempt.name) == verdict.index
        return bool(names) and attempt.name not in names and not (wrote_log or bears_name)

    return [(one, Verdict(Fate.ASIDE) if is_other(one, verdict) else verdict) for one, verdict in judged]


def _experiments(
    judge: Judge, judged: Judged, logs: Mapping[int, list[LogFile]]
) -> tuple[MatchedExperiment, ...]:
    """Return the experiments with their attempts and logs in order."""
    mtimes_ns = {entry.path: entry.mtime_ns for entry in judge.layout.entries}
    found: dict[tuple[Fate, int], list[Attempt]] = {}
    for attempt, verdict in judged:
        found.setdefault((verdict.fate, verdict.index), []).append(attempt)
    matched = []
    for index, one in enumerate(judge.layout.experiments):
        own = logs[index]
        written: dict[str, int] = {id_of_log(log) or "": mtimes_ns.get(log.path, 0) for log in own}
        attempts = _in_time(found.get((Fate.ATTEMPT, index), ()), written)
        matched.append(
            MatchedExperiment(
                layout=one,
                attempts=attempts,
                logs=order_logs(own, attempts, mtimes_ns, judge.paths),
                rejected=_in_time(found.get((Fate.STRANGER, index), ()), written),
            )
        )
    return tuple(matched)


def _in_time(attempts: Iterable[Attempt], written_ns: Mapping[str, int]) -> tuple[Attempt, ...]:
    return tuple(sorted(attempts, key=lambda one: _time_order(one, written_ns)))


def _time_order(attempt: Attempt, written_ns: Mapping[str, int]) -> tuple[object, ...]:
    """Order by submission, then start; a job known by its log alone stands where that was last written."""
    begun = attempt.submit or attempt.start
    logged = written_ns.get(attempt.display_id) or written_ns.get(attempt.job_id, 0)
    started = to_ns(attempt.start) if attempt.start else 0
    return (
        to_ns(begun) if begun else logged,
        started,
        natural_key(attempt.job_id),
        natural_key(attempt.display_id),
    )


def _record_order(attempt: Attempt) -> tuple[str, ...]:
    times = (str(attempt.submit), str(attempt.start), str(attempt.end))
    return (attempt.cluster, attempt.job_id, attempt.display_id, *times, attempt.source, attempt.name)
