"""Make control groups for a second machine's systemd: one in each hierarchy that it uses.

Sources: cgroups(7); systemd's doc/CGROUP_DELEGATION.md.
"""

import contextlib
import os
import re
import secrets
from pathlib import Path

from cluster.cluster_processes import until

_TOP = "/sys/fs/cgroup"
_USED = {"cpu", "cpuacct", "memory", "blkio", "pids", "devices", "systemd", "unified"}
"""The hierarchies that systemd uses where there are several; each is mounted under its controllers' names."""


class ControlGroups:
    """One new group in each hierarchy; `roots` has them by the hierarchy's place below /sys/fs/cgroup."""

    def __init__(self) -> None:
        name = f"afterall-test-{secrets.token_hex(4)}"
        self.roots = {place: path / name for place, path in _parents().items()}
        for path in self.roots.values():
            path.mkdir()

    @staticmethod
    def can_be_had() -> bool:
        """Tell whether this process may make such groups."""
        parents = _parents()
        return (set(parents) == {"."} or "systemd" in parents) and all(
            os.access(path, os.W_OK) for path in parents.values()
        )

    def remove(self) -> None:
        """Remove the groups, whose processes are about to end."""

        def left() -> list[Path]:
            found = [path for root in self.roots.values() for path in (root, *root.rglob("*"))]
            groups = [path for path in found if path.is_dir()]
            for path in sorted(groups, key=lambda path: -len(path.parts)):
                with contextlib.suppress(OSError):
                    path.rmdir()
            return [root for root in self.roots.values() if root.exists()]

        until(left, lambda groups: not groups, "control groups are removed", 20)


def _parents() -> dict[str, Path]:
    """Return where new groups are to be made.

    Version 1 nests them in this process's own. In version 2 a group with processes cannot have groups with
    controllers below it, so there it is the top.
    """
    mounts = re.findall(
        r"(?m)^\S+ \S+ \S+ \S+ (\S+) .* - (cgroup2?) ", Path("/proc/self/mountinfo").read_text()
    )
    own = {
        tuple(controllers.removeprefix("name=").split(",")): path
        for _, controllers, path in (
            line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()
        )
    }
    parents: dict[str, Path] = {}
    for mount, kind in mounts:
        place = os.path.relpath(mount, _TOP)
        if place == "." or (kind == "cgroup2" and place == "unified"):
            parents[place] = Path(mount)
        elif kind == "cgroup" and set(place.split(",")) <= _USED:
            below = next((path for names, path in own.items() if set(names) == set(place.split(","))), "/")
            parents[place] = Path(mount + below)
    return parents
