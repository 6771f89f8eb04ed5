"""Leave a test out where the machine lacks what it needs, unless the run promises that nothing is lacking."""

import os
from typing import NoReturn

import pytest


def skip(reason: str) -> NoReturn:
    """Skip the test; with AFTERALL_CI=1, as a fresh Debian 12 has it as root, fail it."""
    if os.environ.get("AFTERALL_CI") == "1":
        pytest.fail(f"{reason}; with AFTERALL_CI=1 this is no reason to skip")
    pytest.skip(reason)
