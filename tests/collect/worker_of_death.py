"""Run the worker in a process of its own: once, perhaps to die at a chosen step, or until it is told to end.

Arguments: once or watch, the ground's directory, the time of day as an epoch (0: the real one), and the
number of the durable step after which to be killed (0: never). Prints what was collected, and the most
memory that this process held.
"""

import json
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from msgspec import to_builtins
from msgspec.structs import replace

from afterall.collect import Means, collect_once, collect_watch
from afterall.collect.clock import Clock
from afterall.settings import SiteSettings
from collect.collect_ground import STAND_IN, StoppedClock


def main() -> None:
    """Run."""
    mode, ground, epoch, last_step = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
    steps = 0

    def after_step(_: str) -> None:
        nonlocal steps
        steps += 1
        if steps == last_step:
            os.kill(os.getpid(), signal.SIGKILL)

    clock: Clock = Clock()
    if epoch:
        clock = StoppedClock()
        clock.time = datetime.fromtimestamp(epoch, UTC)
    site = SiteSettings(min_uid=1, slurm_path=f"{ground}/slurm:/usr/bin:/bin")
    if mode == "watch":
        site = replace(site, debounce_s=0.5, retry_first_s=0.5)
    means = Means(clock=clock, argv=STAND_IN, after_step=after_step)
    if mode == "watch":
        collected = collect_watch(ground / "spool", site, means)
    else:
        collected = collect_once(ground / "spool", site, means, settle=False)
    print(json.dumps({**to_builtins(collected), "peak_kib": _peak_kib()}))


def _peak_kib() -> int:
    """Return this program's own high-water mark; getrusage's holds what its parent had at the fork too."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


if __name__ == "__main__":
    main()
