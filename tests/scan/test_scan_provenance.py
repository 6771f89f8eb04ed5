"""Hold what a run ran with to what its sources say."""

import pytest

from afterall.model import Fact, Source
from afterall.scan.provenance import LIBRARIES, commit_of, find_provenance, version_of
from afterall.scan.traces import Origin, Trace

PLACE = Source("run/requirements.txt", "line 3")


def _trace(origin: Origin, **provenance: str) -> Trace:
    facts = {name.replace("__", "."): Fact(value, PLACE) for name, value in provenance.items()}
    return Trace(trainer="wandb", origin=origin, file="run/x", provenance=facts)


@pytest.mark.parametrize(
    ("name", "version", "known"),
    [
        ("torch", "2.6.0+cu124", {"version.torch": "2.6.0+cu124"}),
        ("Pytorch", "2.6.0", {"version.torch": "2.6.0"}),
        ("flash_attn", "2.5.8.post1", {"version.flash-attn": "2.5.8.post1"}),
        ("NeMo", "v2.1", {"version.nemo-toolkit": "2.1"}),
        ("python", "3.11.7", {"version.python": "3.11.7"}),
        ("left-pad", "1.0", {}),
        ("torch", "latest", {}),
        ("torch", "2.6.0\nrm -rf", {}),
        ("torch", "1" * 200, {}),
    ],
)
def test_a_version_is_kept_under_the_librarys_common_name(
    name: str, version: str, known: dict[str, str]
) -> None:
    """Only versions of known libraries are kept, and only where they look like one."""
    found = version_of(name, version, PLACE)
    assert {key: fact.value for key, fact in found.items()} == known
    assert all(fact.source == PLACE for fact in found.values())


@pytest.mark.parametrize("commit", ["", "main", "0" * 6, "xyz", None, 12345678, "a" * 65])
def test_what_is_no_hash_is_no_commit(commit: object) -> None:
    """A branch's name, a number or nothing is no commit."""
    assert commit_of(commit, PLACE) == {}


def test_the_most_trustworthy_source_tells_a_version() -> None:
    """Where sources differ, the one of the better origin counts."""
    history = _trace(Origin.HISTORY, version__torch="2.6.0", git_commit="abcdef1")
    summary = _trace(Origin.SUMMARY, version__torch="2.5.1", gpu="A100")
    found = find_provenance([summary, history], {})
    assert {name: fact.value for name, fact in found.items()} == {
        "version.torch": "2.6.0",
        "git_commit": "abcdef1",
        "gpu": "A100",
    }


def test_versions_stand_in_the_order_of_what_decides_numbers() -> None:
    """Whatever comes first in a file, trainers stand before the libraries that they use."""
    names = {f"version__{name}": "1.0" for name in ("numpy", "torch", "transformers")}
    found = list(find_provenance([_trace(Origin.LOG, **names, gpu="A100")], {}))
    assert found == ["gpu", "version.transformers", "version.torch", "version.numpy"]


def test_the_data_is_named_as_the_configuration_has_it() -> None:
    """The most exact key of a resolved configuration names the training data."""
    parameters = {
        "dataset": Fact("words", PLACE),
        "dataset.data_files": Fact("/data/words_8L.json", PLACE),
    }
    trace = Trace(trainer="torchtune", origin=Origin.LOG, file="run/x", parameters=parameters)
    assert (
        find_provenance([trace], {"dataset": Fact("words", PLACE)})["dataset_files"].value
        == "/data/words_8L.json"
    )


def test_a_secret_in_the_data_address_is_masked() -> None:
    """An address with a password in it loses the password."""
    address = Fact("https://me:hunter22secret@example.org/d.json", PLACE)
    trace = Trace(
        trainer="torchtune", origin=Origin.LOG, file="run/x", parameters={"dataset.data_files": address}
    )
    assert "hunter22secret" not in str(
        find_provenance([trace], {"dataset": Fact("words", PLACE)})["dataset_files"].value
    )


def test_every_library_is_its_own_common_name() -> None:
    """The table holds each library once, spelled as it is kept."""
    assert len(set(LIBRARIES)) == len(LIBRARIES)
    assert all(
        version_of(name, "1.0", PLACE) == {f"version.{name}": Fact("1.0", PLACE)} for name in LIBRARIES
    )


def test_the_parameters_name_the_data_where_no_trace_does() -> None:
    """A command line or a written configuration tells the data of a run that left no resolved one."""
    assert find_provenance([], {"dataset": Fact("alpaca", PLACE)}) == {"dataset_files": Fact("alpaca", PLACE)}
