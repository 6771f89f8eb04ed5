"""Verify what no file of weights is, at both tiers: a finding each, at once, and the rest is still judged."""

import os
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from afterall.model import Checkpoint, FindingCode, Tier, Verdict
from afterall.scan.checkpoints import Progress, verify
from scan.checkpoint_making import (
    adapter_arrays,
    codes,
    numbers,
    only,
    safetensors_bytes,
    told,
    write,
    write_epoch,
)

pytestmark = pytest.mark.timeout(30)

ADAPTER = "adapter_model.safetensors"
NOT_REGULAR, LOOP = {"reason": "not_a_regular_file"}, {"reason": "ELOOP"}


@pytest.fixture(params=[Tier.QUICK, Tier.VALUES], ids=lambda tier: tier.value)
def depth(request: pytest.FixtureRequest) -> Tier:
    """Return each of the tiers that look at files alone."""
    tier: Tier = request.param
    return tier


@pytest.fixture
def epoch(tmp_path: Path) -> Path:
    """Return a whole epoch whose adapter is taken away, for something else to stand there."""
    made = write_epoch(tmp_path / "run" / "epoch_0")
    (made / ADAPTER).unlink()
    return made


def bind(path: Path) -> None:
    """Make a socket; its path may be longer than a socket's may."""
    here = os.open(path.parent, os.O_RDONLY)
    try:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(f"/proc/self/fd/{here}/{path.name}")
    finally:
        os.close(here)


def device(major: int, minor: int, mode: int = 0o020666) -> Callable[[Path], None]:
    """Return what makes a device file, or skips where that is not allowed."""

    def make(path: Path) -> None:
        try:
            os.mknod(path, mode, os.makedev(major, minor))
        except PermissionError:
            pytest.skip("device files can be made by root alone")

    return make


def link(target: str) -> Callable[[Path], None]:
    """Return what makes a link to `target`."""
    return lambda path: path.symlink_to(target)


def chain(path: Path) -> None:
    """Make a link that leads through nine others to a good file."""
    write(path.parent / "last.safetensors", safetensors_bytes(adapter_arrays()))
    for number in range(9):
        target = "last.safetensors" if number == 8 else f"link_{number + 1}"
        (path.parent / f"link_{number}").symlink_to(target)
    path.symlink_to("link_0")


@pytest.mark.parametrize(
    ("make", "code", "evidence"),
    [
        (os.mkfifo, FindingCode.FILE_UNREADABLE, NOT_REGULAR),
        (bind, FindingCode.FILE_UNREADABLE, NOT_REGULAR),
        (device(1, 5), FindingCode.FILE_UNREADABLE, NOT_REGULAR),
        (device(1, 8), FindingCode.FILE_UNREADABLE, NOT_REGULAR),
        (device(7, 0, 0o060666), FindingCode.FILE_UNREADABLE, NOT_REGULAR),
        (link("/dev/zero"), FindingCode.FILE_LINKED_OUTSIDE, {}),
        (link("/proc/self/mem"), FindingCode.FILE_LINKED_OUTSIDE, {}),
        (link("/proc/kmsg"), FindingCode.FILE_LINKED_OUTSIDE, {}),
        (link("../../../../../../../../../../dev/zero"), FindingCode.FILE_LINKED_OUTSIDE, {}),
        (link(ADAPTER), FindingCode.FILE_UNREADABLE, LOOP),
        (link(f"../epoch_0/../epoch_0/{ADAPTER}"), FindingCode.FILE_UNREADABLE, LOOP),
        (link("gone"), FindingCode.FILE_UNREADABLE, {"reason": "ENOENT"}),
        (link("adapter_config.json/x"), FindingCode.FILE_UNREADABLE, {"reason": "ENOTDIR"}),
        (link("."), FindingCode.FILE_UNREADABLE, {"reason": "EINVAL"}),
        (link("x" * 300), FindingCode.FILE_UNREADABLE, {"reason": "ENAMETOOLONG"}),
        (chain, FindingCode.FILE_UNREADABLE, LOOP),
    ],
    ids=[
        "FIFO", "socket", "/dev/zero", "/dev/random", "block device", "link to /dev/zero", "link to memory",
        "link to the kernel's log", "link that climbs", "link to itself", "link to itself by a way around",
        "link to nothing", "link below a file", "link to a directory", "link to a long name", "ten links",
    ],
)  # fmt: skip
def test_what_stands_in_a_files_place_is_told(
    epoch: Path, depth: Tier, make: Callable[[Path], None], code: FindingCode, evidence: dict[str, str]
) -> None:
    """It is neither opened nor waited for, and the checkpoint is not called good."""
    make(epoch / ADAPTER)
    checkpoint = only(epoch, depth)
    finding = told(checkpoint, code)
    assert (Path(finding.subject).name, finding.evidence) == (ADAPTER, evidence)
    assert checkpoint.verdict is Verdict.UNVERIFIED


def test_links_of_directories_in_a_circle_are_not_walked(tmp_path: Path, depth: Tier) -> None:
    """A directory that links to the one it lies in ends there."""
    run = write_epoch(tmp_path / "run" / "epoch_0").parent
    (run / "epoch_0" / "again").symlink_to("..")
    (run / "whole").symlink_to("/")
    assert [(each.name, each.verdict) for each in verify([run], depth)] == [("epoch_0", Verdict.OK)]


NAMES = {
    "newline": b"a\nb",
    "carriage return and escape": b"a\r\x1b[2Jb",
    "every control character": bytes(range(1, 32)),
    "right to left": "a\u202eb".encode(),
    "zero width": "a\u200b\ufeffb".encode(),
    "invalid UTF-8": b"a\xff\xfe\xc3(",
    "markdown": b"a|b`c<img src=x>",
    "leading dash": b"--deep",
    "spaces": b"  a  ",
    "quotes": b"a'\"b$(x)",
    "a backslash": b"a\\b",
    "250 bytes": b"x" * (255 - len(".safetensors")),
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_any_name_is_only_a_name(tmp_path: Path, depth: Tier, name: bytes) -> None:
    """Whatever bytes a file's and a directory's name have, the file is judged and called by them."""
    directory = os.path.join(os.fsencode(tmp_path), name)
    os.mkdir(directory)
    path = os.path.join(directory, name + b".safetensors")
    with open(path, "wb") as file:
        file.write(safetensors_bytes({"w": numbers(9, 9)})[:-1])
    checkpoint = only(tmp_path, depth)
    assert codes(checkpoint.findings) == {FindingCode.FILE_TRUNCATED}
    assert os.fsencode(checkpoint.findings[0].subject) == path


@contextmanager
def nobody() -> Iterator[None]:
    """Give up the right to read everything for as long as the block lasts; root must be root to have it."""
    if os.geteuid() != 0:
        yield
        return
    os.setegid(65534)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


@pytest.fixture
def commons() -> Iterator[Path]:
    """Make a directory that every user can enter; pytest's own are for their owner alone."""
    with tempfile.TemporaryDirectory(prefix="afterall-commons-") as made:
        place = Path(made)
        place.chmod(0o755)
        yield place
        for directory, _, _ in os.walk(place):
            os.chmod(directory, 0o755)


def as_nobody(path: Path, depth: Tier) -> tuple[Checkpoint, ...]:
    """Return what a user without rights is told of `path`, all modules having been loaded before."""
    verify([path], depth)
    with nobody():
        return verify([path], depth)


def test_a_way_that_may_be_gone_and_not_listed_is_gone(commons: Path, depth: Tier) -> None:
    """Other people's homes are often so: who knows the path may read what lies there."""
    epoch = write_epoch(commons / "home" / "run" / "epoch_0")
    epoch.chmod(0o755)
    for parent in epoch.parents[:2]:
        parent.chmod(0o711)
    (checkpoint,) = as_nobody(epoch, depth)
    assert (checkpoint.verdict, checkpoint.findings) == (Verdict.OK, ())


def test_a_file_that_may_not_be_read_is_told(commons: Path, depth: Tier) -> None:
    """Its mode forbids it: that is no damage, and nothing is claimed of it."""
    epoch = write_epoch(commons / "run" / "epoch_0")
    epoch.chmod(0o755)
    (epoch / ADAPTER).chmod(0)
    (checkpoint,) = as_nobody(epoch, depth)
    assert told(checkpoint, FindingCode.FILE_UNREADABLE).evidence == {"reason": "EACCES"}
    assert checkpoint.verdict is Verdict.UNVERIFIED


@pytest.mark.parametrize("mode", [0o000, 0o311], ids=["closed", "not to be listed"])
def test_a_directory_that_may_not_be_listed_is_told(commons: Path, depth: Tier, mode: int) -> None:
    """What lies in it is unknown: it is named, and the checkpoint beside it is judged."""
    run = commons / "run"
    for name in ("epoch_0", "epoch_1"):
        write_epoch(run / name, seed=len(name)).chmod(0o755)
    run.chmod(0o755)
    (run / "epoch_1").chmod(mode)
    whole, closed = as_nobody(run, depth)
    assert (whole.name, whole.verdict) == ("epoch_0", Verdict.OK)
    assert (Path(closed.path).name, closed.verdict) == ("epoch_1", Verdict.UNVERIFIED)
    assert codes(closed.findings) == {FindingCode.DIRECTORY_UNREADABLE}


def test_a_directory_that_may_be_listed_and_not_entered_is_told(commons: Path, depth: Tier) -> None:
    """Its names are seen and nothing else: nothing in it is called good."""
    run = commons / "run"
    write_epoch(run / "epoch_0").chmod(0o444)
    run.chmod(0o755)
    found = as_nobody(run, depth)
    assert all(each.verdict is not Verdict.OK for each in found)
    assert FindingCode.DIRECTORY_UNREADABLE in codes(finding for each in found for finding in each.findings)


def changing(path: Path, act: Callable[[Path], None]) -> Callable[[Progress], None]:
    """Return a listener that does something to a file when the first progress is told."""
    waiting = [path]

    def tell(_: Progress) -> None:
        while waiting:
            act(waiting.pop())

    return tell


def halve(path: Path) -> None:
    """Cut a file in half, as a writer does that starts again."""
    os.truncate(path, path.stat().st_size // 2)


def grow(path: Path) -> None:
    """Make a file longer, as a writer does that goes on."""
    with path.open("ab") as file:
        file.write(bytes(10_000))


def to_fifo(path: Path) -> None:
    """Put a FIFO in a file's place: whoever opened it would wait for ever."""
    path.unlink()
    os.mkfifo(path)


def to_link(path: Path) -> None:
    """Put a link out of the set in a file's place."""
    path.unlink()
    path.symlink_to("/etc/hostname")


def away(path: Path) -> None:
    """Put a directory somewhere else."""
    path.rename(path.parents[1] / "away")


@pytest.mark.parametrize("act", [Path.unlink, halve, grow, to_fifo, to_link], ids=lambda act: act.__name__)
def test_a_file_that_changes_between_two_looks_is_not_called_good(
    tmp_path: Path, depth: Tier, act: Callable[[Path], None]
) -> None:
    """Gone, shorter, longer or something else since it was listed: it is told, and nothing waits for it."""
    for index in range(12):
        write_epoch(tmp_path / "run" / f"epoch_{index}", seed=index * 100)
    last = tmp_path / "run" / "epoch_11"
    found = verify([tmp_path / "run"], depth, changing(last / ADAPTER, act))
    assert len(found) == 12
    by_name = {each.name: each for each in found}
    assert by_name.pop("epoch_11").verdict is not Verdict.OK or act is grow
    assert {each.verdict for each in by_name.values()} == {Verdict.OK}


def test_a_directory_that_vanishes_between_two_looks_is_told(tmp_path: Path, depth: Tier) -> None:
    """It was listed and is no more: nothing in it is called good."""
    for index in range(12):
        write_epoch(tmp_path / "run" / f"epoch_{index}", seed=index * 100)
    last = tmp_path / "run" / "epoch_11"
    found = verify([tmp_path / "run"], depth, changing(last, away))
    assert {each.name: each.verdict is Verdict.OK for each in found}["epoch_11"] is False


def test_a_file_that_is_written_and_cut_all_the_time_is_judged(tmp_path: Path, depth: Tier) -> None:
    """However its size flickers, every look ends with a verdict."""
    data = safetensors_bytes({"w": numbers(300, 300), "v": numbers(300, 300, seed=1)})
    path = write(tmp_path / "model.safetensors", data)
    stop = threading.Event()

    def flicker() -> None:
        while not stop.is_set():
            os.truncate(path, 1000)
            path.write_bytes(data)

    writer = threading.Thread(target=flicker)
    writer.start()
    try:
        verdicts = {only(path, depth).verdict for _ in range(50)}
    finally:
        stop.set()
        writer.join()
    assert verdicts <= {Verdict.OK, Verdict.CORRUPT, Verdict.UNVERIFIED}
