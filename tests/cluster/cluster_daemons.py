"""Bring up and down what makes a Slurm with accounting: munged, MariaDB, slurmdbd, slurmctld and four slurmd.

All of it is private to one directory and stops with the processes that were started here.
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
from pathlib import Path

from cluster.cluster_config import (
    CGROUP_CONF,
    CLUSTER,
    NODES,
    Place,
    gres_conf,
    mariadb_init,
    slurm_conf,
    slurmdbd_conf,
)
from cluster.cluster_processes import Daemon, until

PACKAGES = {
    "munged": "munge",
    "mariadbd": "mariadb-server",
    "mariadb-install-db": "mariadb-server",
    "slurmdbd": "slurmdbd",
    "slurmctld": "slurm-wlm",
    "slurmd": "slurm-wlm",
    "sbatch": "slurm-wlm",
    "setpriv": "util-linux",
    "useradd": "passwd",
    "strace": "strace",
}
"""The programs that a test cluster needs, and the Debian packages that have them."""


def missing() -> str:
    """Return what this machine lacks for a test cluster; nothing when it can have one."""
    lacks = [] if os.geteuid() == 0 else ["root"]
    path = "/usr/local/sbin:/usr/sbin:/sbin:" + os.environ.get("PATH", "/usr/bin:/bin")
    for program, package in PACKAGES.items():
        if shutil.which(program, path=path) is None:
            lacks.append(f"{program} (Debian package {package})")
    for user in ("munge", "mysql", "slurm"):
        try:
            pwd.getpwnam(user)
        except KeyError:
            lacks.append(f"the user {user}")
    return ", ".join(lacks)


def lay_out(place: Place) -> None:
    """Make the cluster's directories and configuration files, each owned by the user that needs it."""
    for name, owner in (
        ("etc", "root"),
        ("hooks", "root"),
        ("home", "root"),
        ("gpu", "root"),
        ("munge", "munge"),
        ("db", "mysql"),
        ("state", "slurm"),
        ("run", "slurm"),
        ("log", "slurm"),
        ("slurmd", "root"),
    ):
        (place.base / name).mkdir()
        shutil.chown(place.base / name, owner)
    for node in NODES:
        (place.base / "slurmd" / node).mkdir()
    for gpu in range(4):
        _write(place.base / "gpu" / str(gpu), b"", "root", 0o644)
    _write(place.base / "munge" / "key", secrets.token_bytes(1024), "munge", 0o400)
    _write(place.base / "db.sql", mariadb_init(place).encode(), "mysql", 0o600)
    _write(place.etc / "slurmdbd.conf", slurmdbd_conf(place).encode(), "slurm", 0o600)
    _write(place.conf, slurm_conf(place).encode(), "root", 0o644)
    _write(place.etc / "gres.conf", gres_conf(place).encode(), "root", 0o644)
    _write(place.etc / "cgroup.conf", CGROUP_CONF.encode(), "root", 0o644)


class Daemons:
    """The processes of one cluster, in the order in which they need each other."""

    def __init__(self, place: Place) -> None:
        self.place = place
        env = place.env

        def daemon(name: str, argv: list[str], user: str = "root") -> Daemon:
            return Daemon(argv, place.log / f"{name}.out", env, user)

        self.munged = daemon("munged", _munged(place), "munge")
        self.mariadbd = daemon("mariadbd", _mariadbd(place), "mysql")
        self.slurmdbd = daemon("slurmdbd", ["slurmdbd", "-D"], "slurm")
        self.slurmctld = daemon("slurmctld", ["slurmctld", "-D"], "slurm")
        self.slurmds = {node: daemon(f"slurmd-{node}", ["slurmd", "-D", "-N", node]) for node in NODES}

    def start(self) -> None:
        """Start all that does not run, and wait until each node takes jobs."""
        self.munged.start()
        self.start_slurmdbd()
        self.start_slurmctld()
        for slurmd in self.slurmds.values():
            slurmd.start()
        self.wait_for_nodes()

    def start_slurmdbd(self) -> None:
        """Start accounting and its database, and wait until it answers and knows the cluster."""
        if not self.mariadbd.is_running:
            self.mariadbd.start()
            ping = ["mariadb-admin", "--no-defaults", f"--socket={self.place.base}/db/socket", "ping"]
            self.mariadbd.answers(ping)
        if not self.slurmdbd.is_running:
            self.slurmdbd.start()
            clusters = self.slurmdbd.answers(["sacctmgr", "-n", "-P", "show", "cluster", "format=cluster"])
            if CLUSTER not in clusters.split():
                self._run("sacctmgr", "-i", "add", "cluster", CLUSTER)

    def start_slurmctld(self) -> None:
        """Start the controller and wait until it answers."""
        if not self.slurmctld.is_running:
            self.slurmctld.start()
            self.slurmctld.answers(["scontrol", "ping"])
            self.slurmctld.answers(["sinfo", "-h"])

    def wait_for_nodes(self, timeout_s: float = 40) -> None:
        """Wait until all nodes take jobs; one that was set down or drained is set to work again."""

        def states() -> dict[str, str]:
            lines = self._run("sinfo", "-h", "-N", "-o", "%N %T").splitlines()
            return {name: state for name, _, state in (line.partition(" ") for line in lines)}

        def ready(seen: dict[str, str]) -> bool:
            for node, state in seen.items():
                if state.startswith(("drain", "down")) and not state.endswith("*"):
                    self._run("scontrol", "update", f"nodename={node}", "state=resume", check=False)
            return set(seen.values()) <= {"idle", "mixed", "allocated"}

        until(states, ready, "all nodes idle", timeout_s)

    def stop(self) -> None:
        """End all of it, the last started first."""
        for slurmd in self.slurmds.values():
            slurmd.stop(signal.SIGKILL)
        self.slurmctld.stop()
        self.slurmdbd.stop()
        self.mariadbd.stop(signal.SIGKILL)
        self.munged.stop()

    def _run(self, *argv: str, check: bool = True) -> str:
        done = subprocess.run(
            argv, env=self.place.env, capture_output=True, text=True, check=False, timeout=30, cwd="/"
        )
        if check and done.returncode:
            raise RuntimeError(f"{' '.join(argv)}: exit {done.returncode}: {done.stderr}{done.stdout}")
        return done.stdout


def _munged(place: Place) -> list[str]:
    """Return munged's command line, every file of it in the cluster's own directory."""
    own = place.base / "munge"
    files = {"key-file": "key", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
    return [
        "munged",
        "--foreground",
        "--force",
        f"--socket={place.munge_socket}",
        *(f"--{option}={own}/{name}" for option, name in files.items()),
    ]


def _mariadbd(place: Place) -> list[str]:
    """Return MariaDB's command line: on the loopback, small, and not caring to survive a power cut."""
    data = place.base / "db"
    subprocess.run(
        [
            "mariadb-install-db",
            "--no-defaults",
            "--user=mysql",
            f"--datadir={data}",
            "--skip-test-db",
            "--auth-root-authentication-method=normal",
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    return [
        "mariadbd",
        "--no-defaults",
        f"--datadir={data}",
        f"--socket={data}/socket",
        f"--pid-file={data}/pid",
        f"--port={place.ports[0]}",
        "--bind-address=127.0.0.1",
        f"--init-file={place.base}/db.sql",
        "--innodb-buffer-pool-size=64M",
        "--innodb-lock-wait-timeout=900",
        "--innodb-flush-log-at-trx-commit=0",
        "--skip-innodb-doublewrite",
        "--performance-schema=OFF",
    ]


def _write(path: Path, data: bytes, owner: str, mode: int) -> None:
    path.write_bytes(data)
    path.chmod(mode)
    shutil.chown(path, owner)
