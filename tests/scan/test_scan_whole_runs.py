"""Scan whole runs of the other trainers: each is named truly, and its sources agree with each other."""

from pathlib import Path

import pytest

from afterall.model import Experiment, FindingCode
from afterall.scan.checkpoints import Examination
from afterall.scan.experiment import scan_experiment
from scan.run_making import experiment, fixture, lay_down, log

GPU_METRICS = (
    b"timestamp, utilization.gpu [%], memory.used [MiB], power.draw [W]\n"
    b"2025/10/16 12:00:00.100, 80 %, 2048 MiB, 360.00 W\n2025/10/16 12:00:30.100, 90 %, 3072 MiB, 360.00 W\n"
)
RUNS: dict[str, dict[str, bytes]] = {
    "litgpt": {
        "run/slurm-1.out": fixture("litgpt/full-0.5.out"),
        "run/logs/csv/version_0/metrics.csv": fixture("litgpt/metrics.csv"),
    },
    "lightning": {
        "run/slurm-1.out": fixture("lightning/rich-2.6.out"),
        "run/lightning_logs/version_0/metrics.csv": fixture("lightning/metrics-2.6.csv"),
        "run/tb/version_0/events.out.tfevents.1": fixture("tensorboard/lightning-2.6.tfevents"),
        "run/gpu_metrics.csv": GPU_METRICS,
    },
    "hydra": {"run/hy.log": fixture("hydra/hy.log"), "run/.hydra/hydra.yaml": fixture("hydra/hydra.yaml")},
    "mlflow": {"run/slurm-1.out": b"\n", "run/mlflow.db": fixture("mlflow/mlflow-3.17.db")},
}
EXPECTED: dict[str, tuple[str | None, float, int, bool | None]] = {
    "litgpt": ("litgpt", 5.138833999633789, 13, True),
    "lightning": ("lightning", 0.0010111464653164148, 24, True),
    "hydra": (None, 1.0, 10, None),
    "mlflow": (None, 6.183460867315673e-09, 20, True),
}
"""By run: trainer, final loss, steps, and whether training completed."""


def scanned(tmp_path: Path, name: str) -> Experiment:
    """Return a run as scanned."""
    entries = lay_down(tmp_path, RUNS[name])
    logs = [log(path, "1") for path in RUNS[name] if path.endswith((".out", ".log"))]
    return scan_experiment(experiment("run", entries, logs), Examination(tmp_path))


@pytest.mark.parametrize("name", RUNS)
def test_a_run_is_told_by_its_own_trainer(tmp_path: Path, name: str) -> None:
    """Trainer, last loss, steps and end, and no source contradicts another."""
    run = scanned(tmp_path, name)
    told = (run.trainer, run.metrics["final_loss"].value, run.metrics["global_step"].value)
    assert (*told, run.completion.value) == EXPECTED[name]
    assert FindingCode.SOURCES_DISAGREE not in {finding.code for finding in run.findings}


def test_what_a_monitor_sampled_stands_among_the_metrics(tmp_path: Path) -> None:
    """Utilisation, power, memory and energy are the run's."""
    metrics = scanned(tmp_path, "lightning").metrics
    assert metrics["gpu_utilization_mean_percent"].value == 85.0
    assert metrics["gpu_energy_wh"].value == pytest.approx(3.0)


def test_parameters_and_versions_are_the_runs(tmp_path: Path) -> None:
    """MLflow's parameters and Hydra's version are told with the others."""
    assert scanned(tmp_path / "m", "mlflow").parameters["learning_rate"].value == 0.01
    assert scanned(tmp_path / "h", "hydra").provenance["version.hydra-core"].value == "1.3.8"
