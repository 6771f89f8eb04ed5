"""Four jobs of a set end, and its report appears: the user's own, and true."""

import pytest

from cluster.cluster_commands import count_queries, run_afterall
from cluster.cluster_sets import ExperimentSet, Run, make_set
from cluster.cluster_slurm import Slurm
from cluster.cluster_traces import Training
from cluster.cluster_truth import check_set
from cluster.cluster_worker import Watch

RUNS = (
    Run("rank4", Training(4), "sleep 2"),
    Run("rank16", Training(16), "sleep 1"),
    Run("rank64", Training(64, recipe="torchtune")),
    Run("rank4_fast", Training(4, "1e-3", steps=12), "exit 3"),
)


@pytest.fixture(scope="module")
def ended(slurm: Slurm, watch: Watch) -> ExperimentSet:
    """Submit four runs and wait for the worker's report."""
    found = make_set(slurm, "lora_ranks")
    for run in RUNS:
        found.submit(run)
    watch.wait_done(found.path)
    return found


def test_the_report_is_the_users(ended: ExperimentSet) -> None:
    """Owner and group are his, and modes those of an ordinary umask, whatever the worker's own is."""
    made = [ended.path / name for name in ("RESULTS.md", "RESULTS.json", "RESULTS_files", ".afterall")]
    assert {(path.stat().st_uid, path.stat().st_gid) for path in made} == {(ended.user.uid, ended.user.gid)}
    assert [path.stat().st_mode & 0o777 for path in made] == [0o644, 0o644, 0o755, 0o755]


def test_the_report_is_true(ended: ExperimentSet) -> None:
    """Ids, states, times and nodes are accounting's, and the files' facts the runs' own."""
    check_set(ended)
    told = {run.name: ended.told(run.name) for run in RUNS}
    assert {name: one["state"] for name, one in told.items()} == {
        "rank4": "completed",
        "rank16": "completed",
        "rank64": "completed",
        "rank4_fast": "failed",
    }
    for run in RUNS:
        reached, loss = (told[run.name]["metrics"][key]["value"] for key in ("global_step", "final_loss"))
        assert (reached, loss) == (run.training.steps, run.training.loss(run.training.steps))
        assert {one["verdict"] for one in told[run.name]["checkpoints"]} == {"ok"}
        assert told[run.name]["training_completed"] is (run.name != "rank4_fast")


def test_the_failed_job_is_told(ended: ExperimentSet) -> None:
    """Its exit code and how far it came, once in the table and once among the issues."""
    assert ended.codes("rank4_fast") == {"job_failed"}
    issues = ended.report.read_text().partition("## Issues and Notes")[2].partition("\n## ")[0]
    job_id = ended.jobs["rank4_fast"]
    assert f"**rank4_fast**: job {job_id} ended `FAILED` (exit code 3:0)" in issues
    assert "at step 12 of 20" in issues


def test_nothing_is_left_to_do(ended: ExperimentSet, slurm: Slurm) -> None:
    """Every record is put away, nothing of a half-written report lies about, and no node was drained."""
    outside = {path for path in ended.listed() if "/" not in path} - set(ended.jobs)
    assert outside == {"RESULTS.md", "RESULTS.json", "RESULTS_files", ".afterall", "afterall.toml"}
    done = {path.name.partition(".")[0] for path in (slurm.spool / "done/events").iterdir()}
    assert set(ended.jobs.values()) <= done
    assert slurm.nodes_drained() == ""


def test_the_user_writes_the_same_report(ended: ExperimentSet, slurm: Slurm, python: str) -> None:
    """The worker asks as root and the user for himself: the same inputs, the same bytes, one query."""
    before = {name: (ended.path / name).read_bytes() for name in ("RESULTS.md", "RESULTS.json")}
    with count_queries(slurm) as queries:
        done = run_afterall(slurm, python, "report", ended.path, path=queries.path)
        assert len(queries.asked()) == 1
    assert done.stdout.strip() == str(ended.report)
    assert {name: (ended.path / name).read_bytes() for name in before} == before
