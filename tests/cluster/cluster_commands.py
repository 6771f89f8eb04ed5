"""Run afterall's commands as a test cluster's user, and count what they ask of Slurm."""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cluster.cluster_slurm import Slurm
from cluster.cluster_users import User

_COUNTING = """\
#!/bin/sh
echo "$*" >>{log}
exec {program} "$@"
"""


def run_afterall(
    slurm: Slurm,
    python: str,
    *arguments: str | Path,
    path: str = "",
    check: bool = True,
    user: User | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run `afterall …` as an ordinary user, from home; `path` is looked along before the usual PATH."""
    env = {"PATH": f"{path}:{slurm.env['PATH']}"} if path else {}
    argv = [python, "-m", "afterall", *arguments]
    who = user or slurm.user
    return slurm.run_as_user(argv, who.home, user=who, env=env, check=check, timeout_s=120)


@dataclass(frozen=True)
class Queries:
    """A directory whose `sacct` notes each call of it and then becomes Slurm's."""

    directory: Path

    @property
    def path(self) -> str:
        """The directory, to stand first in a PATH."""
        return str(self.directory)

    def asked(self) -> list[str]:
        """Return the arguments of each question to accounting; asking for a version is none."""
        lines = (self.directory / "log").read_text().splitlines()
        return [line for line in lines if line not in ("--version", "-V", "--helpformat")]


@contextlib.contextmanager
def count_queries(slurm: Slurm) -> Iterator[Queries]:
    """Make a counting `sacct` that root and users can call."""
    directory = slurm.place.base / "counting"
    directory.mkdir()
    log, sacct = directory / "log", directory / "sacct"
    log.touch()
    log.chmod(0o666)
    sacct.write_text(_COUNTING.format(log=log, program=shutil.which("sacct", path=slurm.env["PATH"])))
    sacct.chmod(0o755)
    try:
        yield Queries(directory)
    finally:
        shutil.rmtree(directory)
