import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from afterall.discover import find_set, sets_below
from afterall.errors import BadInput
from discover.discover_trees import grow

WEIGHTS = "checkpoint-5/adapter_model.safetensors"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a directory that looks like a home, so that nothing above it is ever looked at."""
    return grow(tmp_path / "home", {".bashrc": ""})


def runs(*names: str, under: str = "set/") -> dict[str, str]:
    """Return runs with scripts, logs and weights."""
    return {f"{under}{name}/{part}": "" for name in names for part in ("train.slurm", "slurm-1.out", WEIGHTS)}


@pytest.mark.parametrize("start", ["set", "set/a", "set/a/checkpoint-5", "set/b/sub/deep"])
def test_a_job_in_a_run_belongs_to_the_set_of_runs_beside_it(home: Path, start: str) -> None:
    """From the set's directory, a run's or one below it the same set is found."""
    grow(home, runs("a", "b") | {"set/b/sub/deep/x": ""})
    assert find_set(home / start) == home / "set"


@pytest.mark.parametrize(
    ("made", "start"),
    [
        (runs("a", "b", under="set/runs/"), "set/runs/a"),
        (runs("a", "b", under="set/runs/"), "set/runs"),
        (
            {"set/a/out/trainer_state.json": "", "set/b/out/trainer_state.json": "", "set/a/x.slurm": ""},
            "set/a/out",
        ),
        ({f"set/{n}/artifacts/epoch_0/model.safetensors": "" for n in "ab"}, "set/a/artifacts"),
        ({f"set/runs/{n}/out/trainer_state.json": "" for n in "ab"}, "set/runs/b/out"),
    ],
)
def test_containers_are_no_sets(home: Path, made: dict[str, str], start: str) -> None:
    """SET/runs/NAME, SET/NAME/out and SET/runs/NAME/out belong to SET."""
    grow(home, made)
    assert find_set(home / start) == home / "set"


def test_a_group_is_the_set_of_its_runs(home: Path) -> None:
    """With runs two levels down the nearest directory that compares runs is taken."""
    grow(home, runs("a", "b", under="set/g1/") | runs("a", "b", under="set/g2/"))
    assert find_set(home / "set/g1/a") == home / "set/g1"


def test_the_manifest_decides_over_layouts(home: Path) -> None:
    """An afterall.toml up to four levels above a job's directory makes the set, runs or not."""
    grow(
        home,
        runs("a", "b", under="set/g/")
        | {"set/afterall.toml": "", "set/1/2/3/4/x": "", "set/1/2/3/4/5/x": ""},
    )
    assert find_set(home / "set/g/a") == home / "set"
    assert find_set(home / "set/1/2/3/4") == home / "set"
    assert find_set(home / "set/1/2/3/4/5") is None


def test_the_nearest_manifest_counts(home: Path) -> None:
    """A set inside a set is its own; a link or directory of that name is no manifest."""
    grow(
        home,
        runs("a", "b") | {"set/afterall.toml": "", "set/a/afterall.toml": "", "set/b/afterall.toml": None},
    )
    assert find_set(home / "set/a") == home / "set/a"
    assert find_set(home / "set/b") == home / "set"
    (home / "set/a/afterall.toml").unlink()
    (home / "set/a/afterall.toml").symlink_to(home / "set/afterall.toml")
    assert find_set(home / "set/a") == home / "set"


def test_a_lone_run_is_a_set_of_one(home: Path) -> None:
    """Without runs beside it the run itself is the set, also from its output directory."""
    grow(home, runs("a", under=""))
    grow(home, {"a/out/trainer_state.json": ""})
    assert find_set(home / "a") == home / "a"
    assert find_set(home / "a/out") == home / "a"


def test_two_sets_beside_each_other_stay_two(home: Path) -> None:
    """A directory of sets is no set, even where one of them holds a single run."""
    grow(home, runs("x", under="work/one/") | runs("a", "b", under="work/two/"))
    assert find_set(home / "work/one/x") == home / "work/one/x"
    assert find_set(home / "work/two/a") == home / "work/two"


def test_a_home_directory_is_never_a_set(home: Path) -> None:
    """Runs that lie directly in a home are no set together, not even with a manifest there."""
    grow(home, runs("a", "b", under="") | {"afterall.toml": ""})
    assert find_set(home) is None
    assert find_set(home / "a") == home / "a"


def test_a_directory_called_like_its_owner_is_never_a_set(tmp_path: Path) -> None:
    """/scratch/lab/USER holds everything a user has."""
    import pwd

    scratch = tmp_path / pwd.getpwuid(os.getuid()).pw_name
    grow(scratch, runs("a", "b", under=""))
    assert find_set(scratch / "a") == scratch / "a"


def test_the_home_variable_is_heeded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """$HOME and what is above it are never sets."""
    grow(tmp_path / "h/u", runs("a", "b", under=""))
    monkeypatch.setenv("HOME", str(tmp_path / "h/u"))
    assert find_set(tmp_path / "h/u") is None
    assert find_set(tmp_path / "h") is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give directories away")
def test_a_directory_of_another_owner_is_never_a_set(home: Path) -> None:
    """A run in someone else's directory is a set of one, whatever lies beside it."""
    grow(home, runs("a", "b") | {"set/afterall.toml": ""})
    os.chown(home / "set", 12345, 12345)
    assert find_set(home / "set/a") == home / "set/a"


@pytest.mark.parametrize("start", ["/", "/proc", "/nonexistent/x", "/dev/null", "", "\0"])
def test_what_is_no_place_for_a_set_has_none(start: str) -> None:
    """The root, mount points, missing paths, files and nonsense give no set and no error."""
    if start:
        assert find_set(Path(start)) is None


def test_an_empty_directory_is_in_no_set(home: Path) -> None:
    """Nothing to report on."""
    grow(home, {"empty/sub": None})
    assert find_set(home / "empty/sub") is None


def test_a_start_through_a_link_finds_the_physical_set(home: Path) -> None:
    """A working directory that is a link is resolved first."""
    grow(home, runs("a", "b"))
    (home / "shortcut").symlink_to(home / "set/a")
    assert find_set(home / "shortcut") == home / "set"


def test_finding_a_set_looks_at_little(home: Path) -> None:
    """A directory with more entries than are worth a look is not searched to its end."""
    grow(home, {f"set/{n:04}": "" for n in range(1500)} | runs("a", "zz"))
    order = os.listdir(home / "set")
    is_seen = all(order.index(name) < 1000 for name in ("a", "zz"))
    assert find_set(home / "set/a") == (home / "set" if is_seen else home / "set/a")


def relative(found: Iterable[Path], root: Path) -> list[str]:
    """Return paths relative to `root`."""
    return [str(path.relative_to(root)) for path in found]


def test_the_sets_below_a_directory_are_listed(home: Path) -> None:
    """Sets up to two levels down, by manifest or by their runs, in natural order; lone runs are none."""
    made = (
        runs("a", "b", under="s10/")
        | runs("a", "b", under="s2/runs/")
        | runs("x", under="p/s3/")
        | runs("lone", under="")
    )
    grow(home, made | {"p/s3/afterall.toml": "", "p/s4/x": "", "s10/a/afterall.toml": ""})
    assert relative(sets_below(home), home) == ["p/s3", "s2", "s10"]


def test_a_set_lists_itself(home: Path) -> None:
    """With a manifest, or with runs and no sets below, the directory is the one set."""
    grow(home, runs("a", "b") | runs("a", "b", under="other/") | {"other/afterall.toml": ""})
    assert sets_below(home / "set") == (home / "set",)
    assert sets_below(home / "other") == (home / "other",)


def test_a_set_that_was_reported_on_is_one_set(home: Path) -> None:
    """Groups of a set are no sets of their own once the whole has a report."""
    grow(home, runs("a", "b", under="set/g1/") | runs("a", "b", under="set/g2/"))
    assert relative(sets_below(home / "set"), home) == ["set/g1", "set/g2"]
    grow(home, {"set/.afterall/report.lock": ""})
    assert relative(sets_below(home / "set"), home) == ["set"]


def test_a_directory_without_sets_lists_none(home: Path) -> None:
    """Nothing is no error; a missing directory is."""
    assert sets_below(home) == ()
    with pytest.raises(BadInput):
        sets_below(home / "missing")
