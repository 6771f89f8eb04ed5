"""Keep from a user what Slurm told the worker about other users' jobs.

Invariant: root sees every job whatever PrivateData says, and a set's files may name any job id. Of another
user's job that did not run in the set nothing leaves the worker but its id and whose it is; of one that did,
as in a directory that colleagues share, everything but what that user wrote about it.
"""

import posixpath

from msgspec.structs import replace

from afterall.collect.messages import Person
from afterall.model import Attempt, Observation


def for_person(observation: Observation, person: Person, set_dir: str) -> Observation:
    """Return `observation` with only that of other users' jobs which `person` may know."""
    attempts = tuple(_for_person(attempt, person, set_dir) for attempt in observation.attempts)
    return replace(observation, attempts=attempts)


def _for_person(attempt: Attempt, person: Person, set_dir: str) -> Attempt:
    if attempt.uid == person.uid or (attempt.uid is None and attempt.user in ("", person.user)):
        return attempt
    if _lies_in(attempt.work_dir, set_dir):
        return replace(attempt, comment="", submit_line="")
    return Attempt(
        job_id=attempt.job_id,
        source=attempt.source,
        display_id=attempt.display_id,
        cluster=attempt.cluster,
        uid=attempt.uid,
        submit=attempt.submit,
    )


def _lies_in(path: str, set_dir: str) -> bool:
    inner, outer = posixpath.normpath(path), posixpath.normpath(set_dir)
    return path.startswith("/") and outer != "/" and (inner == outer or inner.startswith(outer + "/"))
