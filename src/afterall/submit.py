"""Build and send the summary job: `sbatch --dependency=afterany:…` over a set's unfinished jobs.

Always afterany: afterok on a job that fails never starts, and most sets that need a report hold one that
failed. Slurm lifts an afterany on a job it has already forgotten, so ended jobs are left out.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from afterall.errors import BadInput, SlurmUnavailable
from afterall.model import Attempt
from afterall.observe import SUMMARY_PREFIX

_MAX_ARGUMENT_BYTES = 128 * 1024 - 1
"""Linux takes no longer argument (MAX_ARG_STRLEN, its last byte 0)."""
_TIMEOUT_S = 60


class Summary(Struct, frozen=True, kw_only=True):
    """A summary job to be sent."""

    set_dir: Path
    waits_for: tuple[str, ...]
    """Job ids as --dependency takes them: an array or a het job once, under its own id."""
    wait_s: int
    """How long the job waits for accounting to settle before it writes what is known."""
    sbatch_options: tuple[str, ...] = ()
    """Further options of the user's, as --partition=cpu."""


def dependency_ids(attempts: Iterable[Attempt]) -> tuple[str, ...]:
    """Return the ids to depend on, ascending: one for a whole array, one for a whole het job."""
    bases = {re.split(r"[_+]", attempt.display_id or attempt.job_id)[0] for attempt in attempts}
    return tuple(sorted(bases, key=lambda job_id: (len(job_id), job_id)))


def sbatch_argv(summary: Summary, script: Path, afterall: Sequence[str]) -> list[str]:
    """Return the whole sbatch command; raise BadInput where sbatch could not take it."""
    dependency = "--dependency=afterany:" + ":".join(summary.waits_for)
    if len(dependency) > _MAX_ARGUMENT_BYTES:
        raise BadInput(
            summary.set_dir, f"{len(summary.waits_for)} unfinished jobs are more than sbatch can wait for"
        )
    directory = str(summary.set_dir)
    # Slurm expands % in file names; a doubled one stands for itself.
    output = directory.replace("%", "%%") + "/.afterall/summary-%j.out"
    return [
        "sbatch",
        "--parsable",
        dependency,
        "--kill-on-invalid-dep=no",
        f"--job-name={SUMMARY_PREFIX}{_plain(summary.set_dir.name)}",
        f"--chdir={directory}",
        f"--output={output}",
        *summary.sbatch_options,
        str(script),
        *afterall,
        "report",
        directory,
        "--wait",
        str(summary.wait_s),
    ]


def send(argv: Sequence[str]) -> str:
    """Run sbatch and return the new job's id; raise SlurmUnavailable with what sbatch said otherwise."""
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=_TIMEOUT_S, errors="replace", check=False
        )
    except FileNotFoundError as error:
        raise SlurmUnavailable(("sbatch: not found on PATH",)) from error
    except OSError as error:
        raise SlurmUnavailable((f"sbatch: {(error.strerror or str(error)).lower()}",)) from error
    except subprocess.TimeoutExpired as error:
        raise SlurmUnavailable((f"sbatch: no answer within {_TIMEOUT_S} s",)) from error
    found = re.match(r"(\d+)(;\S+)?$", done.stdout.strip())
    if done.returncode != 0 or found is None:
        said = (done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}").splitlines()[0]
        raise SlurmUnavailable((said,))
    return found[1]


def summary_script() -> Path:
    """Return slurm/summary.sbatch: beside this package when installed, at the top of a source tree."""
    here = Path(__file__).resolve().parent
    for path in (here / "files/slurm/summary.sbatch", here.parents[1] / "slurm/summary.sbatch"):
        if path.is_file():
            return path
    raise BadInput(here / "files/slurm/summary.sbatch", "is missing from this installation")


def own_command() -> tuple[str, ...]:
    """Return how the summary job calls this very installation.

    It runs in the set, whose files must not be taken for modules: -P keeps the current directory off
    sys.path, and unlike -I finds what was installed with pip's --user.
    """
    return (os.path.abspath(sys.executable), "-P", "-m", "afterall")


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)[:100]
