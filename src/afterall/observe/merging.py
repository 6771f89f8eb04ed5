"""Make one list of what several sources said of the same legs: each leg once, the best word on each.

A leg is (cluster, job id, submit). Accounting is the record; the controller is the present.

| accounting says | the controller says | what counts |
|---|---|---|
| ended | nothing, or ended | accounting's record alone, so that a later look finds the same |
| ended, in a row just begun | ended | the controller: what such a row says is partly false |
| ended | COMPLETING, for less than an hour | COMPLETING: its processes may still write |
| ended | alive in another way | the controller: it was requeued under the same submit time |
| alive | ended | the controller: accounting lags |
| alive | alive | the controller: its state and reason are newer |
| alive | it does not know the job | unknown, and forgotten: its end was lost, or is late |
| alive | was not asked, or did not answer | accounting |
| nothing | anything | the controller |

Where the controller's word counts, what it does not say is taken from accounting. An earlier leg of a job
that lives on cannot be alive: if accounting still says so, its state is unknown.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from msgspec import Struct
from msgspec.structs import asdict, replace

from afterall.model import Attempt, JobId, Phase, SlurmState

_LONGEST_COMPLETING = timedelta(hours=1)
"""A node that cannot kill a process keeps its job COMPLETING until an admin comes."""

_NEVER = datetime.min.replace(tzinfo=UTC)


class Said(Struct, frozen=True, kw_only=True):
    """What each source said, and which jobs the controller does not know although it was asked."""

    accounting: tuple[Attempt, ...] = ()
    queue: tuple[Attempt, ...] = ()
    controller: tuple[Attempt, ...] = ()
    denied: frozenset[JobId] = frozenset()


def merge(said: Said, now: datetime) -> tuple[Attempt, ...]:
    """Return every leg once, oldest submit first."""
    present = _by_leg(_with_clusters([*said.queue, *said.controller], said.accounting))
    recorded = _by_leg(said.accounting)
    legs = [_judge(recorded.get(key), present.get(key), said.denied, now) for key in {**recorded, **present}]
    return each_once(legs)


def each_once(attempts: Iterable[Attempt]) -> tuple[Attempt, ...]:
    """Return legs each once, oldest submit first, of each job only the last one alive."""
    return tuple(_without_ghosts(sorted(_by_leg(attempts).values(), key=in_order)))


def in_order(attempt: Attempt) -> tuple[datetime, str, int, str]:
    """Sort legs by submit time, then by their ids as numbers."""
    number = int(attempt.job_id) if attempt.job_id.isascii() and attempt.job_id.isdigit() else 0
    return (attempt.submit or _NEVER, attempt.cluster, number, attempt.display_id)


def latest_legs(attempts: Iterable[Attempt]) -> tuple[Attempt, ...]:
    """Return the last leg of each job, in the order of `in_order`."""
    last = {(leg.cluster, leg.job_id): leg for leg in sorted(attempts, key=in_order)}
    return tuple(sorted(last.values(), key=in_order))


def _with_clusters(present: Iterable[Attempt], accounting: Iterable[Attempt]) -> list[Attempt]:
    """Name the clusters of legs from squeue and scontrol, which print none, where accounting leaves no doubt.

    In a federation sacct speaks of every cluster, and ids are unique; elsewhere it speaks of one.
    """
    everywhere: set[str] = set()
    by_id: dict[JobId, set[str]] = {}
    for leg in accounting:
        everywhere.add(leg.cluster)
        by_id.setdefault(leg.job_id, set()).add(leg.cluster)
    named = []
    for leg in present:
        clusters = by_id.get(leg.job_id, everywhere)
        known = leg.cluster or (next(iter(clusters)) if len(clusters) == 1 else "")
        named.append(replace(leg, cluster=known))
    return named


def _by_leg(attempts: Iterable[Attempt]) -> dict[tuple[str, str, datetime | None], Attempt]:
    """Key legs; of two records of one leg the later one's word counts and the earlier one fills its gaps."""
    legs: dict[tuple[str, str, datetime | None], Attempt] = {}
    for leg in attempts:
        before = legs.get(leg.key)
        if before is None:
            legs[leg.key] = leg
        elif leg.slurm_state is not None and _is_news(leg, before):
            legs[leg.key] = _fill(leg, before)
    return legs


def _is_news(leg: Attempt, before: Attempt) -> bool:
    """True unless `leg` would make an ended leg of the same source alive again."""
    return leg.source is not before.source or leg.is_alive <= before.is_alive


def _judge(
    recorded: Attempt | None, present: Attempt | None, denied: frozenset[JobId], now: datetime
) -> Attempt:
    if recorded is None:
        assert present is not None
        return present
    if present is None or present.slurm_state is None:
        if recorded.is_alive and recorded.job_id in denied:
            return replace(recorded, slurm_state=None, is_forgotten=True)
        return recorded
    if recorded.is_alive or recorded.slurm_state is None:
        return _fill(present, recorded)
    if not is_whole(recorded):
        return _fill(present, replace(recorded, exit_code=None, signal=None, exit_code_may_lack_128=False))
    if not present.is_alive or _is_stuck_completing(recorded, present, now):
        return recorded
    if present.slurm_state is SlurmState.COMPLETING:
        return replace(
            recorded, slurm_state=present.slurm_state, state_text=present.state_text, source=present.source
        )
    return _fill(present, recorded)


def is_whole(recorded: Attempt) -> bool:
    """Tell whether slurmdbd has finished an ended leg's row.

    For some seconds the row of a short job may hold its final state with End=Unknown and ExitCode=0:0, or
    with the user root and no WorkDir [measured, 22.05.8].
    """
    return recorded.end is not None and recorded.work_dir != ""


def _is_stuck_completing(recorded: Attempt, present: Attempt, now: datetime) -> bool:
    ended = recorded.end
    completing = present.slurm_state is SlurmState.COMPLETING
    return completing and ended is not None and now - ended > _LONGEST_COMPLETING


def _fill(leg: Attempt, other: Attempt) -> Attempt:
    """Return `leg` with what it does not say taken from `other`, except how the leg ended while it lives."""
    if leg.is_alive and leg.slurm_state is not SlurmState.COMPLETING:
        other = replace(other, end=None, exit_code=None, signal=None, exit_code_may_lack_128=False)
    said = {name: value for name, value in asdict(leg).items() if value is not None and value != ""}
    return replace(other, **{**said, "exit_code_may_lack_128": _may_lack_128(leg, other)})


def _may_lack_128(leg: Attempt, other: Attempt) -> bool:
    return leg.exit_code_may_lack_128 if leg.exit_code is not None else other.exit_code_may_lack_128


def _without_ghosts(legs: list[Attempt]) -> list[Attempt]:
    """Take life from every leg that is followed by a later one of the same job."""
    last = {(leg.cluster, leg.job_id): leg.key for leg in legs}
    return [
        replace(leg, slurm_state=None) if leg.is_alive and last[leg.cluster, leg.job_id] != leg.key else leg
        for leg in legs
    ]


def doubtful(accounting: Iterable[Attempt], queue: Iterable[Attempt]) -> tuple[JobId, ...]:
    """Return the jobs on which only scontrol can decide, ascending.

    They are those that accounting calls alive and squeue does not list, and those that squeue calls ended and
    accounting does not, or not yet in a whole row: squeue prints no exit code.
    """
    recorded, listed = latest_legs(accounting), latest_legs(queue)
    settled = {(leg.job_id, leg.submit) for leg in recorded if _has_ended(leg) and is_whole(leg)}
    lost = {leg.job_id for leg in recorded if leg.is_alive} - {leg.job_id for leg in listed}
    lagging = {leg.job_id for leg in listed if _has_ended(leg) and (leg.job_id, leg.submit) not in settled}
    return tuple(sorted(lost | lagging, key=lambda job_id: (len(job_id), job_id)))


def _has_ended(leg: Attempt) -> bool:
    """True if this record of a leg says that it is over."""
    return leg.slurm_state is not None and leg.slurm_state.phase is not Phase.ALIVE
