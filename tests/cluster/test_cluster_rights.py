"""The worker does with few rights and few questions: it sees nothing of a user's and asks Slurm once."""

import re
from collections.abc import Sequence

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


def of_user(lines: Sequence[str], uid: int) -> dict[str, int]:
    """Return the processes and threads of a trace that have become `uid` for good, and since which line.

    What such a process starts is the user's from its first call on, though strace may print that before the
    call that started it has returned.
    """
    since: dict[str, int] = {}
    starting: dict[str, int] = {}
    for number, line in enumerate(lines):
        pid, _, call = line.partition(" ")
        call = call.strip()
        if re.match(rf"setresuid\({uid}, {uid}, {uid}\) += 0", call):
            since[pid] = number
        if re.match(r"v?fork\(|clone3?\(", call):
            starting[pid] = number
        started = re.search(r"(?:clone3?|v?fork)[( ].*= (\d+)$", call)
        if started and since.get(pid, len(lines)) < starting.get(pid, -1):
            since[started[1]] = starting[pid]
    return since


def test_root_touches_nothing_of_the_users_and_asks_once(
    slurm: Slurm, python: str, private: ExperimentSet
) -> None:
    """With its unit's rights, which let root into no private directory, and one query for six jobs."""
    assert unit_rights() == ["setuid", "setgid", "kill"]
    trace = slurm.place.base / "trace"
    strace = ("strace", "-f", "-q", "-s", "9999", "-e", "trace=%file,%creds,%process", "-o", str(trace))
    with count_queries(slurm) as queries:
        site = Site(slurm, python, f'auto = true\nslurm_path = "{queries.path}:/usr/bin"')
        log = site.once(before=strace)
        assert len(decisions(log, private.path, "reported")) == 1, log
        assert len(queries.asked()) == 1
    check_set(private)
    assert private.report.stat().st_uid == private.user.uid
    lines = trace.read_text(errors="replace").splitlines()
    users = of_user(lines, private.user.uid)
    named = [(number, line) for number, line in enumerate(lines) if f'"{private.user.home}' in line]
    for number, line in named:
        assert users.get(line.partition(" ")[0], len(lines)) < number, line
    assert len(named) > 100
