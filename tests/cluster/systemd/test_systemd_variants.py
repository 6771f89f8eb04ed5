"""The page's drop-ins do under a real systemd what they are for."""

import pytest

from cluster.cluster_machine import Machine
from cluster.cluster_page import COLLECT, CONFIG, HOOK, PROGRAM, SPOOL, commands, note
from cluster.cluster_processes import until

_TMPFILES = "/etc/tmpfiles.d/afterall.conf"


def _wait_taken(machine: Machine, spool: str) -> None:
    """Wait until the worker has taken the one record that was noted."""
    count = f"cd {spool}; ls new | wc -l; ls done/events 2>/dev/null | wc -l"

    def counts() -> list[str]:
        return machine.run(count).stdout.split()

    until(counts, lambda seen: seen == ["0", "1"], f"the record of {spool} is taken", 30)


def _checks(machine: Machine) -> str:
    return machine.run(f"{PROGRAM} doctor", check=False).stdout


def test_a_spool_elsewhere(alone: Machine) -> None:
    """The path unit watches there, and the service starts for what waits there."""
    (block,) = commands("Another place for the spool")
    alone.run(f"mkdir -m 700 /srv/afterall /srv/afterall/new /srv/afterall/tmp; {block}")
    alone.run(f"sed -i s,^spool=.*,spool=/srv/afterall, {HOOK}")
    alone.run(f"sed -i '1i spool = \"/srv/afterall\"' {CONFIG}")
    assert "watches" not in _checks(alone)
    note(alone, 1)
    _wait_taken(alone, "/srv/afterall")


@pytest.mark.parametrize("has_right", [True, False])
def test_a_spool_of_slurms(alone: Machine, has_right: bool) -> None:
    """With the drop-in the worker takes what a hook that runs as slurm noted; without it cannot enter."""
    alone.run("id -u slurm >/dev/null || useradd --system slurm; systemctl stop afterall-collect.path")
    alone.run(f"sed -i '/^d/d; s/^#d /d /' {_TMPFILES}; systemd-tmpfiles --create {_TMPFILES}")
    if has_right:
        (block,) = commands("Variant: once a job, on the controller")
        alone.run(block)
    alone.run("systemctl start afterall-collect.path")
    given = "SLURM_SCRIPT_CONTEXT=epilog_slurmctld SLURM_JOB_ID=3 SLURM_JOB_UID=0"
    alone.run(f"runuser -u slurm -- env -i {given} {HOOK}")
    if has_right:
        _wait_taken(alone, SPOOL)
        assert "CAP_DAC_OVERRIDE" not in _checks(alone)
    else:
        failed = {"Result": "exit-code", "ExecMainStatus": "2"}
        until(lambda: alone.show(COLLECT, *failed), lambda seen: seen == failed, "a failure", 30)
        assert "CAP_DAC_OVERRIDE" in _checks(alone)
