"""Record digests, and find what differs from them later: bit rot, changed files, lost ones."""

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.errors import BadInput
from afterall.model import FindingCode, Tier, Verdict
from afterall.scan.checkpoints import (
    Asked,
    Verified,
    read_manifest,
    render_manifest,
    verify_as,
    write_manifest,
)
from afterall.scan.checkpoints.manifest import Recorded, check_writable, give_name, parse_manifest
from scan.checkpoint_making import numbers, safetensors_bytes, told, write, write_epoch


def record(set_dir: Path, path: Path) -> None:
    """Write a manifest of everything in the set to `path`."""
    found = verify_as([set_dir], Asked(depth=Tier.VALUES, records=True))
    write_manifest(path, render_manifest(found.base, found.recorded))


def hold(directory: Path, manifest: Path) -> Verified:
    """Return what verifying a directory against a manifest finds."""
    return verify_as([directory], Asked(depth=Tier.VALUES, manifest=read_manifest(manifest)))


def keeping_times(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Change a file's bytes as a failing disk does: without a trace in its times of modification."""
    status = path.stat()
    path.write_bytes(change(path.read_bytes()))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def flipped(data: bytes) -> bytes:
    """Return the data with the lowest bit of its last byte flipped."""
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.fixture
def set_dir(tmp_path: Path) -> Path:
    """Return a set of one run with two epochs, and beside it `manifest.json` of it."""
    for index in range(2):
        write_epoch(tmp_path / "set" / "run" / f"epoch_{index}", seed=index)
    record(tmp_path / "set", tmp_path / "manifest.json")
    return tmp_path / "set"


def test_nothing_differs_from_what_was_just_recorded(set_dir: Path) -> None:
    """Every checkpoint reaches the tier `against`, and nothing is found."""
    found = hold(set_dir, set_dir.parent / "manifest.json").checkpoints
    assert [(each.tier, each.verdict, each.findings) for each in found] == [
        (Tier.AGAINST, Verdict.OK, ())
    ] * 2


def test_a_flipped_bit_is_found_only_against_the_manifest(set_dir: Path) -> None:
    """A bit of a weight that stays finite is seen by its digest, with the block, and that nobody wrote it."""
    shard = set_dir / "run" / "epoch_1" / "model-00001-of-00002.safetensors"
    keeping_times(shard, flipped)
    plain = verify_as([set_dir], Asked(depth=Tier.VALUES)).checkpoints
    assert all(each.verdict is Verdict.OK for each in plain)
    first, second = hold(set_dir, set_dir.parent / "manifest.json").checkpoints
    finding = told(second, FindingCode.DIGEST_DIFFERS)
    assert (first.verdict, second.verdict, second.tier) == (Verdict.OK, Verdict.CORRUPT, Tier.AGAINST)
    assert Path(finding.subject) == shard
    assert finding.evidence == {
        "size_bytes": shard.stat().st_size,
        "blocks": 1,
        "of": 1,
        "first_byte": 0,
        "end_byte": shard.stat().st_size,
        "unmodified": True,
    }


def test_a_block_that_rotted_is_named(tmp_path: Path) -> None:
    """In a file of several blocks the finding says between which bytes the difference lies."""
    weights = {"w": numbers(9_000, 4_000)}
    path = write(tmp_path / "set" / "model.safetensors", safetensors_bytes(weights))
    record(tmp_path / "set", tmp_path / "m.json")
    with path.open("r+b") as file:
        file.seek(100 << 20)
        file.write(b"\1\2\3\4")
    (found,) = hold(tmp_path / "set", tmp_path / "m.json").checkpoints
    evidence = told(found, FindingCode.DIGEST_DIFFERS).evidence
    assert (evidence["blocks"], evidence["of"]) == (1, 3)
    assert (evidence["first_byte"], evidence["end_byte"]) == (64 << 20, 128 << 20)
    assert "unmodified" not in evidence


def test_a_file_of_another_size_says_both(set_dir: Path) -> None:
    """A file that was written again is told with both sizes."""
    path = set_dir / "run" / "epoch_0" / "config.json"
    before = path.stat().st_size
    path.write_text('{"hidden_size": 64, "more": true}')
    first, _ = hold(set_dir, set_dir.parent / "manifest.json").checkpoints
    assert told(first, FindingCode.DIGEST_DIFFERS).evidence == {
        "size_bytes": path.stat().st_size,
        "recorded_bytes": before,
    }


def test_a_recorded_file_that_is_gone_is_told_in_its_checkpoint(set_dir: Path) -> None:
    """What the manifest has and the checkpoint has no more makes it incomplete."""
    (set_dir / "run" / "epoch_0" / "tokenizer.json").unlink()
    first, _ = hold(set_dir, set_dir.parent / "manifest.json").checkpoints
    finding = told(first, FindingCode.RECORDED_FILE_MISSING)
    assert (Path(finding.subject).name, first.verdict) == ("tokenizer.json", Verdict.INCOMPLETE)


def test_a_recorded_checkpoint_that_is_gone_is_told_as_missing(set_dir: Path) -> None:
    """A directory of which only the manifest knows stands in the list as missing, once."""
    gone = set_dir / "run" / "epoch_1"
    files = sorted(gone.iterdir())
    for path in files:
        path.unlink()
    gone.rmdir()
    found = hold(set_dir, set_dir.parent / "manifest.json").checkpoints
    assert [(Path(each.path).name, each.verdict) for each in found] == [
        ("epoch_0", Verdict.OK),
        ("epoch_1", Verdict.MISSING),
    ]
    assert told(found[1], FindingCode.RECORDED_FILE_MISSING).evidence == {"files": len(files)}


def test_a_checkpoint_that_was_not_recorded_stays_at_the_tier_that_ran(set_dir: Path) -> None:
    """Weights of which the manifest knows nothing were not held against anything, and that is said."""
    write_epoch(set_dir / "run" / "epoch_2", seed=7)
    third = hold(set_dir, set_dir.parent / "manifest.json").checkpoints[2]
    assert (third.tier, third.verdict) == (Tier.VALUES, Verdict.OK)
    assert told(third, FindingCode.NOT_IN_MANIFEST).evidence["files"] == len(third.files)


def test_a_part_of_what_was_recorded_can_be_verified_alone(set_dir: Path) -> None:
    """One checkpoint of a recorded set is held against its own files, and misses none of the others."""
    (found,) = hold(set_dir / "run" / "epoch_1", set_dir.parent / "manifest.json").checkpoints
    assert (found.tier, found.findings) == (Tier.AGAINST, ())


def test_a_copied_set_is_held_against_the_originals_manifest(set_dir: Path, tmp_path: Path) -> None:
    """A copy in another place is compared file by file under the same names."""
    copy = tmp_path / "elsewhere" / "copy"
    copy.parent.mkdir()
    set_dir.rename(copy)
    keeping_times(copy / "run" / "epoch_0" / "adapter_model.safetensors", flipped)
    found = hold(copy, tmp_path / "manifest.json").checkpoints
    assert [each.verdict for each in found] == [Verdict.CORRUPT, Verdict.OK]


def test_a_single_file_has_a_manifest_too(tmp_path: Path) -> None:
    """A file named by itself is recorded and held against its record."""
    path = write(tmp_path / "model.safetensors", safetensors_bytes({"w": numbers(30, 40)}))
    record(path, tmp_path / "m.json")
    assert hold(path, tmp_path / "m.json").checkpoints[0].tier is Tier.AGAINST
    keeping_times(path, flipped)
    assert hold(path, tmp_path / "m.json").checkpoints[0].verdict is Verdict.CORRUPT


def test_nothing_is_remembered_where_a_manifest_is(set_dir: Path) -> None:
    """Rotten bits change neither size nor time, so digests are taken from the disk and never kept."""
    write(set_dir / "afterall.toml", b"")
    for asked in (
        Asked(depth=Tier.VALUES, remembers=True, records=True),
        Asked(depth=Tier.VALUES, remembers=True, manifest=read_manifest(set_dir.parent / "manifest.json")),
    ):
        assert len(verify_as([set_dir], asked).checkpoints) == 2
        assert not (set_dir / ".afterall").exists()


def test_a_manifest_is_never_written_over(set_dir: Path, tmp_path: Path) -> None:
    """Recorded digests are evidence: a second recording under the same name is refused, the first kept."""
    before = (tmp_path / "manifest.json").read_bytes()
    with pytest.raises(BadInput, match="there already"):
        check_writable(tmp_path / "manifest.json")
    with pytest.raises(BadInput, match="exists"):
        record(set_dir, tmp_path / "manifest.json")
    assert (tmp_path / "manifest.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def no_links(*_: Path) -> None:
    """Refuse as a file system without hard links does."""
    raise PermissionError(errno.EPERM, "Operation not permitted")


def test_a_manifest_gets_its_name_without_hard_links_too(tmp_path: Path) -> None:
    """Where links are refused it is renamed, and what has the name already still is not written over."""
    give_name(write(tmp_path / "a.tmp", b"new"), tmp_path / "m.json", no_links)
    assert (tmp_path / "m.json").read_bytes() == b"new"
    with pytest.raises(OSError, match="not permitted"):
        give_name(write(tmp_path / "b.tmp", b"newer"), tmp_path / "m.json", no_links)
    assert (tmp_path / "m.json").read_bytes() == b"new"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "not a manifest: Expecting value"),
        (b"[]", "not a manifest: Expected `object`"),
        (b'{"root": "/"}', "missing required field `files`"),
        (
            b'{"root": "/", "files": {"a": {"size_bytes": 1, "digest": "xyz"}}}',
            r"\$\.files\[\.\.\.\]\.digest",
        ),
        (b'{"root": "/", "files": {}, "schema": 2}', "another version"),
        (b"\xff\xfe", "not a manifest"),
        (b"[" * 100_000, "not a manifest"),
    ],
)
def test_what_is_no_manifest_is_refused_with_the_place(tmp_path: Path, data: bytes, problem: str) -> None:
    """Anything else than a whole manifest of this version is the user's mistake, named."""
    with pytest.raises(BadInput, match=problem) as caught:
        read_manifest(write(tmp_path / "m.json", data))
    assert caught.value.subject.startswith(str(tmp_path / "m.json"))


@given(st.binary(max_size=200))
def test_reading_a_manifest_is_total(data: bytes) -> None:
    """Any bytes are a manifest or the user's mistake."""
    with suppress(BadInput):
        assert parse_manifest(data, Path("m.json")).schema == 1


@given(st.dictionaries(st.binary(min_size=1, max_size=20), st.integers(0, 2**63)))
def test_names_of_any_bytes_are_read_back(names: dict[bytes, int]) -> None:
    """A manifest keeps file names that are no UTF-8, and does not depend on their order."""
    files = {os.fsdecode(name): Recorded(size, "0" * 32, (), size) for name, size in names.items()}
    data = render_manifest("/set", files)
    assert parse_manifest(data, Path("m.json")).files == files
    assert render_manifest("/set", dict(reversed(files.items()))) == data
