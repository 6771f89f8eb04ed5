"""The files of slurm/ do under a real Slurm what they say."""

import re
import shutil
from pathlib import Path

from cluster.cluster_slurm import Slurm

SLURM = Path(__file__).parents[2] / "slurm"
OWN = {
    *("Epilog", "EpilogSlurmctld", "JobCompType", "JobCompLoc"),
    *("PrologEpilogTimeout", "AccountingStoreFlags"),
}


def test_slurm_understands_the_example_lines(slurm: Slurm) -> None:
    """Slurm reads each setting of slurm.conf.example that its release has without a complaint."""
    example = re.sub(r"(?m)^#(?=[A-Z][A-Za-z]+=)", "", (SLURM / "slurm.conf.example").read_text())
    example = re.sub(r"(?m)^EpilogTimeout=", "#", example)  # from 25.05
    assert set(re.findall(r"(?m)^([A-Za-z]+)=", example)) == OWN
    others = [line for line in slurm.conf.read_text().splitlines() if line.partition("=")[0] not in OWN]
    merged = slurm.conf.parent / "merged.conf"
    merged.write_text("\n".join([*others, example]))
    done = slurm.run_as_user(["scontrol", "ping"], Path("/"), env={"SLURM_CONF": str(merged)})
    assert "UP" in done.stdout
    assert done.stderr == ""
    merged.write_text("\n".join([*others, example.replace("Epilog=", "Epilogue=")]))
    broken = slurm.run_as_user(["scontrol", "ping"], Path("/"), env={"SLURM_CONF": str(merged)}, check=False)
    assert "Epilogue" in broken.stderr


def test_the_summary_job_runs_after_any_end(slurm: Slurm) -> None:
    """The summary job waits for its jobs, runs though one failed, and becomes the command it was given."""
    cwd = slurm.user.directory("set")
    # The tree that is tested may lie where only root can read.
    script = slurm.user.own(Path(shutil.copy(SLURM / "summary.sbatch", cwd)))
    jobs = [slurm.sbatch(cwd, "--hold", script="exit 1"), slurm.sbatch(cwd, "--hold")]
    summary = slurm.sbatch(
        cwd,
        f"--dependency=afterany:{':'.join(jobs)}",
        script,
        "/bin/sh",
        "-c",
        'echo "$1 $OMP_NUM_THREADS $SLURM_JOB_NAME"; pwd',
        "x",
        "a  b",
        script=None,
    )
    assert slurm.wait(summary, "PENDING") == ("PENDING",)
    slurm.run_as_user(["scontrol", "release", ",".join(jobs)], cwd)
    assert slurm.wait(jobs[0]) == ("FAILED",)
    assert slurm.wait(summary) == ("COMPLETED",)
    printed = (cwd / f"afterall-summary-{summary}.out").read_text()
    assert printed == f"a  b 1 afterall-summary\n{cwd}\n"
