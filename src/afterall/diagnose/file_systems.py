"""Tell on which file system a set lies, whether there is room, and whether its clock agrees with ours.

Source: proc_pid_mountinfo(5).
"""

import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from afterall.diagnose.check import Check, doubt, good, unknown, wrong

AREA = "file system"
LEAST_FREE = 16 << 20
MOST_SKEW_S = 60.0
_ESCAPE = re.compile(r"\\([0-7]{3})")
SHARED = frozenset(
    {"nfs", "nfs4", "lustre", "gpfs", "beegfs", "cifs", "ceph", "fuse.ceph", "glusterfs", "wekafs"}
)


def check_file_system(directory: Path) -> Iterator[Check]:
    """Yield the file system's kind and its room."""
    try:
        kind, options = mounted(directory)
        free = shutil.disk_usage(directory).free
    except OSError as error:
        yield unknown(AREA, str(directory), (error.strerror or str(error)).lower())
        return
    local = [
        option for option in options if option.startswith(("local_lock", "localflock", "nolock", "noflock"))
    ]
    if local and local != ["local_lock=none"]:
        yield doubt(
            AREA,
            str(directory),
            f"{kind}, mounted with {', '.join(local)}: locks hold on one node only",
            "Nothing is lost by it: two writers give the same bytes. Mount with flock for less double work.",
        )
    else:
        shared = "shared between nodes" if kind in SHARED else "local to this node, or of an unknown kind"
        yield good(AREA, str(directory), f"{kind or 'unknown'}: {shared}")
    if free < LEAST_FREE:
        yield wrong(
            AREA, str(directory), f"{free >> 20} MiB are free", "Free space: the report needs a few MiB."
        )


def mounted(directory: Path, table: str | None = None) -> tuple[str, tuple[str, ...]]:
    """Return kind and options of the mount that holds a directory; `table` is a mountinfo, this process's."""
    if table is None:
        table = Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape")
    best: tuple[int, str, tuple[str, ...]] = (-1, "", ())
    real = os.path.realpath(directory)
    for line in table.split("\n"):
        fields, _, rest = line.partition(" - ")
        parts, tail = fields.split(" "), rest.split(" ")
        if len(parts) < 6 or len(tail) < 3:
            continue
        point = _ESCAPE.sub(lambda code: chr(int(code[1], 8)), parts[4])
        inside = real == point or real.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= best[0]:
            best = (len(point), tail[0], (*parts[5].split(","), *tail[2].split(",")))
    return best[1], best[2]


def check_clock(place: Path) -> Iterator[Check]:
    """Compare the time that the file system gives a new file in a directory of our own with this host's."""
    with open(place / "clock", "xb") as file:
        skew = os.fstat(file.fileno()).st_mtime - time.time()
    if abs(skew) > MOST_SKEW_S:
        yield wrong(
            AREA,
            "clock",
            f"files written now are dated {abs(skew):.0f} s {'ahead' if skew > 0 else 'behind'}",
            "Synchronise the file server's clock: what belongs to which attempt is told by file times.",
        )
    else:
        yield good(AREA, "clock", f"agrees with this host's within {max(abs(skew), 0.1):.1f} s")
