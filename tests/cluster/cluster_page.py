"""Follow the how-to on a second machine: its own commands, as an admin copies them from the page."""

import re

from cluster.cluster_hooks import put_script
from cluster.cluster_machine import Machine
from cluster.cluster_slurm import Slurm
from docs.docs_pages import fences, page, section

PROGRAM = "/opt/afterall/bin/afterall"
HOOK = "/usr/libexec/afterall/afterall-epilog"
CONFIG = "/etc/afterall/config.toml"
SPOOL = "/var/spool/afterall"
STARTING = ("afterall-collect.path", "afterall-collect.timer", "afterall-sweep.timer")
COLLECT, SWEEP = "afterall-collect.service", "afterall-sweep.service"
_STEPS = ("2. The hook", "3. The spool", "4. The settings", "5. The units")
_IN_THE_MACHINE = """\
#!/bin/sh
exec /usr/bin/nsenter --target {pid} --pid --mount --uts --ipc --cgroup {hook}
"""
_SOON = """\
[Timer]
OnActiveSec=
OnActiveSec=1s
{key}=1s
AccuracySec=100ms
RandomizedDelaySec=0
"""


def commands(heading: str) -> list[str]:
    """Return the shell blocks below a heading of the page."""
    found = fences(section(page("how-to/install-as-an-epilog"), f"## {heading}"))
    return ["\n".join(fence.lines) for fence in found if fence.language == "sh"]


def install(machine: Machine, python: str, settings: str) -> None:
    """Follow the page to the units; in the place of what pip makes stands a program that leads to `python`.

    `settings` are added to the site's. The record that the page leaves to try the hook is taken away.
    """
    machine.write(PROGRAM, f'#!/bin/sh\nexec {python} -I -m afterall "$@"\n', "755")
    made, bring = commands("1. The program")
    machine.run(made.splitlines()[-1])
    machine.run(bring)
    (files,) = re.findall(r"(?m)^files=.*$", bring)
    for step in _STEPS:
        for block in commands(step):
            if step == "5. The units":
                machine.run(f"cat >>{CONFIG} <<'END'\n{settings}\nEND\nrm {SPOOL}/new/*")
            machine.run(f"{files}\n{block}")


def remove(machine: Machine) -> str:
    """Follow the page's removal, on a machine without Slurm's commands; return what failed."""
    (block,) = commands("Remove it")
    lines = [line for line in block.splitlines() if not line.startswith("scontrol")]
    told = machine.run("\n".join(lines)).stderr.splitlines()
    return "\n".join(line for line in told if not line.startswith("Removed "))


def quicken(machine: Machine, *timers: str) -> None:
    """Let timers elapse every second, by drop-ins; one empty time clears all of a timer's."""
    for timer in timers:
        key = "OnUnitInactiveSec" if timer == "afterall-collect.timer" else "OnUnitActiveSec"
        machine.write(f"/etc/systemd/system/{timer}.d/soon.conf", _SOON.format(key=key))
    machine.run(f"systemctl daemon-reload; systemctl restart {' '.join(timers)}")


def call_hook(slurm: Slurm, machine: Machine) -> None:
    """Make Slurm's nodes run the machine's installed hook as Epilog, until it boots again."""
    put_script(slurm.place, "epilog", _IN_THE_MACHINE.format(pid=machine.pid_1(), hook=HOOK))


def note(machine: Machine, first: int, count: int = 1) -> None:
    """Let the installed hook note endings of jobs of root's, which the worker takes and ignores."""
    given = "SLURM_SCRIPT_CONTEXT=epilog_slurmd SLURM_JOB_UID=0"
    last = first + count - 1
    machine.run(f"for id in $(seq {first} {last}); do env -i {given} SLURM_JOB_ID=$id {HOOK}; done")


def starts(machine: Machine, unit: str) -> int:
    """Return how often systemd has started a service."""
    asked = f"journalctl --sync; journalctl -q -o cat _PID=1 UNIT={unit} JOB_TYPE=start"
    return sum(line.startswith("Starting ") for line in machine.run(asked).stdout.splitlines())


def listed(machine: Machine, room: str) -> list[str]:
    """Return the names in one of the spool's directories."""
    return machine.run(f"ls {SPOOL}/{room}").stdout.split()
