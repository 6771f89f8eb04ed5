import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.discover import discover
from afterall.discover.walk import WalkLimits, walk
from afterall.errors import BadInput
from afterall.model import EntryKind
from afterall.settings import SetSettings
from discover.discover_trees import NO_SETTINGS, grow

LIMITS = WalkLimits()


def paths(root: Path, limits: WalkLimits = LIMITS) -> list[str]:
    """Return the paths that a walk of `root` sees."""
    return [entry.path for entry in walk(str(root), limits).entries]


def as_nobody(act: Callable[[Path], str]) -> str:
    """Return what `act` returns when an unprivileged user runs it in a directory that all may enter."""
    with tempfile.TemporaryDirectory() as made:
        root = Path(made)
        root.chmod(0o777)
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            if os.geteuid() == 0:
                os.setgid(65534)
                os.setuid(65534)
            try:
                os.write(writer, act(root).encode())
            finally:
                os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as answer:
            text = answer.read()
        os.waitpid(child, 0)
        return text


def test_every_entry_is_described_without_following_links(tmp_path: Path) -> None:
    """Kinds, sizes and links come from lstat; entries are sorted by path."""
    grow(tmp_path, {"b/x": "four", "a": "1"})
    (tmp_path / "link").symlink_to("b")
    os.link(tmp_path / "a", tmp_path / "b/a2")
    found = {entry.path: entry for entry in walk(str(tmp_path), LIMITS).entries}
    assert list(found) == ["a", "b", "b/a2", "b/x", "link"]
    assert [found[path].kind for path in ("a", "b", "link")] == [
        EntryKind.FILE,
        EntryKind.DIRECTORY,
        EntryKind.SYMLINK,
    ]
    assert found["b/x"].size_bytes == 4
    assert found["a"].identity == found["b/a2"].identity
    assert found["a"].links == 2


def test_a_symbolic_link_is_never_entered(tmp_path: Path) -> None:
    """Neither a loop nor a link out of the set makes the walk leave its tree."""
    grow(tmp_path, {"set/a/x": "1", "outside/secret": "2"})
    (tmp_path / "set/a/loop").symlink_to(tmp_path / "set")
    (tmp_path / "set/a/out").symlink_to(tmp_path / "outside")
    assert paths(tmp_path / "set") == ["a", "a/loop", "a/out", "a/x"]


def test_a_fifo_is_noted_and_never_opened(tmp_path: Path) -> None:
    """A FIFO named like a batch script blocks nothing."""
    grow(tmp_path, {"a/train.sbatch": "#!/bin/sh"})
    os.mkfifo(tmp_path / "a/trap.sh")
    layout = discover(tmp_path, NO_SETTINGS)
    kinds = {entry.path: entry.kind for entry in layout.entries}
    assert kinds["a/trap.sh"] is EntryKind.OTHER
    assert layout.experiments[0].scripts == ("a/train.sbatch",)


@pytest.mark.parametrize("name", [b"a\nb", "\u202egpj.exe".encode(), b"\xff\xfe", b"-rf", b"| x |", b" "])
def test_a_hostile_name_is_kept_as_it_is(tmp_path: Path, name: bytes) -> None:
    """Newlines, direction marks and bytes that are no UTF-8 come through and back to the same file."""
    os.mkdir(os.fsencode(tmp_path) + b"/" + name)
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)) / "train.sbatch").write_text(
        "#!/bin/sh\n#SBATCH -n1\n"
    )
    layout = discover(tmp_path, SetSettings(experiments=("*",)))
    assert [os.fsencode(one.path) for one in layout.experiments] == [name]
    assert os.path.exists(os.path.join(layout.path, layout.experiments[0].scripts[0]))


def test_environments_and_repositories_are_not_entered(tmp_path: Path) -> None:
    """A Python environment is known by its mark whatever its name; the directories themselves are noted."""
    grow(
        tmp_path,
        {"env/pyvenv.cfg": "", "env/lib/x.py": "", ".git/config": "", "conda/conda-meta/x": "", "a/x": ""},
    )
    assert paths(tmp_path) == [".git", "a", "a/x", "conda", "env"]


def test_the_reports_own_files_are_not_seen(tmp_path: Path) -> None:
    """What afterall writes is no part of what it reports on, under the report's own name."""
    own = dict.fromkeys(
        ("SUMMARY.md", "RESULTS.json", "SUMMARY.md.orig", "SUMMARY.md.orig.2", "RESULTS_files/a.csv",
         ".afterall/report.lock", ".SUMMARY.md.12.ab.tmp", ".RESULTS.json.12.ab.tmp",
         "RESULTS.html", "RESULTS.html.orig", ".RESULTS.html.12.ab.tmp",
         "afterall-summary-7.out"), ""
    )  # fmt: skip
    grow(tmp_path, own | {"RESULTS.md": "an older one", "a/train.slurm": ""})
    layout = discover(tmp_path, SetSettings(report="SUMMARY.md"))
    assert [entry.path for entry in layout.entries] == ["RESULTS.md", "a", "a/train.slurm"]


def test_the_walk_stops_at_its_limits_and_says_so(tmp_path: Path) -> None:
    """What is cut off lies deepest or in the fullest directory, never a whole experiment."""
    grow(tmp_path, {f"{run}/{depth}/f{n}": "" for run in "ab" for depth in "xy" for n in range(5)})
    whole = walk(str(tmp_path), LIMITS)
    few = walk(str(tmp_path), WalkLimits(entries=8))
    flat = walk(str(tmp_path), WalkLimits(depth=1))
    narrow = walk(str(tmp_path), WalkLimits(entries_of_one_directory=3))
    assert (whole.truncated, len(whole.entries)) == (False, 26)
    assert (few.truncated, [e.path for e in few.entries][:2]) == (True, ["a", "a/x"])
    assert {e.path for e in few.entries} >= {"a", "b", "a/x", "a/y", "b/x", "b/y"}
    assert (flat.truncated, len(flat.entries)) == (True, 6)
    assert (narrow.truncated, len(narrow.entries)) == (True, 18)


def test_a_directory_that_may_not_be_listed_is_noted() -> None:
    """The rest of the set is still seen."""

    def act(root: Path) -> str:
        grow(root, {"a/train.slurm": "", "b/train.slurm": ""})
        (root / "b").chmod(0)
        layout = discover(root, NO_SETTINGS)
        (root / "b").chmod(0o700)
        return f"{[one.name for one in layout.experiments]} {layout.unreadable}"

    assert as_nobody(act) == "['a'] ('b',)"


def test_a_set_that_may_not_be_listed_is_refused() -> None:
    """One clear line names the set and the reason."""

    def act(root: Path) -> str:
        (root / "set").mkdir(mode=0)
        try:
            discover(root / "set", NO_SETTINGS)
        except BadInput as error:
            return str(error).replace(str(root), "")
        return "no error"

    assert as_nobody(act) == "/set: Permission denied"


@pytest.mark.parametrize(
    ("made", "problem"),
    [
        ({}, "No such file or directory"),
        ({"set": "a file"}, "is not a directory"),
        ({"set": None}, "is empty"),
        ({"set/.afterall/x": "", "set/RESULTS.md": ""}, "is empty"),
        (
            {"set/notes.txt": "x"},
            "holds no experiment: no checkpoint, log, run configuration or batch script was found",
        ),
    ],
)
def test_what_is_no_set_is_refused_in_one_line(
    tmp_path: Path, made: dict[str, str | None], problem: str
) -> None:
    """Missing, empty and useless sets are bad input."""
    grow(tmp_path, made)
    with pytest.raises(BadInput) as caught:
        discover(tmp_path / "set", NO_SETTINGS)
    assert str(caught.value) == f"{tmp_path / 'set'}: {problem}"


def test_a_set_reached_through_a_link_is_known_by_its_own_path(tmp_path: Path) -> None:
    """Slurm gives physical working directories, so the set's path is physical too."""
    grow(tmp_path, {"real/a/train.slurm": ""})
    (tmp_path / "alias").symlink_to("real")
    layout = discover(tmp_path / "alias", NO_SETTINGS)
    assert (layout.path, layout.name, layout.owner_uid) == (
        str((tmp_path / "real").resolve()),
        "real",
        os.getuid(),
    )


@given(st.text(st.characters(blacklist_characters="./"), max_size=50))
def test_any_text_for_a_path_is_listed_or_refused(path: str) -> None:
    """A NUL or an unencodable name raises our error and no other."""
    with pytest.raises(BadInput):
        walk(f"/nonexistent/x{path}", LIMITS)
