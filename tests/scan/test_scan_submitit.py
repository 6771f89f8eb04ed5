"""Read submitit's word on the function that it ran."""

from scan.run_making import fixture
from scan.trace_reading import kinds, last_part, trace_by

LOG = "submitit/12254_0_log.out"
INFO = "submitit INFO (2026-11-23 07:03:59,774) - "
ERROR = "submitit ERROR (2026-11-23 07:03:59,774) - "


def test_its_word_is_evidence() -> None:
    """The launcher says that the program came back."""
    trace = trace_by("submitit", fixture(LOG))
    assert kinds(trace) == ["program_ended"]
    assert last_part(fixture(LOG)).job_id == "12254"


def test_an_error_takes_it_back() -> None:
    """A job that ended and whose next leg raised did not come back."""
    log = fixture(LOG).decode() + f"{ERROR}Submitted job triggered an exception\n"
    assert "submitit" not in {trace.trainer for trace in last_part(log.encode()).traces}


def test_a_job_requeued_at_its_limit_has_not_come_back() -> None:
    """At the time limit it says that it was requeued, and the next leg starts in the same file."""
    log = (
        f"{INFO}Starting with JobEnvironment(job_id=7, hostname=n, local_rank=0(1), node=0(1))\n"
        "submitit WARNING (2026-11-23 07:03:59,774) - Caught signal SIGUSR2 on n: this job is timed-out.\n"
        f"{INFO}Calling checkpoint method.\n{INFO}Job has been requeued 1 times.\n"
    )
    assert last_part(log.encode()).traces == ()
