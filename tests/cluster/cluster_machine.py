"""Boot a second machine beside this one: a real systemd as pid 1, over an overlay of this machine's root.

It shares the network and some directories, so that its services reach a test cluster; whatever else is
written there is written to a disk that ends with it. Invariant: nothing of this machine changes.
"""

import base64
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from cluster.cluster_cgroups import ControlGroups
from cluster.cluster_processes import Daemon, tail, until

_BOOT = Path(__file__).with_name("cluster_machine_boot.sh")
_SYSTEMD = Path("/lib/systemd/systemd")
_ENV = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LC_ALL": "C",
}
_TRIAL = """\
mount -t tmpfs tmpfs "$1" && mkdir "$1/upper" "$1/work" "$1/root" &&
mount -t overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" overlay "$1/root" &&
mount -t proc proc "$1/root/proc" && mount -t sysfs -o ro sysfs "$1/root/sys"
"""


def missing() -> str:
    """Return what keeps this machine from booting a second one; nothing when it can."""
    if os.geteuid() != 0:
        return "root"
    lacks = [name for name in ("unshare", "nsenter", "setpriv", "systemctl") if shutil.which(name) is None]
    if not _SYSTEMD.exists():
        lacks.append(f"{_SYSTEMD} (Debian package systemd)")
    if lacks:
        return ", ".join(lacks)
    if not ControlGroups.can_be_had():
        return "a control group of its own in each hierarchy"
    with tempfile.TemporaryDirectory(prefix="afterall-machine-") as place:
        spaces = ("--pid", "--mount", "--uts", "--ipc", "--cgroup", "--fork")
        argv = ["unshare", *spaces, "sh", "-c", _TRIAL, "sh", place]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30)
    return "" if done.returncode == 0 else f"namespaces and an overlay of /: {done.stderr.strip()}"


class Machine:
    """A machine that was booted by `booted`."""

    def __init__(self, place: Path, shared: Mapping[Path, str], groups: ControlGroups) -> None:
        lists = ["\n".join(f"{name} {path}" for name, path in groups.roots.items())]
        lists += ["\n".join(f"{path} {target}" for path, target in shared.items())]
        # The mounts below `place` are the machine's own.
        argv = ["unshare", "--mount", "sh", str(_BOOT), str(place / "disk"), *lists]
        self._output = place / "output"
        self._daemon = Daemon(argv, self._output, _ENV)

    def boot(self) -> None:
        """Start it, unless it runs, and wait until it is up."""
        self._daemon.start()

        def ask() -> str:
            if not self.pid_1():
                return f"no systemd: {tail(self._output)}"
            return self.run("systemctl is-active multi-user.target", check=False).stdout.strip()

        until(ask, lambda state: state == "active", "the second machine's systemd", 20)

    def cut_power(self) -> None:
        """Kill all of it at once and let it boot again."""
        pid = self.pid_1()
        os.kill(pid, signal.SIGKILL)
        until(self.pid_1, lambda now: now not in (0, pid), "a new pid 1", 20)
        self.boot()

    def run(self, script: str, *, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run shell commands there as root."""
        spaces = ("--pid", "--mount", "--uts", "--ipc", "--cgroup")
        pid = self.pid_1()
        assert pid, tail(self._output)
        argv = ["nsenter", "--target", str(pid), *spaces, "/bin/sh", "-euc", script]
        done = subprocess.run(argv, env=_ENV, capture_output=True, text=True, check=False, timeout=60)
        if check and done.returncode:
            raise RuntimeError(f"exit {done.returncode}: {script}\n{done.stdout}{done.stderr}")
        return done

    def write(self, path: str, text: str, mode: str = "644") -> None:
        """Write a file there, with its directories."""
        encoded = base64.b64encode(text.encode()).decode()
        self.run(f"mkdir -p {Path(path).parent}; echo {encoded} | base64 -d >{path}; chmod {mode} {path}")

    def show(self, unit: str, *names: str) -> dict[str, str]:
        """Return properties of a unit, as systemd tells them."""
        asked = " ".join(f"--property={name}" for name in names)
        lines = self.run(f"systemctl show {asked} {unit}").stdout.splitlines()
        return dict(line.split("=", 1) for line in lines)

    def journal(self, unit: str) -> list[str]:
        """Return the lines that a unit's processes have logged."""
        return self.run(f"journalctl --sync; journalctl -q -o cat _SYSTEMD_UNIT={unit}").stdout.splitlines()

    def stop(self) -> None:
        """End it."""
        self._daemon.stop(signal.SIGKILL)

    def pid_1(self) -> int:
        """Return the process that is pid 1 there, 0 where there is none now.

        Before it is systemd, it has this machine's root.
        """
        outer = self._daemon.process
        pid = _child_of(_child_of(outer.pid if outer else 0))
        with contextlib.suppress(OSError):
            return pid if pid and Path(f"/proc/{pid}/comm").read_text() == "systemd\n" else 0
        return 0


@contextlib.contextmanager
def booted(shared: Mapping[Path, str]) -> Iterator[Machine]:
    """Yield a machine that is up; `shared` are directories of this one, and where they stand there."""
    place = Path(tempfile.mkdtemp(prefix="afterall-machine-"))
    (place / "disk").mkdir()
    groups = ControlGroups()
    machine = Machine(place, shared, groups)
    try:
        machine.boot()
        yield machine
    finally:
        machine.stop()
        groups.remove()
        shutil.rmtree(place)


def _child_of(parent: int) -> int:
    """Return a process's only child, 0 where it has none."""
    with contextlib.suppress(OSError):
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        return int(children[0]) if children else 0
    return 0
