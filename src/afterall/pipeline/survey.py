"""Find out what lies in a set, what Slurm says of its jobs, and whether it is over; no result is read yet."""

import os
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from afterall.discover import discover, match, shared_log_mentions
from afterall.model import MatchedSet, Observation, SetLayout
from afterall.observe import Standing, from_logs, over
from afterall.pipeline.observers import Observer
from afterall.pipeline.telling import Progress, silent
from afterall.scan.parameters import logs_by_script
from afterall.settings import SetSettings, SiteSettings, read_set_settings


class Survey(Struct, frozen=True, kw_only=True):
    """A set's layout and its jobs; of logs and scripts was read only what tells whose a common log is."""

    set_dir: Path
    settings: SetSettings
    layout: SetLayout
    observation: Observation
    matched: MatchedSet
    standing: Standing


def survey(set_dir: Path, observer: Observer, progress: Progress = silent) -> Survey:
    """Return what is known of a set; raises BadInput where it is no set at all."""
    settings = read_set_settings(set_dir)
    progress("looking around")
    layout = discover(set_dir, settings)
    progress("asking Slurm")
    observation = from_logs(layout, observer(layout))
    matched = match(layout, observation, settings, mentions=_mentions(set_dir, layout))
    return Survey(
        set_dir=set_dir,
        settings=settings,
        layout=layout,
        observation=observation,
        matched=matched,
        standing=standing_of(observation, matched),
    )


def _mentions(set_dir: Path, layout: SetLayout) -> dict[str, tuple[str, ...]]:
    """Return which experiments each log in a common directory names itself, or its batch script for it."""
    named = shared_log_mentions(set_dir, layout)
    return logs_by_script(set_dir, layout) | {log: names for log, names in named.items() if names}


def standing_of(observation: Observation, matched: MatchedSet | None = None) -> Standing:
    """Judge whether a set is over by its own jobs: no strangers' with its ids, and not the job that asks."""
    experiments = matched.experiments if matched else ()
    strangers = {attempt.key for one in experiments for attempt in one.rejected}
    asking = os.environ.get("SLURM_JOB_ID")
    own = tuple(a for a in observation.attempts if a.key not in strangers and a.job_id != asking)
    return over(replace(observation, attempts=own), SiteSettings(), datetime.now(UTC))
