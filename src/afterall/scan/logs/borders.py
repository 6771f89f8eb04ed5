"""Find where another job's output begins in a log that several jobs wrote into.

Invariant: what begins a run is a border only where a run came before it: one that trained, was ended by
Slurm, or had another job id. A run's own banner, tracker line and job id in a row cut nothing.
"""

import re
from collections.abc import Iterator

from afterall.scan.logs.blocks import Block
from afterall.scan.logs.lines import line_in

_BEGINNINGS: dict[bytes, re.Pattern[bytes]] = {
    b" with resolved config:": re.compile(rb"Running \w+ with resolved config:"),
    b"Tracking run with wandb version": re.compile(rb"wandb(?:\x1b\[0m)?: Tracking run with wandb version"),
    b"***** Running training *****": re.compile(rb"\*{5} Running training \*{5}"),
    b"Starting with JobEnvironment": re.compile(rb"submitit INFO .* - Starting with JobEnvironment"),
    b"SLURM PROLOG": re.compile(rb"SLURM PROLOG"),
    b"ob ID": re.compile(rb"(?i)\bjob id ?[:=]? *(?P<job_id>\d{1,12})\b"),
    b"JOB_ID": re.compile(rb"(?i)\bjob_id ?[:=] *(?P<job_id>\d{1,12})\b"),
    b"JOBID": re.compile(rb"\bJOBID ?[:=] *(?P<job_id>\d{1,12})\b"),
    b"job_id=": re.compile(rb"JobEnvironment\(job_id=(?P<job_id>\d{1,12})"),
}


def beginnings(block: Block) -> Iterator[tuple[int, str | None]]:
    """Yield each line of a block that may begin a run: where it starts, and the job id it names."""
    found: dict[int, str | None] = {}
    for literal, pattern in _BEGINNINGS.items():
        position = block.data.find(literal) if block.may_hold(literal) else -1
        after = 0
        while position >= 0:
            line, after = line_in(block, position, after)
            match = pattern.search(line.raw)
            if match is not None:
                job_id = match.groupdict().get("job_id")
                start = line.offset - block.offset
                found[start] = job_id.decode() if job_id else found.get(start)
            position = block.data.find(literal, after)
    yield from sorted(found.items())
