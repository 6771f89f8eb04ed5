"""Read which Hydra started a run."""

import io

import pytest

from afterall.errors import BadInput
from afterall.scan.trainers.hydra import MOST_BYTES, read_hydra
from scan.run_making import fixture
from scan.trace_reading import chosen, file_trace, last_part, values


def test_the_version_is_read() -> None:
    """hydra.yaml of a sweep's run tells Hydra's version."""
    trace = file_trace(read_hydra, fixture("hydra/hydra.yaml"), "r/0/.hydra/hydra.yaml")
    assert trace.provenance["version.hydra-core"].value == "1.3.8"
    assert not trace.trains


def test_the_runs_own_file_is_chosen() -> None:
    """Only `.hydra/hydra.yaml` is Hydra's record; configurations may be called alike."""
    assert chosen("hydra", ["r/conf/hydra.yaml", "r/.hydra/hydra.yaml"]) == ["r/.hydra/hydra.yaml"]


def test_what_the_program_logged_through_hydra_is_read() -> None:
    """Hydra's log has a time, a module and a level before each line."""
    (trace,) = last_part(fixture("hydra/hy.log")).traces
    assert values(trace, "loss")[10] == 1.0


def test_other_files_tell_nothing() -> None:
    """A file without a version, or larger than any of Hydra's, is refused."""
    assert read_hydra(io.BytesIO(b"hydra:\n  job: {}\n"), ".hydra/hydra.yaml") is None
    with pytest.raises(BadInput):
        read_hydra(io.BytesIO(b"#" * (MOST_BYTES + 1)), ".hydra/hydra.yaml")
