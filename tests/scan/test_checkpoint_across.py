"""Compare the checkpoints of one run: files they share on disk, copies that could be freed, their base."""

import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from afterall.model import Checkpoint, Entry, Finding, FindingCode, Severity
from afterall.scan.checkpoints.across import linked, told_together
from afterall.scan.checkpoints.base_model import base_path, missing_bases
from afterall.scan.checkpoints.examining import Examination, examine
from afterall.scan.checkpoints.layouts import find_places
from afterall.scan.checkpoints.reflinks import LEAST_BYTES, MOST_EXTENTS, find_reflinks, parse_pieces
from afterall.scan.checkpoints.repeated import repeated
from afterall.scan.checkpoints.walking import walk
from scan.checkpoint_making import (
    ADAPTER_CONFIG,
    numbers,
    safetensors_bytes,
    write,
    write_epoch,
    write_hf_checkpoint,
)

LAST, ENCODED, UNWRITTEN, MERGED, SHARED = 0x1, 0x8, 0x800, 0x1000, 0x2000
Extent = tuple[int, int, int, int]


def scanned(root: Path) -> tuple[tuple[Checkpoint, ...], dict[str, Entry]]:
    """Return the checkpoints of the run `run` below `root`, and its entries by path."""
    entries = walk(root, "run").entries
    checkpoints = tuple(examine(find_places(entries), Examination(root)))
    return checkpoints, {entry.path: entry for entry in entries}


def answer(*extents: Extent) -> bytes:
    """Return what the kernel answers for extents: where in the file, where on the device, how long, flags."""
    header = struct.pack("=QQIIII", 0, 2**64 - 1, 1, len(extents), MOST_EXTENTS, 0)
    return header + b"".join(struct.pack("=QQQ16xI12x", *extent) for extent in extents)


@pytest.mark.parametrize(
    ("extents", "pieces"),
    [
        ([(0, 4096, 8192, SHARED | LAST)], ((8000, 4096),)),
        ([(0, 4096, 4096, SHARED), (4096, 40960, 4096, SHARED | LAST)], ((4096, 4096), (8000, 40960))),
        ([(0, 4096, 4096, SHARED), (4096, 8192, 4096, SHARED | MERGED | LAST)], ((8000, 4096),)),
    ],
    ids=["one extent", "two places", "two extents side by side"],
)
def test_shared_extents_are_told_by_place(extents: list[Extent], pieces: tuple[tuple[int, int], ...]) -> None:
    """How a file system cuts a run of bytes makes no difference."""
    assert parse_pieces(answer(*extents), 8000) == pieces


@pytest.mark.parametrize(
    "extents",
    [
        [],
        [(0, 4096, 8192, LAST)],
        [(0, 4096, 4096, SHARED), (4096, 8192, 4096, LAST)],
        [(0, 4096, 4096, SHARED | LAST)],
        [(0, 4096, 8192, SHARED)],
        [(0, 4096, 4096, SHARED), (5000, 8192, 4096, SHARED | LAST)],
        [(4096, 8192, 4096, SHARED | LAST)],
        [(0, 4096, 4096, SHARED), (0, 8192, 8192, SHARED | LAST)],
        [(0, 4096, 4096, SHARED | LAST), (4096, 8192, 4096, SHARED | LAST)],
        [(0, 4096, 0, SHARED), (0, 4096, 8192, SHARED | LAST)],
        [(0, 4096, 8192, SHARED | LAST | ENCODED)],
        [(0, 4096, 8192, SHARED | LAST | UNWRITTEN)],
        [(0, 4096, 8192, SHARED | LAST | 0x8000_0000)],
    ],
    ids=[
        "no extent",
        "its own",
        "half its own",
        "too short",
        "more than were asked for",
        "a hole",
        "a hole at the start",
        "two places for one byte",
        "goes on after the last",
        "an empty extent",
        "compressed",
        "unwritten",
        "of a network",
    ],
)
def test_what_is_not_exactly_told_is_no_link(extents: list[Extent]) -> None:
    """Any doubt about any byte means that the file must be read."""
    assert parse_pieces(answer(*extents), 8000) is None


@given(
    st.binary(max_size=300) | st.lists(st.integers(0, 255), max_size=200).map(bytes), st.integers(0, 2**64)
)
def test_any_answer_is_parsed(data: bytes, size: int) -> None:
    """Whatever a kernel answers, it is places that cover the file or nothing."""
    pieces = parse_pieces(data, size)
    assert pieces is None or pieces[-1][0] == size


@pytest.mark.parametrize("cut", [0, 31, 32, 87])
def test_an_answer_that_is_cut_off_is_none(cut: int) -> None:
    """Fewer bytes than the header promises."""
    assert parse_pieces(answer((0, 4096, 8192, SHARED | LAST))[:cut], 8000) is None


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """Return a set whose run saved two epochs, each with weights of its own."""
    for epoch in range(2):
        write_epoch(tmp_path / "run" / f"epoch_{epoch}", seed=100 * epoch)
    return tmp_path


SHARD = "model-00001-of-00002.safetensors"


def link(root: Path, *names: str) -> None:
    """Make files of epoch 1 hard links to those of epoch 0."""
    for name in names:
        (root / "run" / "epoch_1" / name).unlink()
        (root / "run" / "epoch_1" / name).hardlink_to(root / "run" / "epoch_0" / name)


def test_links_are_told_with_their_kind_and_bytes(two: Path) -> None:
    """Hard links are seen by their inode; reflinks are given by who asked the file system."""
    link(two, SHARD)
    checkpoints, entries = scanned(two)
    copy = ("run/epoch_0/adapter_model.pt", "run/epoch_1/adapter_model.pt")
    reflink, hard = sorted(linked(checkpoints, entries, [copy]), key=lambda f: str(f.evidence["how"]))[::-1]
    for finding, how, name in ((reflink, "reflink", "adapter_model.pt"), (hard, "hard_link", SHARD)):
        assert (finding.code, finding.subject) == (FindingCode.CHECKPOINTS_LINKED, "run/epoch_1")
        assert finding.evidence == {
            "with_checkpoint": "run/epoch_0",
            "shared_bytes": (two / "run" / "epoch_1" / name).stat().st_size,
            "how": how,
            "files": 1,
            "of": 4,
        }


def test_a_hard_link_within_one_checkpoint_is_none_between_two(two: Path) -> None:
    """Torchtune's stash of an adapter may be a link to the one beside it."""
    source = two / "run" / "epoch_1" / "adapter_model.pt"
    (source.parent / "adapter_weights").mkdir()
    (source.parent / "adapter_weights" / source.name).hardlink_to(source)
    assert list(linked(*scanned(two))) == []


def test_everything_about_a_run_is_told_together(two: Path) -> None:
    """One call asks for links, copies and bases."""
    link(two, SHARD)
    config = ADAPTER_CONFIG | {"base_model_name_or_path": str(two / "gone")}
    write(two / "run" / "epoch_0" / "adapter_config.json", config)
    checkpoints, entries = digested(two, *TOKENIZER)
    assert [finding.code for finding in told_together(two, checkpoints, entries)] == [
        FindingCode.CHECKPOINTS_LINKED,
        FindingCode.FILES_REPEATED,
        FindingCode.ADAPTER_BASE_MISSING,
    ]


@pytest.fixture(scope="session", params=["xfs", "btrfs"])
def volume(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a directory where files can share bytes; skips where no such file system can be made."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system")
    kind = request.param
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    tools = [shutil.which(name, path=path) for name in (f"mkfs.{kind}", "mount", "umount")]
    if None in tools:
        pytest.skip(f"mkfs.{kind}, mount or umount is not installed (Debian: xfsprogs, btrfs-progs)")
    make, mount, unmount = map(str, tools)
    image = tmp_path_factory.mktemp(kind) / "image"
    image.touch()
    os.truncate(image, 320 << 20)
    there = image.with_name("mounted")
    there.mkdir()
    subprocess.run([make, "-q", image], check=True, capture_output=True)
    command: list[str | Path] = [mount, "-o", "loop", image, there]
    mounted = subprocess.run(command, check=False, capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"{kind} cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield there
    finally:
        subprocess.run([unmount, "-l", there], check=True)


@pytest.fixture
def on_volume(volume: Path) -> Iterator[Path]:
    """Return a set on such a file system: three epochs, the last two copied from the first by reflink."""
    root = volume / "set"
    first = root / "run" / "epoch_0"
    write(first / "model.safetensors", safetensors_bytes({"w": numbers(600, 600)}))
    write(first / "model-2.safetensors", safetensors_bytes({"v": numbers(700, 700)}))
    write(first / "adapter_model.safetensors", safetensors_bytes({"a.lora_A.weight": numbers(4, 64)}))
    for epoch in (1, 2):
        subprocess.run(["cp", "-r", "--reflink=always", first, root / "run" / f"epoch_{epoch}"], check=True)
    yield root
    shutil.rmtree(root)


def reflinks(root: Path) -> set[tuple[str, str]]:
    """Return the pairs of files that the file system says to share every byte, paths below the run."""
    pairs = find_reflinks(root, *scanned(root))
    return {(one.removeprefix("run/"), other.removeprefix("run/")) for one, other in pairs}


def test_copies_that_share_every_byte_are_found(on_volume: Path) -> None:
    """`cp --reflink` of large weights is seen between consecutive epochs, on a real file system."""
    assert reflinks(on_volume) == {
        (f"epoch_{epoch}/{name}", f"epoch_{epoch + 1}/{name}")
        for epoch in (0, 1)
        for name in ("model.safetensors", "model-2.safetensors")
    }


def test_a_copy_with_one_byte_of_its_own_is_none(on_volume: Path) -> None:
    """A byte written to a copy a moment ago shows, though it has not reached the disk."""
    with (on_volume / "run" / "epoch_1" / "model.safetensors").open("r+b") as file:
        file.seek(700_000)
        file.write(b"\1")
    assert reflinks(on_volume) == {
        (f"epoch_{epoch}/model-2.safetensors", f"epoch_{epoch + 1}/model-2.safetensors") for epoch in (0, 1)
    }


def test_a_plain_copy_is_no_reflink(on_volume: Path) -> None:
    """The same bytes in another place are two files."""
    for name in ("model.safetensors", "model-2.safetensors"):
        copy = on_volume / "run" / "epoch_1" / name
        copy.unlink()
        subprocess.run(["cp", "--reflink=never", on_volume / "run" / "epoch_0" / name, copy], check=True)
    assert reflinks(on_volume) == set()


def test_files_that_are_gone_or_other_are_no_reflinks(two: Path) -> None:
    """What lies there now is not what the walk saw: nothing is told, and nothing raised."""
    checkpoints, entries = scanned(two)
    grown = {path: replace(entry, size_bytes=LEAST_BYTES) for path, entry in entries.items()}
    shutil.rmtree(two / "run" / "epoch_1")
    assert find_reflinks(two, checkpoints, grown) == frozenset()


def digested(
    root: Path, *names: str, size_bytes: int = LEAST_BYTES, kind: str = ""
) -> tuple[list[Checkpoint], dict[str, Entry]]:
    """Return the run's checkpoints as if `names` had been read, were this large, and the same in all."""
    checkpoints, entries = scanned(root)
    read = []
    for checkpoint in checkpoints:
        files = tuple(
            replace(file, digest=f"{name}{kind}", size_bytes=size_bytes) if name in names else file
            for file in checkpoint.files
            for name in (file.path.rpartition("/")[2],)
        )
        read.append(replace(checkpoint, files=files))
    return read, entries


def about(finding: Finding) -> tuple[Any, ...]:
    """Return what a finding of repeated files says of them."""
    keys = ("what", "files", "copies", "checkpoints", "size_bytes", "repeated_bytes", "original", "copy")
    return tuple(finding.evidence.get(key) for key in keys)


TOKENIZER = ("tokenizer.json", "tokenizer_config.json")
SHARDS = (SHARD, "model-00002-of-00002.safetensors")


def test_all_repeated_tokenizer_files_are_one_finding(two: Path) -> None:
    """Not one for each file; one copy of each is not counted as freed."""
    (finding,) = repeated(*digested(two, *TOKENIZER))
    assert (finding.code, finding.subject) == (FindingCode.FILES_REPEATED, "run/epoch_0")
    original, copy = (f"run/epoch_{epoch}/tokenizer.json" for epoch in (0, 1))
    assert about(finding) == ("tokenizer", 2, 4, 2, 2 * LEAST_BYTES, 2 * LEAST_BYTES, original, copy)


def test_the_shards_of_a_repeated_base_are_one_finding(two: Path) -> None:
    """Beside a trained adapter they are a base that nothing writes to, and may be linked."""
    (finding,) = repeated(*digested(two, *SHARDS))
    original, copy = (f"run/epoch_{epoch}/{SHARD}" for epoch in (0, 1))
    assert about(finding) == ("full_weights", 2, 4, 2, 2 * LEAST_BYTES, 2 * LEAST_BYTES, original, copy)


def test_full_weights_that_were_trained_are_not_to_be_linked(two: Path) -> None:
    """Resuming may write over them in place, and a link would change the other epoch with it."""
    for epoch in range(2):
        for name in ("adapter_model.pt", "adapter_model.safetensors", "adapter_config.json"):
            (two / "run" / f"epoch_{epoch}" / name).unlink()
    (finding,) = repeated(*digested(two, *SHARDS))
    assert (finding.evidence["repeated_bytes"], "copy" in finding.evidence) == (2 * LEAST_BYTES, False)


def test_nothing_is_repeated_that_was_not_read(two: Path) -> None:
    """The quick tier knows no digests: name and size are no reason to call files the same."""
    checkpoints, entries = digested(two, *TOKENIZER)
    unread = [
        replace(each, files=tuple(replace(file, digest="") for file in each.files)) for each in checkpoints
    ]
    assert list(repeated(unread, entries)) == []


def test_bases_of_other_checkpoints_are_findings_of_their_own(two: Path) -> None:
    """One shard is the same in the first two epochs, the other in the last two."""
    write_epoch(two / "run" / "epoch_2", seed=7)
    (first, second, third), entries = digested(two, *SHARDS)
    first = replace(first, files=tuple(file for file in first.files if SHARDS[1] not in file.path))
    third = replace(third, files=tuple(file for file in third.files if SHARDS[0] not in file.path))
    found = repeated([first, second, third], entries)
    assert [(one.subject, one.evidence["files"]) for one in found] == [("run/epoch_0", 1), ("run/epoch_1", 1)]


def test_other_contents_are_no_copies(two: Path) -> None:
    """The same name and size with another digest, or the same digest under another name."""
    (first, second), entries = digested(two, *TOKENIZER)
    other = tuple(replace(file, digest=f"{file.digest}!") if file.digest else file for file in second.files)
    assert list(repeated([first, replace(second, files=other)], entries)) == []


def test_small_files_are_not_worth_a_word(two: Path) -> None:
    """Two configurations of a kilobyte free nothing."""
    assert list(repeated(*digested(two, "config.json", size_bytes=1024))) == []


def test_links_are_no_copies(two: Path) -> None:
    """A hard link takes no space, a reflink neither, and a symbolic link is no file."""
    link(two, "tokenizer.json")
    (two / "run" / "epoch_1" / "tokenizer_config.json").unlink()
    (two / "run" / "epoch_1" / "tokenizer_config.json").symlink_to("../epoch_0/tokenizer_config.json")
    copies = [(f"run/epoch_0/{name}", f"run/epoch_1/{name}") for name in SHARDS]
    assert list(repeated(*digested(two, *TOKENIZER, *SHARDS), copies)) == []


def adapters(root: Path, bases: list[object], home: str = "run") -> Path:
    """Return a set whose run saved an adapter at each step, with these base models."""
    for step, base in enumerate(bases):
        directory = write_hf_checkpoint(root / home / f"checkpoint-{step}", step, seed=step)
        write(directory / "adapter_config.json", ADAPTER_CONFIG | {"base_model_name_or_path": base})
    return root


def bases(root: Path) -> list[Finding]:
    """Return what is told of the base models of a set's run."""
    return list(missing_bases(root, scanned(root)[0]))


def test_a_base_that_is_gone_is_told_once_a_run(tmp_path: Path) -> None:
    """Every epoch names the same one, and another run's epoch too."""
    gone = str(tmp_path / "models" / "llama")
    (tmp_path / "models").mkdir()
    adapters(tmp_path, [gone, gone, gone])
    adapters(tmp_path, [gone], "run/again")
    first, second = bases(tmp_path)
    assert (first.subject, second.subject) == ("run/checkpoint-0", "run/again/checkpoint-0")
    assert first.gravity is Severity.WARNING
    assert first.evidence == {
        "base": gone,
        "config": "run/checkpoint-0/adapter_config.json",
        "nearest": str(tmp_path / "models"),
    }


def test_two_bases_of_a_run_are_two_findings(tmp_path: Path) -> None:
    """A run that was continued on another base."""
    adapters(tmp_path, [str(tmp_path / "one"), str(tmp_path / "other")])
    assert len(bases(tmp_path)) == 2


def test_one_configuration_of_a_length_is_read(tmp_path: Path) -> None:
    """A run's configurations differ in the order of their sets alone, and each reading costs round trips."""
    adapters(tmp_path, [str(tmp_path / "one"), str(tmp_path / "two")])
    assert [finding.evidence["base"] for finding in bases(tmp_path)] == [str(tmp_path / "one")]


def test_a_final_adapter_is_of_the_run_above_it(tmp_path: Path) -> None:
    """The HF Trainer's last model lies in the run's own directory."""
    gone = str(tmp_path / "gone")
    adapters(tmp_path, [gone, gone])
    config = ADAPTER_CONFIG | {"base_model_name_or_path": gone, "revision": None}
    write(tmp_path / "run" / "adapter_config.json", config)
    write(tmp_path / "run" / "adapter_model.safetensors", safetensors_bytes({"a": numbers(2, 2)}))
    assert len(scanned(tmp_path)[0]) == 3
    assert len(bases(tmp_path)) == 1


def test_a_path_of_a_container_is_an_info(tmp_path: Path) -> None:
    """Not even its first directory is here: nobody can tell whether it is where the adapter is loaded."""
    (finding,) = bases(adapters(tmp_path, ["/no-such-directory-here/llama"]))
    assert (finding.gravity, "nearest" in finding.evidence) == (Severity.INFO, False)


def test_a_directory_without_a_model_is_told(tmp_path: Path) -> None:
    """It was emptied, or only ever held something else."""
    write(tmp_path / "base" / "README.md", "moved")
    (finding,) = bases(adapters(tmp_path, [str(tmp_path / "base")]))
    assert (finding.evidence["lacks"], "nearest" in finding.evidence) == ("config.json", False)


@pytest.mark.parametrize("name", ["config.json", "params.json", "adapter_config.json", "model.safetensors"])
def test_a_directory_with_any_part_of_a_model_is_a_base(tmp_path: Path, name: str) -> None:
    """What else it needs depends on who loads it."""
    write(tmp_path / "base" / name, "{}")
    assert bases(adapters(tmp_path, [str(tmp_path / "base")])) == []


def test_a_file_is_a_base(tmp_path: Path) -> None:
    """NeMo and llama.cpp keep a model in one."""
    write(tmp_path / "base.nemo", "model")
    assert bases(adapters(tmp_path, [str(tmp_path / "base.nemo")])) == []


@pytest.mark.parametrize(
    "base",
    ["org/name", "tiny", "./base", "../base", "~/base", "", None, 7, ["/a"], "/a\0", "/\ud800", "/x" * 5000],
)
def test_what_nobody_can_tell_is_not_told(tmp_path: Path, base: object) -> None:
    """Names of the hub, paths from an unknown directory or home, and what no file system takes."""
    assert bases(adapters(tmp_path, [base])) == []


def test_a_base_behind_a_closed_directory_is_not_called_missing(tmp_path: Path) -> None:
    """Whoever may not look says nothing."""
    (tmp_path / "private" / "base").mkdir(parents=True)
    adapters(tmp_path, [str(tmp_path / "private" / "base"), str(tmp_path / "loop" / "base")])
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "private").chmod(0)
    if os.geteuid() != 0:
        assert bases(tmp_path) == []
        return
    for directory in (tmp_path, *tmp_path.parents[:-2]):
        directory.chmod(directory.stat().st_mode | 0o055)
    child = os.fork()
    if not child:
        os.setresuid(65534, 65534, 65534)
        os._exit(len(bases(tmp_path)))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_configuration_outside_of_the_set_is_not_read(tmp_path: Path) -> None:
    """A link that leaves the set is not followed, one that stays is."""
    gone = {"base_model_name_or_path": str(tmp_path / "gone")}
    adapters(tmp_path / "set", [None])
    outside = write(tmp_path / "outside.json", gone)
    inside = write(tmp_path / "set" / "shared.json", gone)
    config = tmp_path / "set" / "run" / "checkpoint-0" / "adapter_config.json"
    for target, told in ((outside, 0), (inside, 1)):
        config.unlink()
        config.symlink_to(target)
        assert len(bases(tmp_path / "set")) == told


@given(st.recursive(st.none() | st.text(), lambda inner: st.dictionaries(st.text(), inner)))
def test_a_base_path_is_absolute_or_none(document: object) -> None:
    """Any JSON whatever names an absolute path or nothing that is judged."""
    path = base_path({"base_model_name_or_path": document})
    assert path is None or (path == document and path.startswith("/"))
    assert base_path(document) is None or isinstance(document, dict)
