"""Make ordinary users for a test cluster, and remove them and all that runs as them."""

import contextlib
import os
import pwd
import secrets
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cluster.cluster_config import PATH
from cluster.cluster_processes import until


@dataclass(frozen=True)
class User:
    """An ordinary user of the machine, made for the tests; its home lies in the cluster's directory."""

    name: str
    uid: int
    gid: int
    home: Path

    def env(self, slurm: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of the user's login, in which Slurm's commands ask this cluster."""
        return {**slurm, "PATH": PATH, "HOME": str(self.home), "USER": self.name, "LOGNAME": self.name}

    def directory(self, name: str, mode: int = 0o755) -> Path:
        """Make a new directory of the user's, `name` relative to its home, and return it."""
        path = self.home / name
        for new in [*(p for p in reversed(path.parents) if p.is_relative_to(self.home)), path]:
            if not new.exists():
                new.mkdir(mode)
                os.chown(new, self.uid, self.gid)
        return path

    def own(self, path: Path) -> Path:
        """Give `path` and all below it to the user; return it."""
        for below in [path, *path.rglob("*")]:
            os.chown(below, self.uid, self.gid, follow_symlinks=False)
        return path


def make_user(homes: Path) -> User:
    """Create a user whose home is below `homes`."""
    name = f"aauser{secrets.token_hex(4)}"
    home = homes / name
    subprocess.run(
        ["useradd", "--create-home", "--home-dir", home, "--shell", "/bin/sh", "--user-group", name],
        check=True,
        capture_output=True,
        timeout=30,
    )
    home.chmod(0o755)
    account = pwd.getpwnam(name)
    return User(name, account.pw_uid, account.pw_gid, home)


def remove_user(user: User) -> None:
    """Kill what still runs as the user and delete its account; its home goes with the cluster's directory."""
    until(lambda: _kill_all(user.uid), lambda left: not left, f"processes of {user.name} end", 20)
    subprocess.run(["userdel", "--force", user.name], check=False, capture_output=True, timeout=30)


def _kill_all(uid: int) -> list[int]:
    """Send SIGKILL to every process of the user, which none but the tests can have; return their ids."""
    killed = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and entry.stat().st_uid == uid and _lives(entry):
                os.kill(int(entry.name), signal.SIGKILL)
                killed.append(int(entry.name))
    return killed


def _lives(process: Path) -> bool:
    """Tell whether a process is more than a zombie."""
    return (process / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
