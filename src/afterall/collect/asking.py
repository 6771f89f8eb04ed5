"""Ask Slurm once for all sets that are due.

Invariant: whatever the number of sets, one call; the observe stage cuts it into batches where there are too
many ids for one query.
"""

import os
from datetime import datetime, timedelta

from afterall.collect.item import SetItem
from afterall.collect.messages import OptIn
from afterall.model import Observation
from afterall.observe import Question, SlurmCommands, observe_many
from afterall.settings import SiteSettings

_LONGEST_WINDOW = timedelta(days=366)


def ask_slurm(items: list[SetItem], site: SiteSettings, now: datetime) -> list[Observation]:
    """Return what Slurm says of each item, in their order."""
    return observe_many([question_of(item, now) for item in items], commands_of(site), now)


def question_of(item: SetItem, now: datetime) -> Question:
    """Return the item's question: by ids where the set names every job, otherwise by user and time.

    A set that has not opted in is asked for by its events' ids alone: nobody has looked into it. So is one
    whose user no name service knows: sacct and squeue refuse a whole list of users for one of these.
    """
    is_recent = item.since is not None and now - item.since < _LONGEST_WINDOW
    users = {item.uid if item.user_known else None, item.owner_uid} - {None}
    return Question(
        work_dir=item.set_dir,
        job_ids=item.jobs,
        user=",".join(sorted(map(str, users))) or None,
        since=item.since if is_recent else None,
        every_job_known=item.every_job_known or item.opt_in is OptIn.UNSAID,
    )


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
