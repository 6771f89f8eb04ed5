"""Keep the tests that share one real Slurm on one of xdist's workers.

xdist 3.8 groups tests by a suffix to their ids, which pytest 9.2 does not let it add; and only the
controller, which reads no conftest below this one, chooses the scheduler.
"""

from typing import Any

import pytest

_SHARED = "tests/cluster/"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Return a scheduler for --dist loadgroup that takes the cluster's tests as one group."""
    from xdist.scheduler import LoadGroupScheduling  # type: ignore[import-untyped]

    class OneCluster(LoadGroupScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return _SHARED if nodeid.startswith(_SHARED) else nodeid

    return OneCluster(config, log) if config.getvalue("dist") == "loadgroup" else None
