"""Make a run for each telling line of a log, and leave Slurm unasked: every line is told by itself."""

from pathlib import Path

from claims.claims_making import write_run, write_state
from scan.telling_lines import TELLING

_BEFORE = "loading\nstep 1\n"
_AFTER = "cleaning up\n"
_RAISED = (
    'Traceback (most recent call last):\n  File "/home/u/train.py", line 17, in <module>\n    main()\n'
    '  File "/home/u/train.py", line 9, in main\n    raise ValueError(3)\nValueError: 3\n'
)


def make_logged(into: Path) -> Path:
    """Make the set; its runs are named by their line's code and number."""
    set_dir = into / "logged"
    for number, (code, line) in enumerate(TELLING):
        write_run(set_dir / f"{code.value}_{number}", 1000 + number, f"{_BEFORE}{line}\n{_AFTER}")
    write_run(set_dir / "raised", 1999, f"{_BEFORE}{_RAISED}")
    write_run(set_dir / "untouched", 0, "")
    (set_dir / "untouched" / "slurm-0.out").unlink()
    write_run(set_dir / "stopped", 2000, _BEFORE)
    write_state(set_dir / "stopped", {10 * n: 2 - n / 10 for n in range(1, 5)}, planned=100)
    return set_dir
