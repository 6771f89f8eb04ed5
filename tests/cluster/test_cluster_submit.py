"""The way without an admin: `afterall submit SET`, run by the user, sends a job that writes the report."""

import re
import subprocess

import pytest

from cluster.cluster_commands import run_afterall
from cluster.cluster_sets import ExperimentSet, Run, make_set, write_files
from cluster.cluster_slurm import Slurm
from cluster.cluster_traces import Training
from cluster.cluster_truth import check_set

ENDED = Run("rank4", Training(4))
FAILING = Run("rank16", Training(16, steps=12), "sleep 3; exit 3")
HELD = Run("rank64", Training(64))


def dependency(slurm: Slurm, job_id: str) -> str:
    """Return what Slurm says that a job waits for."""
    shown = slurm.run("squeue", "-h", "-j", job_id, "-o", "%E").strip()
    return ":".join(sorted(re.findall(r"[a-z]+:\d+", shown)))


def submitted(slurm: Slurm, python: str, one: ExperimentSet) -> tuple[str, subprocess.CompletedProcess[str]]:
    """Run `afterall submit`, and return the job's id that it printed."""
    done = run_afterall(slurm, python, "submit", one.path, "--", "--mem=1G")
    found = re.fullmatch(r"(\d+)\n", done.stdout)
    assert found, done
    return found[1], done


def test_the_summary_job_writes_the_report(slurm: Slurm, python: str) -> None:
    """It waits for what has not ended yet, however that ends, and counts neither itself nor its like."""
    one = make_set(slurm, "submitted", settings=None)
    # A file of the set's own that bears the name of a module which Python needs to start.
    write_files(one.user, one.path, {"json.py": b"raise SystemExit('the set was imported')\n"})
    slurm.wait_accounted(one.submit(ENDED))
    waits_for = {one.submit(FAILING), one.submit(HELD, "--hold")}
    first, done = submitted(slurm, python, one)
    assert set(re.findall(r"\d{4,}", done.stderr.rpartition(":")[2])) == waits_for
    second, _ = submitted(slurm, python, one)
    waited = ":".join(sorted(f"afterany:{job_id}" for job_id in waits_for))
    assert [dependency(slurm, job_id) for job_id in (first, second)] == [waited, waited]
    slurm.wait(one.jobs["rank16"])
    assert "RESULTS.md" not in one.listed()
    slurm.run_as_user(["scontrol", "release", one.jobs["rank64"]], one.path)
    printed = [one.path / f".afterall/summary-{job_id}.out" for job_id in (first, second)]
    ends = [slurm.wait(job_id, timeout_s=120) for job_id in (first, second)]
    assert ends == [("COMPLETED",)] * 2, [path.read_text() for path in printed]
    check_set(one)
    assert one.results["set"]["counts"] == {"completed": 2, "failed": 1}
    assert one.report.stat().st_uid == one.user.uid
    assert one.report.stat().st_mode & 0o777 == 0o644
    assert printed[0].read_text().splitlines()[0] == str(one.report)


@pytest.fixture
def over(slurm: Slurm) -> ExperimentSet:
    """Run two jobs of a set, one of which fails, to their ends."""
    one = make_set(slurm, "over", settings=None)
    for run in (ENDED, Run("rank16", Training(16, steps=12), "exit 3")):
        one.submit(run)
    for job_id in one.jobs.values():
        slurm.wait(job_id)
    return one


def test_without_a_job_to_wait_for_the_report_is_written_at_once(
    slurm: Slurm, python: str, over: ExperimentSet
) -> None:
    """No job is sent, the reason is said, and accounting, which lags, is waited for."""
    done = run_afterall(slurm, python, "submit", over.path)
    assert done.stdout == f"{over.report}\n"
    assert "no job of this set is left to wait for; writing the report now" in done.stderr
    assert slurm.run("squeue", "-h", "-u", over.user.name).strip() == ""
    check_set(over)
    assert over.results["set"]["counts"] == {"completed": 1, "failed": 1}


def test_an_array_is_waited_for_under_its_own_id(slurm: Slurm, python: str) -> None:
    """However many tasks it has, and with one of them ended already."""
    one = make_set(slurm, "array_to_wait_for", settings=None)
    one.lay(ENDED)
    lines = 'test "$SLURM_ARRAY_TASK_ID" = 0 && exit 3\nsleep 600'
    array = slurm.sbatch(one.path / "rank4", "--array=0-3", script=lines)
    slurm.wait(array, "FAILED", "RUNNING", "COMPLETING")
    summary, _ = submitted(slurm, python, one)
    assert re.fullmatch(
        rf"afterany:{array}_?\*?", slurm.run("squeue", "-h", "-j", summary, "-o", "%E").split("(")[0]
    )
