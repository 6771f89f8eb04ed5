"""Five hundred jobs of fifty sets end within a minute on four nodes; each set has its one right report."""

import pytest

from cluster.cluster_load import Figures, Load, end_together
from cluster.cluster_slurm import Slurm


def check(figures: Figures) -> None:
    """Check what must hold however busy the machine is."""
    assert figures.wrong == ()
    assert figures.drained == ""
    assert figures.query_gap_s >= 10
    assert figures.worker_kib < 100 * 1024


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_five_hundred_jobs_of_fifty_sets(slurm: Slurm, python: str) -> None:
    """None is missing, premature or wrong; accounting is asked at most once in ten seconds."""
    figures = end_together(slurm, python, Load(), timeout_s=900)
    check(figures)
    assert figures.ending_s <= 60
