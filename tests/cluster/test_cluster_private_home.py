"""A home that root may not even look at, as an NFS server that squashes root has them."""

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.cluster_processes import until
from cluster.cluster_sets import Run, make_set
from cluster.cluster_slurm import Slurm
from cluster.cluster_traces import Training
from cluster.cluster_truth import check_set
from cluster.cluster_users import User
from cluster.cluster_worker import Site


@pytest.fixture
def closed_home(slurm: Slurm) -> Iterator[tuple[User, Path]]:
    """Make a user and a file system of his own, which FUSE shows to nobody else."""
    if shutil.which("bindfs") is None:
        pytest.skip("bindfs is not installed")
    fuse = Path("/dev/fuse")
    if not fuse.exists():
        pytest.skip("this kernel has no FUSE")
    user = slurm.make_user()
    real, mount = user.directory("real"), user.directory("closed")
    mode = stat.S_IMODE(fuse.stat().st_mode)
    fuse.chmod(0o666)
    as_user = {"user": user.uid, "group": user.gid, "extra_groups": [], "cwd": "/"}
    argv = ["bindfs", "--no-allow-other", real, mount]
    mounted = subprocess.run(argv, capture_output=True, check=False, env=user.env(slurm.env), **as_user)  # type: ignore[call-overload]
    try:
        if mounted.returncode:
            pytest.skip(f"users may not mount here: {mounted.stderr.decode()}")
        yield user, mount
    finally:
        subprocess.run(["umount", "--lazy", mount], check=False, capture_output=True)
        fuse.chmod(mode)


def test_a_home_that_root_may_not_read_has_its_report(
    slurm: Slurm, python: str, closed_home: tuple[User, Path]
) -> None:
    """Root is refused even a look at it; the worker's process of the user reads the set and writes there."""
    user, mount = closed_home
    with pytest.raises(PermissionError):
        os.stat(mount)
    slurm.install_hook("epilog")
    real = make_set(slurm, "real/sweep", user)
    for name, training, then in (("rank4", Training(4), ""), ("rank16", Training(16, steps=12), "exit 3")):
        # slurmstepd enters a job's directory and opens its output with the user's effective uid alone, which
        # FUSE does not take for him [22.05]: so the script goes there itself, and the output another way.
        run = Run(name, training, then, before=f"cd {mount}/sweep/{name} || exit 9")
        real.lay(run)
        output = real.path / name / "slurm-%j.out"
        submit = f"cd {mount}/sweep/{name} && sbatch --parsable --output={output} train.sbatch"
        done = slurm.run_as_user(["sh"], user.home, user=user, script=submit)
        real.jobs[run.name] = done.stdout.strip()
    for job_id in real.jobs.values():
        slurm.wait_accounted(job_id)
    slurm.wait_events(2)
    site = Site(slurm, python)
    until(site.once, lambda _: real.report.exists(), "a report", 60)
    check_set(real)
    assert real.results["set"]["counts"] == {"completed": 1, "failed": 1}
    assert real.report.stat().st_uid == user.uid
