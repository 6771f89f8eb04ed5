"""The how-to's crontab keeps a site without systemd going: each line is run as cron runs it."""

import re
import subprocess
from pathlib import Path

from cluster.cluster_processes import until
from cluster.cluster_sets import Run, make_set
from cluster.cluster_slurm import Slurm
from cluster.cluster_traces import Training
from cluster.cluster_truth import check_set
from cluster.cluster_worker import Site

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "install-as-an-epilog.md"
CRONS_OWN = {"HOME": "/root", "LOGNAME": "root", "SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"}
"""All that Debian's cron sets for a line of /etc/cron.d, crontab(5)."""


def _commands(site: Site) -> list[str]:
    """Return the commands of the page's crontab, for the test's own program and settings."""
    lines = re.findall(r"(?m)^[-\d,*/]+ (?:\S+ ){4}root (/opt/afterall/bin/afterall .*)$", HOW_TO.read_text())
    program = f"{site.python} -I -m afterall"
    return [
        re.sub(
            r"/opt/afterall/bin/afterall (collect --once|sweep)",
            rf"{program} \1 --config {site.config}",
            line,
        )
        for line in lines
    ]


def _as_cron(command: str) -> str:
    """Run a line and return what cron would mail to root."""
    argv = ["/bin/sh", "-c", command]
    done = subprocess.run(
        argv, env=CRONS_OWN, cwd="/root", capture_output=True, text=True, check=False, timeout=120
    )
    # Where no syslog runs, as on a test machine, logger complains of that.
    return done.stdout + "".join(line for line in done.stderr.splitlines() if "/dev/log" not in line)


def test_cron_writes_the_report(slurm: Slurm, python: str) -> None:
    """With cron's environment, and nothing to mail."""
    slurm.install_hook("epilog")
    collect, sweep = _commands(Site(slurm, python))
    ended = make_set(slurm, "cron/ended")
    ended.submit(Run("rank4", Training(4)))
    slurm.wait_accounted(ended.jobs["rank4"])
    slurm.wait_events(1)
    until(lambda: _as_cron(collect), lambda _: ended.report.exists(), "a report", 60)
    check_set(ended)
    assert _as_cron(collect) == _as_cron(sweep) == ""


def test_crons_sweep_finds_what_no_hook_tells(slurm: Slurm, python: str) -> None:
    """A sibling that is cancelled while it waits."""
    slurm.install_hook("epilog")
    collect, sweep = _commands(Site(slurm, python, settings="retry_first_s = 900"))
    waiting = make_set(slurm, "cron/waiting")
    waiting.submit(Run("rank4", Training(4)))
    waiting.submit(Run("rank16", Training(16)), "--hold")
    slurm.wait_accounted(waiting.jobs["rank4"])
    slurm.wait_events(1)
    until(
        lambda: _as_cron(collect),
        lambda _: any(b'"siblings"' in path.read_bytes() for path in (slurm.spool / "sets").glob("*.json")),
        "a set that waits",
        60,
    )
    slurm.run("scancel", waiting.jobs["rank16"])
    slurm.wait(waiting.jobs["rank16"], "CANCELLED")
    assert _as_cron(collect) == ""
    assert not waiting.report.exists()
    until(lambda: _as_cron(sweep), lambda _: waiting.report.exists(), "a report", 60)
