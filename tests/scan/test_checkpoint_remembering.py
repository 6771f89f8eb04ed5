"""Remember what was found of unchanged files, and nothing of any that may have changed."""

import os
import time
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from afterall.model import Checkpoint, FindingCode, Tier, Verdict
from afterall.scan.checkpoints import Asked, Memory, verify_as
from afterall.scan.checkpoints.examining import Examination, examine
from afterall.scan.checkpoints.layouts import find_places
from afterall.scan.checkpoints.memory_file import (
    MAX_BYTES,
    NAME,
    Tables,
    memory_directory,
    parse_table,
    parse_tables,
    read_memory,
    render_memory,
    write_memory,
)
from afterall.scan.checkpoints.remembering import GRAIN_NS
from afterall.scan.checkpoints.walking import walk
from afterall.scan.promises import Promises
from scan.checkpoint_breaking import BREAKAGES, Breakage
from scan.checkpoint_making import codes, write, write_epoch

IDS = [breakage.what for breakage in BREAKAGES]


def later() -> int:
    """Return a time at which files that were just written are old enough to be remembered."""
    return time.time_ns() + 2 * GRAIN_NS


def run(root: Path, memory: Memory, depth: Tier, *, reads_all: bool = False) -> list[Checkpoint]:
    """Return the checkpoints below `root`, with what the memory knows of them."""
    how = Examination(root, depth, memory=memory, reads_all=reads_all)
    return list(examine(find_places(walk(root, "").entries), how))


def learned(root: Path, depth: Tier) -> Memory:
    """Return a memory of everything below `root`."""
    memory = Memory(now_ns=later)
    run(root, memory, depth)
    return memory


def altered(memory: Memory) -> Memory:
    """Return the memory with every checkpoint's name changed, so that one that comes from it shows."""
    table = {}
    for key, raw in memory.used.items():
        try:
            known = msgspec.msgpack.decode(raw, type=Checkpoint)
        except msgspec.ValidationError:
            table[key] = raw
            continue
        table[key] = msgspec.Raw(msgspec.msgpack.encode(replace(known, name="remembered")))
    return Memory(table, later)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a run with one whole epoch."""
    write_epoch(tmp_path / "run" / "epoch_0")
    return tmp_path / "run"


@pytest.mark.parametrize("depth", [Tier.QUICK, Tier.VALUES])
@pytest.mark.parametrize("breakage", BREAKAGES, ids=IDS)
def test_what_is_remembered_is_what_was_found(root: Path, breakage: Breakage, depth: Tier) -> None:
    """However a checkpoint is broken, the second answer is the first one, word for word."""
    breakage.do(root / "epoch_0")
    first = Memory(now_ns=later)
    found = run(root, first, depth)
    second = Memory(first.used, later)
    assert run(root, second, depth) == found == run(root, Memory(keeps=False), depth)


@pytest.mark.parametrize("depth", [Tier.QUICK, Tier.VALUES])
def test_an_unchanged_checkpoint_comes_from_memory(root: Path, depth: Tier) -> None:
    """Nothing is looked at again where no file has changed."""
    memory = altered(learned(root, depth))
    assert [each.name for each in run(root, memory, depth)] == ["remembered"]
    assert (memory.has_learned, memory.unused.keys() & memory.used.keys()) == (False, set())


def test_values_of_an_unchanged_file_outlive_a_change_beside_it(root: Path) -> None:
    """With a new file in the checkpoint it is judged again, and its weights are not read again."""
    first = learned(root, Tier.VALUES)
    write(root / "epoch_0" / ".tmpAb3dEf", b"x")
    second = Memory(first.used, later)
    (found,) = run(root, second, Tier.VALUES)
    assert FindingCode.TEMPORARY_FILE in codes(found.findings)
    new = len(second.used.keys() - first.used.keys())
    assert new == 2  # the checkpoint, and the temporary file's digest


@pytest.mark.parametrize("depth", [Tier.QUICK, Tier.VALUES])
def test_a_changed_file_is_looked_at_though_its_size_and_time_are_the_same(root: Path, depth: Tier) -> None:
    """A file overwritten and given its old time again is not the one that was verified."""
    memory = learned(root, depth)
    path = root / "epoch_0" / "model-00001-of-00002.safetensors"
    status = path.stat()
    path.write_bytes(bytes(status.st_size))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    (found,) = run(root, Memory(memory.used, later), depth)
    assert found.verdict is Verdict.CORRUPT


def test_a_file_that_was_just_written_is_not_remembered(root: Path) -> None:
    """A second change in the same tick of the clock would not show, so what is that young is asked again."""
    memory = Memory(now_ns=lambda: time.time_ns() + GRAIN_NS - 10**9)
    run(root, memory, Tier.VALUES)
    assert memory.used == {}


def test_a_link_is_not_remembered(root: Path) -> None:
    """What a link leads to can change without the link."""
    write(root / "outside.bin", b"x")
    (root / "epoch_0" / "more.safetensors").symlink_to("../outside.bin")
    memory = learned(root, Tier.QUICK)
    assert memory.used == {}


def test_what_could_not_be_read_is_not_remembered(root: Path) -> None:
    """A failing disk or a missing permission may be gone the next time."""
    (root / "epoch_0" / "adapter_model.safetensors").unlink()
    os.mkfifo(root / "epoch_0" / "adapter_model.safetensors")
    assert learned(root, Tier.QUICK).used == {}


def test_each_question_has_its_own_answer(root: Path) -> None:
    """What the quick tier found is no answer for the values tier, nor for another run's promises."""
    memory = altered(learned(root, Tier.QUICK))
    (deep,) = run(root, memory, Tier.VALUES)
    assert (deep.name, deep.tier) == ("epoch_0", Tier.VALUES)
    how = Examination(root, promises=Promises(save_adapter_only=False), memory=memory)
    (promised,) = examine(find_places(walk(root, "").entries), how)
    assert promised.name == "epoch_0"


def test_a_memory_is_read_back(root: Path, tmp_path: Path) -> None:
    """What was learned is there for the next process, in a file of the user's own."""
    memory = learned(root, Tier.VALUES)
    assert write_memory(tmp_path / "state", memory)
    again = read_memory(tmp_path / "state")
    assert again.unused == memory.used
    assert [path.name for path in (tmp_path / "state").iterdir()] == [NAME]


def test_nothing_new_is_not_written(tmp_path: Path) -> None:
    """A memory that learned nothing leaves no trace."""
    assert not write_memory(tmp_path / "state", Memory())
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("cut", [0, 5, 25, 40, -1])
def test_a_damaged_memory_is_no_memory(cut: int) -> None:
    """A file that was cut, or in which one byte changed, is not believed in any part."""
    memory = Memory()
    memory.used = {b"k" * 16: msgspec.Raw(msgspec.msgpack.encode([1, 2, 3]))}
    data = render_memory(memory)
    assert parse_table(parse_tables(data).others).keys() == {b"k" * 16}
    assert parse_tables(data[:cut]) == Tables()
    assert parse_tables(data[:cut] + bytes([data[cut] ^ 1]) + data[cut:][1:]) == Tables()


def test_a_remembered_text_that_is_none_is_not_believed(root: Path) -> None:
    """A digest is soon made anew, also of what is no UTF-8."""
    memory = learned(root, Tier.QUICK)
    broken = {
        key: msgspec.Raw(bytes(raw).replace(b"epoch_0", b"epoch_\xff")) for key, raw in memory.used.items()
    }
    assert broken != memory.used
    assert run(root, Memory(broken, later), Tier.QUICK) == run(root, Memory(keeps=False), Tier.QUICK)


def test_what_was_not_used_is_kept_and_dropped_first() -> None:
    """What another part of the set needs stays, as far as there is room."""
    old = {bytes([n]) * 16: msgspec.Raw(bytes([0xC4, 200]) + bytes(200)) for n in range(20)}
    new = {b"n" * 16: msgspec.Raw(bytes([0xC4, 100]) + bytes(100))}
    whole = {b"w" * 16: msgspec.Raw(bytes([0xC4, 150]) + bytes(150))}
    memory = Memory(old, outcomes=whole)
    memory.used = new
    for most_bytes, kept_whole in ((MAX_BYTES, True), (2048, False)):
        tables = parse_tables(render_memory(memory, most_bytes))
        kept = parse_table(tables.others).keys()
        assert new.keys() < kept <= new.keys() | old.keys()
        assert (kept == new.keys() | old.keys()) is kept_whole
        assert (parse_table(tables.outcomes) == whole) is kept_whole
        assert len(render_memory(memory, most_bytes)) <= most_bytes


def test_an_abandoned_temporary_file_is_cleared_and_a_fresh_one_respected(root: Path, tmp_path: Path) -> None:
    """What a killed writer left does not stop the next for ever; one that is writing now is let finish."""
    memory = learned(root, Tier.QUICK)
    left = write(tmp_path / "state" / f"{NAME}.tmp", b"half")
    assert not write_memory(tmp_path / "state", memory)
    os.utime(left, (0, 0))
    assert write_memory(tmp_path / "state", memory)
    assert [path.name for path in (tmp_path / "state").iterdir()] == [NAME]


def test_a_linked_state_directory_is_not_followed(root: Path, tmp_path: Path) -> None:
    """A link planted where the memory belongs leads nothing out of the set."""
    (tmp_path / "target").mkdir()
    (tmp_path / "state").symlink_to("target")
    assert not write_memory(tmp_path / "state", learned(root, Tier.QUICK))
    assert list((tmp_path / "target").iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a file somebody else's")
def test_a_memory_of_somebody_else_is_not_believed(root: Path, tmp_path: Path) -> None:
    """Another user's word on a checkpoint is not taken, and nothing is written in another's directory."""
    memory = learned(root, Tier.QUICK)
    assert write_memory(tmp_path / "state", memory)
    os.chown(tmp_path / "state" / NAME, 65534, 65534)
    assert read_memory(tmp_path / "state").unused == {}
    os.chown(tmp_path / "state", 65534, 65534)
    assert not write_memory(tmp_path / "state", memory)


def test_the_sets_own_state_directory_is_found_from_below(tmp_path: Path) -> None:
    """A file deep in a set is remembered in the set, by its mark or its settings; the nearest one counts."""
    deep = tmp_path / "set" / "run" / "epoch_0"
    deep.mkdir(parents=True)
    write(tmp_path / "set" / "afterall.toml", b"")
    assert memory_directory(deep) == tmp_path / "set" / ".afterall"
    (tmp_path / "set" / "run" / ".afterall").mkdir()
    assert memory_directory(deep) == tmp_path / "set" / "run" / ".afterall"


def test_what_is_no_set_is_remembered_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left in a directory of models: what was found is kept in the person's own cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    first, second = (memory_directory(tmp_path / name) for name in ("models", "others"))
    assert first != second
    assert first is not None
    assert first.parent == tmp_path / "cache" / "afterall"


def test_a_set_is_verified_from_memory_the_second_time(tmp_path: Path) -> None:
    """The second process finds the same, in the set's own directory, unless it is told not to remember."""
    for run_name in ("rank4", "rank64"):
        write_epoch(tmp_path / "set" / run_name / "epoch_0")
    time.sleep(GRAIN_NS / 1e9 + 0.1)
    asked = Asked(depth=Tier.VALUES, remembers=True)
    assert verify_as([tmp_path / "set"], Asked(depth=Tier.VALUES)).checkpoints
    assert not (tmp_path / "set" / ".afterall").exists()
    first = verify_as([tmp_path / "set"], asked)
    assert [path.name for path in (tmp_path / "set" / ".afterall").iterdir()] == [NAME]
    before = (tmp_path / "set" / ".afterall" / NAME).stat()
    assert verify_as([tmp_path / "set"], asked) == first
    after = (tmp_path / "set" / ".afterall" / NAME).stat()
    assert before.st_mtime_ns == after.st_mtime_ns
