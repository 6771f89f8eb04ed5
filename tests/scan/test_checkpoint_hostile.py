"""Verify what was made to harm the reader: a finding each, in bounded time and memory, never an error."""

import os
import struct
import zipfile
from pathlib import Path

import pytest

from afterall.errors import BadInput
from afterall.model import FindingCode, Tier, Verdict
from afterall.scan.checkpoints import verify
from scan.checkpoint_bounding import only_bounded
from scan.checkpoint_making import (
    adapter_arrays,
    codes,
    only,
    pickled,
    raw_safetensors,
    safetensors_bytes,
    told,
    write,
    write_epoch,
    zip_bytes,
)


def test_a_header_of_millions_of_empty_objects_is_not_built(tmp_path: Path) -> None:
    """A 15 MB header of tiny entries would take a gigabyte as objects: it is left alone."""
    header = b"{" + b",".join(b'"%d":{}' % number for number in range(1_300_000)) + b"}"
    write(tmp_path / "model.safetensors", raw_safetensors(header, b""))
    checkpoint = only_bounded(tmp_path / "model.safetensors")
    assert checkpoint.verdict is Verdict.UNVERIFIED


@pytest.mark.parametrize("depth", [Tier.QUICK, Tier.VALUES])
def test_a_zip_bomb_is_not_unpacked(tmp_path: Path, depth: Tier) -> None:
    """A pickle compressed a thousandfold is told as not verifiable, and stays packed."""
    bomb = zip_bytes({"archive/data.pkl": bytes(400 << 20)}, zipfile.ZIP_DEFLATED)
    write(tmp_path / "pytorch_model.bin", bomb)
    del bomb
    checkpoint = only_bounded(tmp_path / "pytorch_model.bin", depth)
    assert checkpoint.verdict is Verdict.UNVERIFIED
    assert told(checkpoint, FindingCode.FILE_NOT_VERIFIABLE).evidence == {"reason": "compressed"}


@pytest.mark.parametrize(
    "program",
    [
        b"\x80\x02Nr\xff\xff\xff\x7f.",
        b"\x80\x02" + b"]" * 3_000_000 + b".",
        b"\x80\x02N" + b"\x85" * 1_900_000 + b".",
        b"\x80\x02X\xff\xff\xff\x7fabc.",
        b"\x80\x02\x8b\xff\xff\xff\x7f\x01.",
        b"\x80\x02}N" + b"\x85" * 1_000_000 + b"Ns.",
    ],
    ids=[
        "memo slot 2^31",
        "three million lists",
        "tuples 1.9 million deep",
        "2 GiB text",
        "2 GiB number",
        "deep key",
    ],
)
def test_a_pickle_made_to_exhaust_is_read_within_bounds(tmp_path: Path, program: bytes) -> None:
    """Programs that make the standard unpickler take gigabytes, or recurse for ever, end here as findings."""
    write(tmp_path / "model.pt", zip_bytes({"archive/data.pkl": program}))
    checkpoint = only_bounded(tmp_path / "model.pt")
    assert checkpoint.verdict in (Verdict.CORRUPT, Verdict.UNVERIFIED)


def test_nothing_a_pickle_names_is_imported_or_run(tmp_path: Path) -> None:
    """A pickle that would write a file, read by us, writes none; that it would is told."""
    target = tmp_path / "owned"
    call = (
        b"cposix\nsystem\n(X"
        + struct.pack("<I", len(f"touch {target}"))
        + f"touch {target}".encode()
        + b"tR."
    )
    write(tmp_path / "model.pt", zip_bytes({"archive/data.pkl": b"\x80\x02" + call}))
    checkpoint = only(tmp_path / "model.pt", Tier.VALUES)
    assert told(checkpoint, FindingCode.PICKLE_RUNS_CODE).evidence["first"] == "posix.system"
    assert not target.exists()


@pytest.mark.parametrize(
    ("named", "is_told"),
    [
        ("swift.trainers.arguments\nSeq2SeqTrainingArguments", False),
        ("deepspeed.utils.tensor_fragment\nfragment_address", False),
        ("deepspeed.utils.tensor_fragment\nget_full_hp_param", True),
    ],
)
def test_of_a_library_classes_alone_are_its_own(tmp_path: Path, named: str, *, is_told: bool) -> None:
    """DeepSpeed's class of addresses, in lower case, is in every state of ZeRO 1 and 2; functions are not."""
    call = f"\x80\x02c{named}\n)\x81.".encode("latin-1")
    write(tmp_path / "model.pt", zip_bytes({"archive/data.pkl": call}))
    assert (FindingCode.PICKLE_RUNS_CODE in codes(only(tmp_path / "model.pt").findings)) is is_told


def test_an_index_cannot_make_us_open_what_lies_outside(tmp_path: Path) -> None:
    """Shard names that climb out of the directory are told, and the file they mean is not looked at."""
    write(tmp_path / "secret.safetensors", b"not a safetensors file")
    epoch = write_epoch(tmp_path / "run" / "epoch_0")
    index = {"metadata": {}, "weight_map": {"a": "../../secret.safetensors"}}
    write(epoch / "model.safetensors.index.json", index)
    checkpoint = only(epoch)
    evidence = told(checkpoint, FindingCode.INDEX_INVALID).evidence
    assert evidence["problem"] == "leaves_directory"
    assert not any("secret" in file.path for file in checkpoint.files)


def test_a_directory_swapped_for_a_link_is_not_followed(tmp_path: Path) -> None:
    """A checkpoint directory that is a link to somewhere else is no checkpoint of this set."""
    outside = write_epoch(tmp_path / "outside" / "epoch_0")
    run = tmp_path / "set" / "run"
    run.mkdir(parents=True)
    (run / "epoch_0").symlink_to(outside)
    assert [(c.path, c.verdict) for c in verify([tmp_path / "set"])] == [
        (str(tmp_path / "set"), Verdict.MISSING)
    ]


def test_a_link_within_the_set_is_read_at_its_target(tmp_path: Path) -> None:
    """Lightning's last.ckpt as a link beside its target counts with the target's size and verdict."""
    write(tmp_path / "run" / "model.safetensors", safetensors_bytes(adapter_arrays()))
    (tmp_path / "run" / "last.safetensors").symlink_to("model.safetensors")
    sizes = {c.name: (c.verdict, c.size_bytes) for c in verify([tmp_path])}
    assert sizes["last.safetensors"] == sizes["run"]


def test_links_in_a_circle_are_told(tmp_path: Path) -> None:
    """Two links that lead to each other are unreadable files, not an endless way."""
    (tmp_path / "a.safetensors").symlink_to("b.safetensors")
    (tmp_path / "b.safetensors").symlink_to("a.safetensors")
    for checkpoint in verify([tmp_path]):
        assert told(checkpoint, FindingCode.FILE_UNREADABLE).evidence == {"reason": "ELOOP"}


def test_sockets_and_fifos_are_never_waited_for(tmp_path: Path) -> None:
    """A FIFO under a name that is always read is told at once."""
    write_epoch(tmp_path / "epoch_0")
    for name in ("config.json", "adapter_model.pt"):
        (tmp_path / "epoch_0" / name).unlink()
        os.mkfifo(tmp_path / "epoch_0" / name)
    checkpoint = only(tmp_path / "epoch_0")
    told_of = {Path(f.subject).name for f in checkpoint.findings if f.code is FindingCode.FILE_UNREADABLE}
    assert told_of == {"config.json", "adapter_model.pt"}


def test_names_with_newlines_and_invalid_utf8_are_only_names(tmp_path: Path) -> None:
    """Whatever bytes a file name has, its file is judged."""
    name = os.fsencode(str(tmp_path)) + b"/bad\n\xff\x1b[31m.safetensors"
    with open(name, "wb") as file:
        file.write(safetensors_bytes(adapter_arrays())[:-1])
    (checkpoint,) = verify([tmp_path])
    assert codes(checkpoint.findings) == {FindingCode.FILE_TRUNCATED}


def test_a_thousand_nested_directories_are_walked(tmp_path: Path) -> None:
    """A tree deeper than the walk goes is told as not seen to its end, not followed without end."""
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(200):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    (unseen,) = verify([tmp_path])
    assert codes(unseen.findings) == {FindingCode.WALK_TRUNCATED}
    assert unseen.verdict is Verdict.UNVERIFIED


def test_a_path_that_is_not_there_is_the_users_mistake(tmp_path: Path) -> None:
    """Only a path that was typed and does not exist raises."""
    with pytest.raises(BadInput, match="No such file"):
        verify([tmp_path / "nothing"])


def test_a_target_module_pattern_is_never_run(tmp_path: Path) -> None:
    """A regular expression that would take for ever is compared as text."""
    epoch = write_epoch(tmp_path / "epoch_0")
    evil = {"peft_type": "LORA", "r": 4, "target_modules": "(a+)+$", "rank_pattern": {"(a|a)*b": 9}}
    write(epoch / "adapter_config.json", evil)
    assert only(epoch).verdict is Verdict.OK


def test_pickled_objects_without_tensors_are_no_weights(tmp_path: Path) -> None:
    """A well-formed archive that holds a plain dictionary is told as holding no tensors."""
    write(tmp_path / "model.pt", zip_bytes({"archive/data.pkl": pickled({"a": 1, "b": [1.5, None]})}))
    write(
        tmp_path / "pytorch_model.bin", zip_bytes({"archive/data.pkl": pickled({"a": 1, "b": [1.5, None]})})
    )
    assert all(codes(c.findings) >= {FindingCode.NO_TENSORS} for c in verify([tmp_path]))
