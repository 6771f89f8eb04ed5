"""Decide what becomes of a set that is due, from what Slurm said of it.

Invariant: pure. A set is reported as final only when nobody of it lives, nobody may come back, and every job
that surely existed has its end on record; a missing record is waited for, and never taken for an end until
Slurm's own database, asked again after the grace period, still knows nothing of it.
"""

from datetime import timedelta
from enum import StrEnum

from msgspec import Struct

from afterall.collect.homes import opts_in
from afterall.collect.item import ItemState, SetItem, is_old
from afterall.model import Attempt, JobId, Observation, SlurmSource
from afterall.observe import Standing
from afterall.settings import SiteSettings


class Action(StrEnum):
    """What to do with a set."""

    REPORT = "report"
    PROVISIONAL = "provisional"
    """Report although jobs live: the set asks for it at each ending."""
    WAIT = "wait"
    ADMIT = "admit"
    """A job's comment opts it in: look into its directory now."""
    FORGET = "forget"
    """It did not opt in."""
    GIVE_UP = "give_up"


class Decision(Struct, frozen=True):
    """What to do, in which state the set is meanwhile, and why."""

    action: Action
    state: ItemState
    reason: str


def judge(item: SetItem, observation: Observation, standing: Standing, site: SiteSettings) -> Decision:
    """Decide on a set that opted in. `item` already holds what lives, `observation.observed_at` is now."""
    now = observation.observed_at
    assert now is not None
    waits = _waits(item, observation, standing, site)
    if waits is None:
        return Decision(Action.REPORT, ItemState.REPORTING, "every job has ended")
    if is_old(item, site, now):
        return Decision(
            Action.GIVE_UP, ItemState.FAILED, f"no news for {site.max_age_days:g} days: {waits.reason}"
        )
    if waits.state is ItemState.SIBLINGS and item.partial and item.reported < item.revision:
        return Decision(Action.PROVISIONAL, waits.state, waits.reason)
    return waits


def judge_opt_in(item: SetItem, observation: Observation, standing: Standing, site: SiteSettings) -> Decision:
    """Decide on a set whose directory is silent: its jobs' comments may opt it in."""
    now = observation.observed_at
    assert now is not None
    if any(opts_in(attempt.comment) for attempt in observation.attempts):
        return Decision(Action.ADMIT, ItemState.NEW, "a job's comment says so")
    missing = _missing(item, observation, standing)
    if not missing:
        return Decision(Action.FORGET, ItemState.DONE, "nothing opts it in")
    if observation.accounting_answered and _is_past(item, site.grace_s, observation):
        return Decision(Action.FORGET, ItemState.DONE, "nothing opts it in that Slurm knows of")
    if is_old(item, site, now):
        return Decision(Action.FORGET, ItemState.DONE, "Slurm never told whether anything opts it in")
    return Decision(Action.WAIT, ItemState.OPT_IN, f"Slurm has no record yet of {_few(missing)}")


def _waits(
    item: SetItem, observation: Observation, standing: Standing, site: SiteSettings
) -> Decision | None:
    """Return what the set waits for, None where it waits for nothing."""
    if standing.living:
        reason = f"alive: {_few([_said(attempt) for attempt in standing.living])}"
        return Decision(Action.WAIT, ItemState.SIBLINGS, reason)
    if not _queue_answered(observation):
        return Decision(
            Action.WAIT, ItemState.ACCOUNTING, f"the queue is unknown: {_complaints(observation)}"
        )
    if standing.waiting_grace:
        reason = f"may run again: {_few([_said(attempt) for attempt in standing.waiting_grace])}"
        return Decision(Action.WAIT, ItemState.GRACE, reason)
    if standing.unsettled:
        reason = f"its end is not known yet: {_few([_said(attempt) for attempt in standing.unsettled])}"
        return Decision(Action.WAIT, ItemState.ACCOUNTING, reason)
    reason = _hidden(item, site, observation) or _lag(item, observation, standing, site)
    return Decision(Action.WAIT, ItemState.ACCOUNTING, reason) if reason else None


def _hidden(item: SetItem, site: SiteSettings, observation: Observation) -> str:
    """Say why jobs may be queued that nobody could ask for, empty where there is no reason to fear so."""
    if item.user_known or item.every_job_known or _is_past(item, site.hung_job_s, observation):
        return ""
    return "the user is unknown, so his queue cannot be asked for, and the set does not name every job"


def _lag(item: SetItem, observation: Observation, standing: Standing, site: SiteSettings) -> str:
    """Say what accounting still owes, empty where it owes nothing or will never pay."""
    if not observation.accounting_answered and not _has_no_accounting(observation):
        is_hopeless = _is_past(item, site.hung_job_s, observation)
        return "" if is_hopeless else f"accounting does not answer: {_complaints(observation)}"
    written_off = {leg.job_id for leg in (*standing.stuck, *standing.lost)}
    missing = [job_id for job_id in _missing(item, observation, standing) if job_id not in written_off]
    if missing and not _is_past(item, site.grace_s, observation):
        return f"no end on record yet of {_few(missing)}"
    return ""


def _missing(item: SetItem, observation: Observation, standing: Standing) -> list[JobId]:
    """Return the jobs that surely existed and whose end no source tells, or accounting not yet as a whole.

    A summary job is none of them: its own end came as an event, and nobody waits for it.
    """
    ended = (leg for leg in observation.attempts if leg.slurm_state is not None and not leg.is_alive)
    settled = {*observation.summaries, *(leg.job_id for leg in ended)}
    late = [leg.job_id for leg in standing.late]
    unknown = [job_id for job_id in item.expected if job_id not in settled]
    return [*unknown, *(job_id for job_id in late if job_id not in unknown)]


def _is_past(item: SetItem, seconds: float, observation: Observation) -> bool:
    """Tell whether nothing was heard of the set for so long."""
    now = observation.observed_at
    assert now is not None
    return now - item.last_news >= timedelta(seconds=seconds)


def _queue_answered(observation: Observation) -> bool:
    return any(
        r.answered for r in observation.asked if r.source in (SlurmSource.SQUEUE, SlurmSource.SCONTROL)
    )


def _has_no_accounting(observation: Observation) -> bool:
    """Tell a site that keeps no accounts from one whose database does not answer now.

    sacct's words for the first, with exit code 1: "Slurm accounting storage is disabled" [22.05].
    """
    details = [r.detail for r in observation.asked if r.source is SlurmSource.SACCT]
    return any("accounting storage is disabled" in detail.lower() for detail in details)


def _complaints(observation: Observation) -> str:
    return "; ".join(r.detail for r in observation.asked if not r.answered and r.detail) or "no answer"


def _said(attempt: Attempt) -> str:
    return f"{attempt.display_id or attempt.job_id} {attempt.state_text or attempt.state.value}"


def _few(words: list[str] | list[JobId]) -> str:
    shown = ", ".join(words[:5])
    return shown if len(words) <= 5 else f"{shown} and {len(words) - 5} more"
