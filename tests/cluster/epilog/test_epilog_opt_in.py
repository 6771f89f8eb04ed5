"""A set is reported on when it asked for it, by its settings or by a job's comment, and else left alone."""

import pytest

from cluster.cluster_processes import until
from cluster.cluster_sets import ExperimentSet, Run, make_set
from cluster.cluster_slurm import Slurm
from cluster.cluster_traces import Training
from cluster.cluster_worker import Watch, decisions

PAIR = (Run("rank4", Training(4)), Run("rank16", Training(16)))


@pytest.fixture(scope="module")
def sets(slurm: Slurm, watch: Watch) -> dict[str, ExperimentSet]:
    """Run the same pair in four sets; the one whose last job's comment asks is waited for."""
    settings = {"by_settings": "", "by_comment": None, "silent": None, "disabled": "enabled = false\n"}
    found = {name: make_set(slurm, name, settings=text) for name, text in settings.items()}
    for name, one in found.items():
        for run in PAIR:
            comment = "please, afterall" if name == "by_comment" else "no-afterall"
            one.submit(run, f"--comment={comment}")
    for one in found.values():
        for job_id in one.jobs.values():
            slurm.wait(job_id)
    return found


@pytest.mark.parametrize("name", ["by_settings", "by_comment"])
def test_a_set_that_asks_is_reported_on(sets: dict[str, ExperimentSet], watch: Watch, name: str) -> None:
    """An afterall.toml asks, and so does the word in a job's comment, which accounting keeps."""
    watch.wait_done(sets[name].path)
    assert {one["state"] for one in sets[name].results["experiments"]} == {"completed"}


def test_a_silent_set_is_left_alone(sets: dict[str, ExperimentSet], watch: Watch) -> None:
    """Once accounting has shown that no comment asks, the set is forgotten; not a file appeared in it."""
    watch.wait(sets["silent"].path, "forgotten", reason="nothing opts it in")
    _holds_only_its_runs(sets["silent"], [])


def test_a_disabled_set_is_left_alone(sets: dict[str, ExperimentSet], watch: Watch) -> None:
    """With enabled = false no ending is even kept."""
    one = sets["disabled"]

    def ignored() -> int:
        return sum("enabled = false" in line and str(one.path) in line for line in watch.log.splitlines())

    until(ignored, lambda count: count == len(PAIR), "ignored endings", 30)
    assert decisions(watch.log, one.path, "reported") == []
    _holds_only_its_runs(one, ["afterall.toml"])


def _holds_only_its_runs(one: ExperimentSet, more: list[str]) -> None:
    outside = [path for path in one.listed() if path.partition("/")[0] not in one.jobs]
    assert outside == more
