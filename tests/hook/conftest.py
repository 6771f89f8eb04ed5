"""Give the tests the hook, installed with a spool of its own, under each shell."""

from pathlib import Path

import pytest

from hook.hook_runs import SHELLS, Hook, install


@pytest.fixture(params=SHELLS)
def hook(request: pytest.FixtureRequest, tmp_path: Path) -> Hook:
    """Install the hook under a shell, with an empty spool."""
    shell: str = request.param
    return install(tmp_path, shell)


@pytest.fixture(params=SHELLS, scope="module")
def shared_hook(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Hook:
    """Install the hook once for a property that runs it many times; each run must take its records away."""
    shell: str = request.param
    return install(tmp_path_factory.mktemp("hook"), shell)
