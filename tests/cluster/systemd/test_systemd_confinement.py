"""What the unit promises of its confinement is what the kernel holds its processes to."""

import pytest

from cluster.cluster_machine import Machine
from cluster.cluster_page import COLLECT, SPOOL, listed, note
from cluster.cluster_processes import until

_KILL, _SETGID, _SETUID = 5, 6, 7
"""Capabilities, by linux/capability.h."""
_CLOSED = ("/etc", "/usr", "/boot", "/proc/sys/kernel")
_OPEN = (SPOOL, "/var/tmp", "/tmp", "/home")
_PLACES = (*_CLOSED, *_OPEN)
_SHOWN = {
    "Nice": "19",
    "IOSchedulingClass": "3",
    "CPUSchedulingPolicy": "3",
    "CPUWeight": "5",
    "IOWeight": "5",
    "MemoryHigh": str(6 << 30),
    "MemoryMax": str(8 << 30),
    "MemorySwapMax": "0",
    "TasksMax": "128",
    "OOMScoreAdjust": "800",
}
_KERNELS = {
    "memory.limit_in_bytes": str(8 << 30),
    "memory.max": str(8 << 30),
    "memory.high": str(6 << 30),
    "memory.swap.max": "0",
    "cpu.shares": "51",  # of 1024, which is a weight of 5 of 100
    "cpu.weight": "5",
    "pids.max": "128",
}
"""What control groups of version 1 and of version 2 hold of it, where their controllers are there."""
_LOOK = f"""\
#!/bin/sh
grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status
echo "nice: $(cut -d' ' -f19 /proc/$$/stat)"
echo "oom: $(cat /proc/$$/oom_score_adj)"
echo "umask: $(umask)"
echo "devices: $(find /dev -type b -o -type c | xargs -n1 basename | sort | tr '\\n' ' ')"
for place in {" ".join(_PLACES)}; do
    touch "$place/.afterall-look" && echo "write $place: yes" || echo "write $place: no"
    rm -f "$place/.afterall-look"
done
unshare --user true && echo "namespace: yes" || echo "namespace: no"
chmod u+s /dev/shm && echo "setuid: yes" || echo "setuid: no"
while IFS=: read -r _ names path; do
    for file in {" ".join(_KERNELS)}; do
        found=/sys/fs/cgroup/$names$path/$file
        [ ! -e "$found" ] || echo "$file: $(cat "$found")"
    done
done </proc/self/cgroup
"""


@pytest.fixture
def told(alone: Machine) -> dict[str, str]:
    """Look about from within the service, before the worker itself starts."""
    alone.write("/opt/afterall/look", _LOOK, "755")
    look = "[Service]\nExecStartPre=/opt/afterall/look\n"
    alone.write(f"/etc/systemd/system/{COLLECT}.d/look.conf", look)
    alone.run("systemctl daemon-reload")
    note(alone, 1)
    until(lambda: listed(alone, "new"), lambda left: left == [], "an empty spool", 30)
    pairs = (line.split(":", 1) for line in alone.journal(COLLECT) if ":" in line)
    return {name: value.strip() for name, value in pairs}


def test_the_kernel_confines_the_worker(told: dict[str, str]) -> None:
    """Three capabilities, no way to win more, a filter of system calls, no namespaces, no devices."""
    rights = f"{1 << _KILL | 1 << _SETGID | 1 << _SETUID:016x}"
    assert {told[name] for name in ("CapPrm", "CapEff", "CapBnd")} == {rights}
    assert {told[name] for name in ("CapInh", "CapAmb")} == {"0" * 16}
    assert (told["NoNewPrivs"], told["Seccomp"], told["umask"]) == ("1", "2", "0077")
    assert (told["namespace"], told["setuid"]) == ("no", "no")
    assert told["devices"].split() == ["full", "null", "ptmx", "random", "tty", "urandom", "zero"]


def test_only_the_systems_own_places_are_closed(told: dict[str, str]) -> None:
    """Reports are written wherever users keep their sets, /tmp and the homes included."""
    assert {place: told[f"write {place}"] for place in _PLACES} == dict.fromkeys(
        _CLOSED, "no"
    ) | dict.fromkeys(_OPEN, "yes")


def test_the_next_job_comes_first(alone: Machine, told: dict[str, str]) -> None:
    """Systemd knows the weights and limits, and the kernel has those that its control groups can take."""
    shown = alone.show(COLLECT, *_SHOWN)
    assert shown == _SHOWN
    assert (told["nice"], told["oom"]) == ("19", "800")
    known = {name: value for name, value in told.items() if name in _KERNELS}
    assert known == {name: _KERNELS[name] for name in known}
    controllers = alone.run("cd /sys/fs/cgroup; ls; cat cgroup.controllers || :").stdout.split()
    assert bool(known) == ("memory" in controllers)
