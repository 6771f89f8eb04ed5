"""Ask Slurm once for all sets that are due.

Invariant: whatever the number of sets, one accounting query a round: sets beyond the ids that one query may
name wait for the next round. Only a set that has more ids by itself is asked about in several queries.
"""

import os
from collections.abc import Sequence
from datetime import datetime, timedelta

from afterall.collect.item import SetItem
from afterall.collect.messages import OptIn
from afterall.model import JobId, Observation
from afterall.observe import Question, SlurmCommands, observe_many
from afterall.settings import SiteSettings

_LONGEST_WINDOW = timedelta(days=366)


def first_batch(items: Sequence[SetItem], site: SiteSettings) -> list[SetItem]:
    """Return the first items that one query can ask about; one of them at least, where there are any.

    Items with and without a known user need a query each, and so never come together.
    """
    taken: list[SetItem] = []
    ids: set[JobId] = set()
    for item in items:
        if taken and bool(_users_of(item)) is not bool(_users_of(taken[0])):
            continue
        ids |= {*item.jobs}
        if taken and len(ids) > site.query_batch:
            break
        taken.append(item)
    return taken


def ask_slurm(items: list[SetItem], site: SiteSettings, now: datetime) -> list[Observation]:
    """Return what Slurm says of each item, in their order."""
    return observe_many([question_of(item, now) for item in items], commands_of(site), now)


def question_of(item: SetItem, now: datetime) -> Question:
    """Return the item's question: by ids where the set names every job, otherwise by user and time.

    A set that has not opted in is asked for by its events' ids alone: nobody has looked into it. So is one
    whose user no name service knows: sacct and squeue refuse a whole list of users for one of these.
    """
    is_recent = item.since is not None and now - item.since < _LONGEST_WINDOW
    return Question(
        work_dir=item.set_dir,
        job_ids=item.jobs,
        user=",".join(sorted(map(str, _users_of(item)))) or None,
        since=item.since if is_recent else None,
        every_job_known=item.every_job_known or item.opt_in is OptIn.UNSAID,
    )


def _users_of(item: SetItem) -> set[int]:
    """Return whose jobs may belong to the set, as far as a name service knows them."""
    return {uid for uid in (item.uid if item.user_known else None, item.owner_uid) if uid is not None}


def commands_of(site: SiteSettings) -> SlurmCommands:
    """Return how Slurm's commands are run: root never looks along its caller's PATH."""
    path = site.slurm_path
    if os.geteuid() != 0:
        path = f"{os.environ.get('PATH', '')}:{path}".lstrip(":")
    environment = {} if site.slurm_conf is None else {"SLURM_CONF": site.slurm_conf}
    return SlurmCommands(
        path=path,
        environment=environment,
        timeout_s=site.slurm_timeout_s,
        ids_a_query=site.query_batch,
    )
