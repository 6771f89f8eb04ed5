"""Jobs that end badly, each in its own way, are told as what they were."""

import re

import pytest

from cluster.cluster_sets import ExperimentSet
from cluster.cluster_truth import check_set
from cluster.cluster_worker import Watch

WORDS = {
    "fails": ("failed", "job_failed", r"ended `FAILED` \(exit code 3:0\)"),
    "times_out": ("timeout", "job_timeout", r"was ended at its limit of 1(\.0)? minutes?, at step 12 of 20"),
    "cancelled": ("cancelled", "job_cancelled", "was cancelled after"),
    "never_runs": ("cancelled", "job_cancelled_pending", "was cancelled while it waited"),
    "too_large": ("out_of_memory", "job_out_of_memory", r"was killed for its use of host memory \(step"),
}
"""By run: its state, its finding's code, and how the report begins to tell it (a pattern)."""


@pytest.fixture(scope="module")
def ended(bad_ends: ExperimentSet, watch: Watch) -> ExperimentSet:
    """Wait until Slurm has ended the job that is over its time, and the set was reported on."""
    watch.wait_done(bad_ends.path, timeout_s=150)
    return bad_ends


def test_every_end_is_accountings(ended: ExperimentSet) -> None:
    """States, times and ids are those of sacct."""
    check_set(ended)
    assert ended.results["set"]["status"] == "failed"


@pytest.mark.parametrize("name", WORDS)
def test_a_bad_end_is_told_once(ended: ExperimentSet, name: str) -> None:
    """By its state and by one finding, which stands among the issues with the job's id."""
    state, code, words = WORDS[name]
    assert (ended.told(name)["state"], ended.codes(name)) == (state, {code})
    issues = ended.report.read_text().partition("## Issues and Notes")[2].partition("\n## ")[0]
    assert re.search(rf"\*\*{name}\*\*: job {ended.jobs[name]} {words}", issues), issues
