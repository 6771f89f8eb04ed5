"""Let every test here share one report of each set."""

from collections.abc import Callable

import pytest

from claims.claims_reading import Told
from claims.claims_sets import told_of

ToldOf = Callable[[str], Told]


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> ToldOf:
    """Return a set's report by the set's name, written once."""
    written: dict[str, Told] = {}

    def tell(name: str) -> Told:
        if name not in written:
            written[name] = told_of(name, tmp_path_factory.mktemp(name))
        return written[name]

    return tell
