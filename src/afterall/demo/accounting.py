"""Record what sacct would say of the demo's jobs, in the columns that `--sacct-file` reads.

The columns are those of the documented command: docs/reference/recorded-accounting.md.
"""

import os
from pathlib import Path

from afterall.demo.runs import RUNS, START, DemoRun, Ending

_SEPARATOR = "\x1f"


def recorded_accounting(set_dir: Path) -> bytes:
    """Return two rows a job, allocation and batch step, as sacct prints them without a header."""
    rows = [row for run in RUNS for row in _rows(run, set_dir.absolute())]
    return ("\n".join(_SEPARATOR.join(row) for row in rows) + "\n").encode()


def _rows(run: DemoRun, set_dir: Path) -> list[list[str]]:
    state, code = ("COMPLETED", "0:0") if run.ending is Ending.WELL else ("FAILED", "1:0")
    start = START + 15
    times = [str(t) for t in (START, START, start, run.end, run.end - start)]
    tres = "billing=8,cpu=8,gres/gpu=1,mem=64G,node=1"
    allocation = [
        str(run.job_id),
        str(run.job_id),
        "demo",
        "demo",
        str(os.getuid()),
        state,
        code,
        "0:0",
        *times,
        "30",
    ]
    allocation += ["1", "8", tres, tres, "", "", "None", "gpu07", str(set_dir / run.name), run.name, ""]
    allocation += ["sbatch train.sbatch"]
    batch = [f"{run.job_id}.batch", f"{run.job_id}.batch", "demo", "", "", state, code, "", *times, ""]
    batch += ["1", "8", "cpu=8,mem=64G,node=1", "", "9126805504", "", "", "gpu07", "", "batch", "", ""]
    return [allocation, batch]
