"""What a set's directory can do is probed there, and nothing is left behind."""

from pathlib import Path

import pytest

from afterall.diagnose import Outcome, diagnose_set
from afterall.diagnose.file_systems import mounted
from afterall.diagnose.locking import check_locking

MOUNTS = r"""22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
40 22 0:45 / /scratch rw,relatime shared:9 - nfs4 srv:/scratch rw,vers=4.2,local_lock=none
43 22 0:47 / /scratch/größe rw - gpfs lab rw
41 22 0:46 / /scratch/my\040lab rw,noatime - lustre mds@tcp:/lab rw,localflock
garbage
"""


@pytest.fixture
def run_set(tmp_path: Path) -> Path:
    """Return a set of one run with a log."""
    (tmp_path / "rank4").mkdir()
    (tmp_path / "rank4" / "slurm-1.out").write_text("step 1 loss: 1.5\n")
    return tmp_path


@pytest.mark.parametrize(
    ("path", "kind", "option"),
    [
        ("/home/a", "ext4", "relatime"),
        ("/scratch/a", "nfs4", "local_lock=none"),
        ("/scratch/my lab/set", "lustre", "localflock"),
        ("/scratch/größe/set", "gpfs", "rw"),
        ("/scratchy", "ext4", "relatime"),
    ],
)
def test_the_mount_that_holds_a_directory(path: str, kind: str, option: str) -> None:
    """The longest mount point above it, blanks and letters beyond ASCII in names included."""
    found, options = mounted(Path(path), MOUNTS)
    assert (found, option in options) == (kind, True)


def test_a_set_is_probed_and_left_as_it_was(run_set: Path) -> None:
    """Every check comes out, and no file of ours stays."""
    before = sorted(run_set.rglob("*"))
    checks = list(diagnose_set(run_set))
    assert not [check for check in checks if check.outcome is Outcome.WRONG]
    assert {check.area for check in checks} == {"set", "file system", "locking"}
    assert sorted(run_set.rglob("*")) == before


def test_locks_hold_between_two_processes(tmp_path: Path) -> None:
    """On a local file system the second process waits."""
    flock, rename = check_locking(tmp_path)
    assert (flock.outcome, rename.outcome) == (Outcome.GOOD, Outcome.GOOD)


def test_a_directory_that_is_no_set_is_told(tmp_path: Path) -> None:
    """An empty directory holds no experiment."""
    first = next(iter(diagnose_set(tmp_path)))
    assert (first.outcome, first.found.startswith(f"{tmp_path}: ")) == (Outcome.WRONG, True)


@pytest.mark.parametrize("name", ["nowhere", "file"])
def test_a_path_that_is_no_directory_is_told(tmp_path: Path, name: str) -> None:
    """That is the one thing wrong with it; nothing else is looked at."""
    (tmp_path / "file").write_text("")
    (check,) = diagnose_set(tmp_path / name)
    assert check.outcome is Outcome.WRONG
