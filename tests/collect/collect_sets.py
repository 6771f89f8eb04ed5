"""Lay out real sets for the process that becomes their user, and let the worker report on them."""

import os
from pathlib import Path

from msgspec.structs import replace

from afterall.collect import Collected, Means, collect_once
from afterall.model.notes import parse_old_report
from collect.collect_ground import Ground
from collect.collect_installation import USER

_SCRIPT = "#!/bin/sh\n#SBATCH --job-name=train\npython train.py\n"
_LOG = "".join(f"{{'loss': '{3 / step:.4f}', 'epoch': '{step / 20}'}}\n" for step in range(1, 21))


def lay_set(at: Path, *jobs: str) -> Path:
    """Make a set of `USER`'s that opts in, with one run for each job; return it."""
    for job_id in jobs:
        lay_run(at, job_id)
    (at / "afterall.toml").write_text("")
    return own(at)


def lay_run(at: Path, job_id: str) -> None:
    """Add a run to a set, as its job left it."""
    run = at / f"rank{job_id}"
    run.mkdir(parents=True)
    (run / "train.sbatch").write_text(_SCRIPT)
    (run / f"slurm-{job_id}.out").write_text(_LOG)
    own(run)


def own(path: Path) -> Path:
    """Give a tree to the user."""
    for found in (path, *path.rglob("*")):
        os.chown(found, USER, USER, follow_symlinks=False)
    return path


def end(ground: Ground, set_dir: Path, *jobs: str) -> None:
    """Let jobs of a set end: the hook's records lie in the spool, and accounting knows them."""
    him = str(USER).encode()
    for job_id in jobs:
        ground.event(job_id, set_dir / f"rank{job_id}", uid=him, gid=him)
        ground.slurm.ended(job_id, set_dir / f"rank{job_id}")


def collect(ground: Ground, python: str, *before: str, later_s: float = 0) -> Collected:
    """Run the worker once with real processes of users, behind the command `before`; time may pass first."""
    ground.clock.advance(later_s)
    site = replace(ground.site, min_uid=1000, debounce_s=0)
    argv = (*before, python, "-I", "-m", "afterall.collect.as_user")
    return collect_once(ground.spool.path, site, Means(clock=ground.clock, argv=argv), settle=False)


def is_whole(set_dir: Path) -> bool:
    """Tell whether a report lies in the set as afterall wrote it."""
    report = set_dir / "RESULTS.md"
    return report.exists() and not parse_old_report(report.read_text()).edited


def leftovers(set_dir: Path) -> list[str]:
    """Return the temporary files in a set."""
    return sorted(path.name for path in set_dir.rglob("*.tmp"))
