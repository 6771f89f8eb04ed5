"""The worker does with few rights and few questions: it sees nothing of a user's and asks Slurm once."""

import re

import pytest

from cluster.cluster_commands import count_queries
from cluster.cluster_sets import ExperimentSet, Run, make_set
from cluster.cluster_slurm import Slurm
from cluster.cluster_traces import Training
from cluster.cluster_truth import check_set
from cluster.cluster_worker import Site, decisions, unit_rights

RANKS = (2, 4, 8, 16, 32, 64)


@pytest.fixture
def private(slurm: Slurm) -> ExperimentSet:
    """End six jobs of a set that nobody but its user can even look at, and that no file opts in."""
    slurm.install_hook("epilog")
    owner = slurm.make_user()
    owner.home.chmod(0o700)
    one = make_set(slurm, "projects/private", owner, settings=None, mode=0o700)
    for rank in RANKS:
        one.submit(Run(f"rank{rank}", Training(rank)))
    for job_id in one.jobs.values():
        slurm.wait_accounted(job_id)
    slurm.wait_events(len(RANKS))
    return one


def test_root_touches_nothing_of_the_users_and_asks_once(
    slurm: Slurm, python: str, private: ExperimentSet
) -> None:
    """With its unit's rights, which let root into no private directory, and one query for six jobs."""
    assert unit_rights() == ["setuid", "setgid", "kill"]
    trace = slurm.place.base / "trace"
    strace = ("strace", "-f", "-q", "-s", "9999", "-e", "trace=%file,%creds", "-o", str(trace))
    with count_queries(slurm) as queries:
        site = Site(slurm, python, f'auto = true\nslurm_path = "{queries.path}:/usr/bin"')
        log = site.once(before=strace)
        assert len(decisions(log, private.path, "reported")) == 1, log
        assert len(queries.asked()) == 1
    check_set(private)
    assert private.report.stat().st_uid == private.user.uid
    uid, became, named = private.user.uid, set[str](), 0
    for line in trace.read_text(errors="replace").splitlines():
        pid, _, call = line.partition(" ")
        if re.match(rf"setresuid\({uid}, {uid}, {uid}\) += 0", call.strip()):
            became.add(pid)
        elif f'"{private.user.home}' in call:
            named += 1
            assert pid in became, line
    assert named > 100
