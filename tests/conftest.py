"""Keep the tests that share one real Slurm on one of xdist's workers, and all out of the tester's own cache.

What they start takes signals as a program of a terminal does, whoever started the tests: nohup and a shell's
`&` have the signals ignored, which programs pass on.

xdist 3.8 groups tests by a suffix to their ids, which pytest 9.2 does not let it add; and only the
controller, which reads no conftest below this one, chooses the scheduler.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
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


@pytest.fixture(scope="session", autouse=True)
def own_signals() -> None:
    """Let signals through that whoever started the tests has ignored."""
    for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, usual)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give the tests, and what they start, a cache directory of their own."""
    before = os.environ.get("XDG_CACHE_HOME")
    place = tmp_path_factory.mktemp("cache")
    os.environ["XDG_CACHE_HOME"] = str(place)
    yield place
    if before is None:
        del os.environ["XDG_CACHE_HOME"]
    else:
        os.environ["XDG_CACHE_HOME"] = before
