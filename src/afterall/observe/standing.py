"""Decide whether a set is over: the one state engine, pure.

Invariant: only each job's latest leg is judged, and only what is known to be over for good, or has stayed
out of the queue long enough, counts as over; a word nobody knows is never "ended".
"""

from datetime import datetime, timedelta

from msgspec import Struct

from afterall.model import Attempt, Observation, Phase, SlurmSource
from afterall.observe.merging import is_whole, latest_legs
from afterall.settings import SiteSettings

_HELD_REASONS = frozenset(
    {"JobHeldUser", "JobHeldAdmin", "job requeued in held state", "job_requeued_in_held_state"}
)
_HELD_STATES = frozenset({"REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD"})
_NEVER_REASON = "DependencyNeverSatisfied"
_ACCOUNTING = (SlurmSource.PYSLURM, SlurmSource.SACCT)


class Standing(Struct, frozen=True, kw_only=True):
    """How a set's jobs stand; all in the order of their submission."""

    is_over: bool
    """True when no job of the set will write any more, as far as anybody can know."""
    is_known: bool = True
    """False where the queue was asked and did not answer: living jobs may be missing, so nothing is over."""
    living: tuple[Attempt, ...] = ()
    """Slurm runs them, or may start them."""
    waiting_grace: tuple[Attempt, ...] = ()
    """Over unless Slurm requeues them; the grace period runs."""
    unsettled: tuple[Attempt, ...] = ()
    """Accounting and controller disagree, or a state's word is unknown: their end may still come in."""
    stuck: tuple[Attempt, ...] = ()
    """They wait and will not start by themselves: on a dependency that failed, or held (then in `living` too,
    unless the site counts held jobs as over)."""
    lost: tuple[Attempt, ...] = ()
    """Nobody knows how they ended, and nobody will."""
    late: tuple[Attempt, ...] = ()
    """They have ended, and accounting, which answers, has no whole record of it yet: what the controller says
    lacks steps and memory, and a row just begun lies. Worth a wait; it keeps nothing open."""
    next_look: datetime | None = None
    """When a wait for time alone ends; None where nothing waits for it."""


def over(observation: Observation, settings: SiteSettings, now: datetime) -> Standing:
    """Return how the set stands at `now`, by this table; the observation holds the set's jobs and no others.

    | latest leg of a job | is among | keeps the set open |
    |---|---|---|
    | ended for good (COMPLETED, FAILED, TIMEOUT, …) | — | no |
    | NODE_FAIL, PREEMPTED, REQUEUED, …: ended less than `grace_s` ago | waiting_grace | yes |
    | the same, longer ago | — | no |
    | REVOKED: a federation sibling runs it, under that cluster's own record | — | no |
    | waits, DependencyNeverSatisfied | stuck | no: nothing can start it |
    | waits, held by user, admin or after a requeue | stuck, living | yes: a release starts it |
    | the same, `held_is_over` | stuck | no |
    | alive in any other way, COMPLETING too | living | yes |
    | forgotten by the controller, or of an unknown state, for less than `hung_job_s` | unsettled | yes |
    | the same, for longer or without any time | lost | no |
    | known from its log alone | lost | no |
    | none: squeue was asked and did not answer | — | yes: it alone knows jobs that were never eligible |
    """
    sorted_out: dict[str, list[Attempt]] = {
        "living": [],
        "grace": [],
        "unsettled": [],
        "stuck": [],
        "lost": [],
    }
    looks: list[datetime] = []
    latest = latest_legs(observation.attempts)
    for leg in latest:
        heaps, until = _sort_out(leg, settings, now)
        for heap in heaps:
            sorted_out[heap].append(leg)
        if until is not None:
            looks.append(until)
    is_known = all(report.answered for report in observation.asked if report.source is SlurmSource.SQUEUE)
    return Standing(
        is_over=is_known and not any(sorted_out[heap] for heap in ("living", "grace", "unsettled")),
        is_known=is_known,
        living=tuple(sorted_out["living"]),
        waiting_grace=tuple(sorted_out["grace"]),
        unsettled=tuple(sorted_out["unsettled"]),
        stuck=tuple(sorted_out["stuck"]),
        lost=tuple(sorted_out["lost"]),
        late=tuple(leg for leg in latest if observation.accounting_answered and _is_late(leg)),
        next_look=min(looks, default=None),
    )


def _sort_out(leg: Attempt, settings: SiteSettings, now: datetime) -> tuple[tuple[str, ...], datetime | None]:
    if leg.slurm_state is None:
        return _unknown(leg, settings, now)
    match leg.slurm_state.phase:
        case Phase.ENDED | Phase.ELSEWHERE:
            return (), None
        case Phase.ENDED_OR_REQUEUED:
            return _perhaps_requeued(leg, settings, now)
        case Phase.ALIVE:
            return _alive(leg, settings), None


def _is_late(leg: Attempt) -> bool:
    """Tell whether an ended leg's record is not accounting's, or one that slurmdbd has only begun."""
    if leg.slurm_state is None or leg.slurm_state.phase not in (Phase.ENDED, Phase.ENDED_OR_REQUEUED):
        return False
    return leg.source not in _ACCOUNTING or not is_whole(leg)


def _alive(leg: Attempt, settings: SiteSettings) -> tuple[str, ...]:
    if leg.reason == _NEVER_REASON:
        return ("stuck",)
    if leg.reason in _HELD_REASONS or leg.state_text in _HELD_STATES:
        return ("stuck",) if settings.held_is_over else ("stuck", "living")
    return ("living",)


def _perhaps_requeued(
    leg: Attempt, settings: SiteSettings, now: datetime
) -> tuple[tuple[str, ...], datetime | None]:
    ended = leg.end or leg.start or leg.submit
    if ended is None:
        return (), None
    until = ended + timedelta(seconds=settings.grace_s)
    return (("grace",), until) if now < until else ((), None)


def _unknown(leg: Attempt, settings: SiteSettings, now: datetime) -> tuple[tuple[str, ...], datetime | None]:
    last_sign = leg.end or leg.start or leg.submit
    if leg.source is SlurmSource.LOG or last_sign is None:
        return ("lost",), None
    until = last_sign + timedelta(seconds=settings.hung_job_s)
    return (("unsettled",), until) if now < until else (("lost",), None)
