"""Whoever kills a publisher at whatever instant finds the old report whole or the new one."""

import random
import subprocess
import sys
import time
from pathlib import Path

from afterall.model.notes import parse_old_report
from afterall.publish import locked

_PUBLISH_FOR_EVER = """
import itertools, sys
from pathlib import Path
from afterall.publish import locked
for n in itertools.count():
    body = f"# Report {n % 2}\\n" + "line\\n" * 20000 * (n % 2 + 1)
    with locked(Path(sys.argv[1]), 10) as place:
        place.publish({"RESULTS.md": body.encode(), "RESULTS.json": b"{}"}, "RESULTS.md")
    if n == 0:
        print("first", flush=True)
"""


def test_kill_9_at_any_instant_leaves_a_whole_report(tmp_path: Path) -> None:
    """Twenty kills at random instants: each time the report is sealed and unedited, and the lock is free."""
    instants = random.Random(7)
    for _ in range(20):
        with subprocess.Popen(
            [sys.executable, "-c", _PUBLISH_FOR_EVER, str(tmp_path)], stdout=subprocess.PIPE
        ) as publisher:
            assert publisher.stdout is not None
            publisher.stdout.readline()
            time.sleep(instants.random() / 20)
            publisher.kill()
        assert not parse_old_report((tmp_path / "RESULTS.md").read_text()).edited
        with locked(tmp_path, 1):
            pass
