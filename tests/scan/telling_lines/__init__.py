"""List lines that tell why a run failed, by the code they have to give, in the words of each release.

Each wording follows the format string of the program that prints it; hosts, ids and paths are made up. The
modules are those of the table of signatures.
"""

from afterall.model import FindingCode
from scan.telling_lines import (
    accelerators,
    crashes,
    disks,
    engines,
    gpus,
    hub,
    imports,
    processes,
    ranks,
    shells,
    slurm,
)

TELLING: list[tuple[FindingCode, str]] = [
    *slurm.LINES,
    *shells.LINES,
    *crashes.LINES,
    *processes.LINES,
    *gpus.LINES,
    *accelerators.LINES,
    *engines.LINES,
    *ranks.LINES,
    *disks.LINES,
    *hub.LINES,
    *imports.LINES,
]
