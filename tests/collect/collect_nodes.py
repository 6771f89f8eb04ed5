"""Run two workers as two nodes would: each with its own spool and its own mount of the users' directory.

A mount in a mount namespace of its own stands for a node's. Where `locks_are_local`, each node has its own
`.afterall` of a set, so that neither sees the other's lock, as with Lustre's `localflock`.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from collect.collect_ground import Ground
from collect.collect_installation import USER
from collect.collect_slurm import FakeSlurm
from events.events_records import ENDING, record


class Node:
    """One node: a worker that watches the node's spool."""

    def __init__(self, name: str, at: Path, slurm: FakeSlurm, python: str) -> None:
        self.name = name
        self.spool = at / f"spool-{name}"
        for directory in (self.spool, self.spool / "new", self.spool / "tmp"):
            directory.mkdir(mode=0o700)
        config = at / f"{name}.toml"
        settings = {
            "spool": str(self.spool),
            "slurm_path": f"{slurm.path}:/usr/bin:/bin",
            "debounce_s": 0.3,
            "retry_first_s": 0.3,
            "retry_last_s": 1,
        }
        config.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items()))
        self._argv = [python, "-I", "-m", "afterall", "collect", "--watch", "--config", str(config)]
        self._log = at / f"{name}.log"

    @contextmanager
    def working(self, shared: Path, mount: Path) -> Iterator["Node"]:
        """Start the worker, which sees `shared` at `mount`; end it as systemd does."""
        script = f'mount --bind "{shared}" "{mount}" && exec "$@"'
        argv = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", *self._argv]
        with open(self._log, "ab") as log:
            self._worker = subprocess.Popen(argv, stdout=log, stderr=log, cwd="/")
        try:
            self._await(mount)
            yield self
        finally:
            self._worker.send_signal(signal.SIGTERM)
            self._worker.wait(30)

    def _await(self, mount: Path) -> None:
        """Wait until the node has its mount: `hide_locks` needs it, and the namespace it is in."""
        deadline = time.monotonic() + 60
        while f" {mount} " not in Path(f"/proc/{self._worker.pid}/mountinfo").read_text():
            assert self._worker.poll() is None, self.log
            assert time.monotonic() < deadline, "the node got no mount"
            time.sleep(0.01)

    @property
    def log(self) -> str:
        """What the worker logged."""
        return self._log.read_text()

    def hide_locks(self, set_dir: Path) -> None:
        """Give this node an `.afterall` of the set that no other node sees."""
        options = f"size=1m,uid={USER},gid={USER},mode=755"
        enter = ["nsenter", f"--mount=/proc/{self._worker.pid}/ns/mnt"]
        mount = ["mount", "-t", "tmpfs", "-o", options, "none", str(set_dir / ".afterall")]
        subprocess.run([*enter, *mount], check=True)

    def prepare(self, job_id: str, work_dir: Path) -> None:
        """Write the record of an ending beside the spool's new/."""
        him = str(USER).encode()
        values = {"job_id": job_id.encode(), "uid": him, "gid": him, "work_dir": os.fsencode(work_dir)}
        (self.spool / "tmp" / f"{job_id}.{self.name}").write_bytes(record({**ENDING, **values}))

    def end(self, job_id: str) -> None:
        """Put the record into new/, as the hook does."""
        os.rename(self.spool / "tmp" / f"{job_id}.{self.name}", self.spool / "new" / f"{job_id}.{self.name}")


@contextmanager
def two_nodes(
    ground: Ground, shared: Path, mount: Path, python: str = sys.executable
) -> Iterator[tuple[Node, Node]]:
    """Yield two working nodes, each with a mount of `shared` at `mount`."""
    mount.mkdir()
    with ExitStack() as stack:
        first, second = (
            stack.enter_context(Node(name, ground.path, ground.slurm, python).working(shared, mount))
            for name in ("n1", "n2")
        )
        yield first, second
