"""Wrap an errand in all that its process needs: whom to become, and within which limits.

Invariant: the limits are the site's, whatever the errand.
"""

from afterall.collect.crew import Outcome
from afterall.collect.messages import (
    Failed,
    Limits,
    Look,
    Looked,
    Person,
    Report,
    Reported,
    Request,
    Resolve,
    Resolved,
    Trouble,
)
from afterall.settings import SiteSettings

_MIB = 2**20


def request_for(person: Person, errand: Resolve | Look | Report, site: SiteSettings) -> Request:
    """Return the request for one process of `person`."""
    limits = Limits(
        cpu_s=max(1, round(site.report_timeout_s)),
        memory_bytes=site.report_memory_mib * _MIB,
        file_bytes=site.report_file_mib * _MIB,
        open_files=site.report_open_files,
    )
    return Request(person=person, min_uid=site.min_uid, limits=limits, errand=errand)


def resolved_in(outcome: Outcome) -> Resolved | Failed:
    """Return the answer to a Resolve; any other answer is a fault."""
    return outcome if isinstance(outcome, Resolved | Failed) else _OTHER


def looked_in(outcome: Outcome) -> Looked | Failed:
    """Return the answer to a Look; any other answer is a fault."""
    return outcome if isinstance(outcome, Looked | Failed) else _OTHER


def reported_in(outcome: Outcome) -> Reported | Failed:
    """Return the answer to a Report; any other answer is a fault."""
    return outcome if isinstance(outcome, Reported | Failed) else _OTHER


_OTHER = Failed(trouble=Trouble.FAULT, detail="it answered another question")
