"""Offer one private, real Slurm to the tests: submit, wait, look, break and mend.

Invariant: every wait has a deadline and its failure tells the last state seen; `reset` gives the next test
an idle cluster without hooks, events or drained nodes.
"""

import shutil
import signal
import tempfile
from pathlib import Path

from cluster.cluster_config import NODES, Place
from cluster.cluster_daemons import Daemons, lay_out
from cluster.cluster_hooks import clear_hooks, make_spool, put_hook, put_script
from cluster.cluster_jobs import Jobs
from cluster.cluster_processes import tail, until
from cluster.cluster_users import User, make_user, remove_user


class Slurm(Jobs):
    """A real Slurm with accounting, private to the tests; nodes n1…n4 of 16 CPUs and 4 GPUs."""

    def __init__(self) -> None:
        self.place = Place(Path(tempfile.mkdtemp(prefix="aaslurm-", dir="/tmp")))
        super().__init__(self.place)
        self.place.base.chmod(0o755)
        lay_out(self.place)
        clear_hooks(self.place)
        self.daemons = Daemons(self.place)
        self.nodes = NODES
        self.conf = self.place.conf
        self.spool = self.place.base / "spool"
        self._log_sizes: dict[Path, int] = {}

    def start(self) -> None:
        """Bring it up, with one ordinary user; takes about three seconds."""
        self.daemons.start()
        self.make_user()

    def stop(self, *, keep_logs: bool) -> None:
        """End all that was started and delete it, except logs and configuration when they are to be kept."""
        self.daemons.stop()
        for user in self.users:
            remove_user(user)
        kept = (self.place.log, self.place.etc) if keep_logs else ()
        for path in self.place.base.iterdir():
            if path not in kept:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        if not kept:
            self.place.base.rmdir()

    def make_user(self) -> User:
        """Create one more ordinary user; it is removed with the cluster."""
        self.users.append(make_user(self.place.base / "home"))
        return self.users[-1]

    def reset(self) -> None:
        """Give the next test a cluster with all daemons up and no job, hook, event or drained node."""
        clear_hooks(self.place)
        self.daemons.start()
        for user in self.users:
            self.run("scancel", "-u", user.name)
        until(lambda: self.run("squeue", "-h"), lambda left: not left.strip(), "no job left", 60)
        self.daemons.wait_for_nodes()
        shutil.rmtree(self.spool, ignore_errors=True)

    # The hook and its spool

    def install_hook(self, *kinds: str, spool: Path | None = None, shell: str = "/bin/sh") -> Path:
        """Make Slurm call the real hook as "epilog", "epilog_slurmctld" or "jobcomp" (several may be given).

        The hook's spool line names `spool`, or else a fresh `self.spool` of the user that the hook runs as.
        Works from the next job's end on.
        """
        if spool is None:
            spool = make_spool(self.spool, "root" if set(kinds) <= {"epilog"} else "slurm")
        put_hook(self.place, kinds, spool, shell)
        return spool

    def put_script(self, kind: str, text: str) -> None:
        """Make Slurm call any script as "epilog", "epilog_slurmctld" or "jobcomp", to measure there."""
        put_script(self.place, kind, text)

    def events(self) -> list[Path]:
        """Return the complete records in the spool, sorted by name."""
        return sorted((self.spool / "new").glob("*"))

    def wait_events(self, count: int, timeout_s: float = 30) -> list[Path]:
        """Wait until at least `count` records are in the spool; return them."""
        return until(self.events, lambda seen: len(seen) >= count, f"{count} events", timeout_s)

    # Breaking and mending

    def nodes_drained(self) -> str:
        """Return Slurm's list of drained or failed nodes with reasons; empty when all is well."""
        return self.run("sinfo", "-h", "-R", "-o", "%N %E").strip()

    def stop_slurmdbd(self) -> None:
        """Take accounting away: sacct fails, slurmctld keeps its records until it is back."""
        self.daemons.slurmdbd.stop(signal.SIGKILL)

    def start_slurmdbd(self) -> None:
        """Bring accounting back."""
        self.daemons.start_slurmdbd()

    def stop_slurmctld(self) -> None:
        """Stop the controller, which saves its state."""
        self.daemons.slurmctld.stop()

    def start_slurmctld(self) -> None:
        """Start the controller again from its saved state."""
        self.daemons.start_slurmctld()

    def stop_node(self, node: str) -> None:
        """Kill a node's slurmd; jobs there go on, and Slurm notices after SlurmdTimeout (60 s)."""
        self.daemons.slurmds[node].stop(signal.SIGKILL)

    def start_node(self, node: str) -> None:
        """Start a node's slurmd again and wait until all nodes take jobs."""
        self.daemons.slurmds[node].start()
        self.daemons.wait_for_nodes()

    def fail_node(self, node: str) -> None:
        """Lose a node with what runs there: its jobs become NODE_FAIL, or are requeued, at once."""
        self.stop_node(node)
        self.run("scontrol", "update", f"nodename={node}", "state=down", "reason=lost by a test")

    # Logs

    def mark_logs(self) -> None:
        """Remember how long the logs are, so that `new_logs` tells what came after."""
        self._log_sizes = {path: path.stat().st_size for path in self.place.log.iterdir()}

    def new_logs(self) -> str:
        """Return what slurmctld, slurmdbd and the nodes logged since `mark_logs`, each cut to its end."""
        logs = sorted(self.place.log.glob("*.log"))
        texts = [(path.name, tail(path, start=self._log_sizes.get(path, 0))) for path in logs]
        return "\n".join(f"--- {name}\n{text}" for name, text in texts if text.strip())
