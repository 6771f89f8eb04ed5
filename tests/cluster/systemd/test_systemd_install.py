"""The how-to's commands, run as they stand on the page, make an installation that runs, and unmake it."""

import json
from typing import Any

from cluster.cluster_machine import Machine
from cluster.cluster_page import (
    COLLECT,
    CONFIG,
    PROGRAM,
    SPOOL,
    STARTING,
    SWEEP,
    install,
    note,
    remove,
)
from cluster.cluster_processes import until

_PLACES = "/etc /opt /root /srv /usr/libexec /usr/local /var"


def doctor(machine: Machine, code: int) -> dict[str, dict[str, Any]]:
    """Return the checks of `afterall doctor` by what they looked at."""
    done = machine.run(f"{PROGRAM} doctor --json", check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return {check["subject"]: check for check in json.loads(done.stdout)}


def test_what_the_page_installs_is_good(node: Machine) -> None:
    """Path and timers are active and come back after a reboot, and the doctor finds nothing to say."""
    checks = doctor(node, 0)
    assert {check["outcome"] for check in checks.values()} == {"good"}
    assert set(STARTING) <= set(checks)
    for unit in STARTING:
        assert node.show(unit, "ActiveState", "UnitFileState") == {
            "ActiveState": "active",
            "UnitFileState": "enabled",
        }


def test_the_doctor_tells_what_does_not_run(node: Machine) -> None:
    """A path unit that was stopped, and a worker that cannot read its settings."""
    node.run(f"systemctl stop {STARTING[0]}; echo 'no = 1' >>{CONFIG}")
    note(node, 7)
    assert node.run(f"systemctl start {COLLECT}", check=False).returncode == 1
    node.run(f"sed -i '$d' {CONFIG}")
    checks = doctor(node, 1)
    assert (checks[STARTING[0]]["outcome"], checks[STARTING[0]]["found"]) == ("wrong", "inactive")
    assert checks[COLLECT]["found"] == "its last run failed: exit-code 2"
    assert SWEEP not in checks


def test_removal_leaves_nothing(bare: Machine, python: str) -> None:
    """No file, no unit, no process; also while a worker runs, and where another has failed."""
    before = bare.run(f"find {_PLACES} -xdev | sort").stdout
    install(bare, python, "debounce_s = 60")
    _keep_a_worker(bare)
    bare.run(f"echo 'no = 1' >>{CONFIG}; ! systemctl start {SWEEP}")
    listed = "systemctl list-units --all --no-legend 'afterall*'"
    assert SWEEP in bare.run(listed).stdout
    assert remove(bare) == ""
    assert bare.run(f"find {_PLACES} -xdev | sort").stdout == before
    assert bare.run(listed).stdout == ""
    assert bare.run("pgrep -f '[a]fterall'", check=False).stdout == ""


def test_a_worker_that_is_stopped_has_not_failed(alone: Machine) -> None:
    """What it had noted stays noted, and the next one goes on with it."""
    alone.run(f"echo 'debounce_s = 60' >{CONFIG}")
    _keep_a_worker(alone)
    alone.run(f"systemctl stop {COLLECT} 2>/dev/null")
    assert alone.show(COLLECT, "ActiveState", "Result") == {"ActiveState": "inactive", "Result": "success"}
    assert alone.run(f"ls {SPOOL}/sets").stdout.count("json") == 1


def _keep_a_worker(machine: Machine) -> None:
    """Let a worker run that waits for a set to be quiet."""
    machine.run(
        "useradd -m someone; mkdir -p /home/someone/set/run; touch /home/someone/set/afterall.toml;"
        "echo '{}' >/home/someone/set/run/trainer_state.json; chown -R someone /home/someone;"
        "env -i SLURM_SCRIPT_CONTEXT=epilog_slurmd SLURM_JOB_ID=5 SLURM_JOB_UID=$(id -u someone)"
        " SLURM_JOB_GID=$(id -g someone) SLURM_JOB_WORK_DIR=/home/someone/set/run"
        " /usr/libexec/afterall/afterall-epilog"
    )
    until(
        lambda: machine.run(f"ls {SPOOL}/sets || :").stdout + str(machine.journal(COLLECT)),
        lambda seen: ".json" in seen,
        "a set that is not quiet yet",
        30,
    )
    assert machine.show(COLLECT, "ActiveState")["ActiveState"] == "activating"
