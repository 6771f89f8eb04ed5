"""Read logs in blocks of whole records, with the numbers of their lines."""

import io
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.scan.curves import BYTES_FROM
from afterall.scan.logs import bars
from afterall.scan.logs import blocks as module
from afterall.scan.logs.bars import Bars
from afterall.scan.logs.blocks import Block, read_blocks
from afterall.scan.logs.handing import hand_over
from afterall.scan.logs.lines import Line, clean, line_in
from afterall.scan.logs.reader import LineReader

RECORDS = st.lists(
    st.sampled_from([b"word", b"", b"\n", b"\r", b"\r\n", b"a longer word ", b"\0"]), max_size=60
)

LITERALS = (b"Loss", b"0it [", b"wandb", b"error: ", b"ab", b"\xe2\x96")
TEXTS = st.lists(
    st.sampled_from([*LITERALS, b"Lo", b"wand", b" 40%|", b"\n", b"\r", b"b", b"x" * 9]), max_size=50
)


class Gatherer(LineReader):
    """Reads the lines with one literal, and as many after each as it follows."""

    triggers = (b"",)

    def __init__(self, literal: bytes, following: int) -> None:
        self.triggers = (literal,)
        self.found: list[bytes] = []
        self._following = following
        self._left = 0

    @property
    def wants_next(self) -> bool:
        """True below a line with the literal."""
        return self._left > 0

    def read(self, line: Line) -> None:
        """Keep the line."""
        self.found.append(line.raw)
        self._left = self._following if self.triggers[0] in line.raw else self._left - 1


def all_blocks(data: bytes) -> Sequence[Block]:
    """Return all blocks of a log in memory."""
    return list(read_blocks(io.BytesIO(data)))


@given(RECORDS, st.integers(1, 20))
def test_blocks_joined_are_the_file(words: list[bytes], size: int) -> None:
    """However small the blocks, no byte is lost, and each knows where it starts and on which line."""
    data = b"".join(words)
    found = list(_small_blocks(data, size))
    assert b"".join(block.data for block in found) == data
    for block in found:
        assert data[block.offset :].startswith(block.data)
        assert block.first_line == 1 + data.count(b"\n", 0, block.offset)


@given(RECORDS, st.integers(1, 20))
def test_only_the_last_block_may_lack_its_end(words: list[bytes], size: int) -> None:
    """Every block but the last ends with a whole record."""
    for block in list(_small_blocks(b"".join(words), size))[:-1]:
        assert block.data[-1:] in (b"\n", b"\r")


def test_a_record_beyond_the_limit_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record without an end does not fill the memory."""
    monkeypatch.setattr(module, "BLOCK_BYTES", 10)
    monkeypatch.setattr(module, "RECORD_BYTES", 30)
    assert max(len(block.data) for block in all_blocks(b"x" * 1000)) <= 40


def test_of_a_huge_log_the_middle_is_left_out() -> None:
    """Head and tail are read; lines after the gap have no number, and the first, half-read one is dropped."""
    data = b"".join(b"line %d\n" % n for n in range(100))
    found = list(read_blocks(io.BytesIO(data), head_bytes=21, tail_bytes=20))
    assert found[0].data.startswith(b"line 0\n")
    assert found[-1].first_line is None
    assert found[-1].data == b"line 98\nline 99\n"
    assert found[-1].offset == data.index(b"line 98")


def test_what_is_appended_meanwhile_is_not_read() -> None:
    """A log that grows while it is read is read as long as it was at the start."""
    file = io.BytesIO(b"one\ntwo\n")
    reading = read_blocks(file)
    first = next(reading)
    file.seek(0, io.SEEK_END)
    file.write(b"three\n")
    assert [first.data, *(block.data for block in reading)] == [b"one\ntwo\n"]


def test_a_line_knows_its_number_and_its_byte() -> None:
    """Records behind carriage returns stand on the line that an editor shows."""
    data = b"first\n10%\r20%\r30%\nlast"
    block = Block(data, 100, 7)
    line, after = line_in(block, data.index(b"20%") + 1)
    assert (line.raw, line.number, line.offset, line.where) == (b"20%", 8, 110, "line 8")
    assert data[after:].startswith(b"30%")
    assert not line_in(block, len(data) - 1)[0].is_complete


def test_a_line_after_a_gap_is_placed_by_its_byte() -> None:
    """Where lines were not counted, the place is the byte."""
    line, _ = line_in(Block(b"words\n", 4096, None), 0)
    assert (line.where, line.mark) == ("byte 4096", BYTES_FROM + 4096)


@pytest.mark.parametrize(
    ("raw", "label", "text"),
    [
        (b"plain words", "", "plain words"),
        (b"0: loss 1.5", "0", "loss 1.5"),
        (b"  12:     indented", "12", "    indented"),
        (b'[rank1]:   File "x.py", line 3', "1", '  File "x.py", line 3'),
        (b"[default0]:words", "0", "words"),
        (b"(TaskRunner pid=132393) wandb: Run summary:", "TaskRunner pid=132393", "wandb: Run summary:"),
        (b"INFO:torchtune.utils._logging:Validation loss: 5.8", "", "Validation loss: 5.8"),
        (b"0: [rank3]: words", "3", "words"),
        (b"[2026-11-23 07:03:58,613][__main__][INFO] - lr 0.1", "", "lr 0.1"),
        (b"2026-11-23 07:03:58,613 - trainer - INFO - step 1", "", "step 1"),
        (b"2026-11-23 07:03:58.613 | INFO     | m.train:fit:12 - step 1", "", "step 1"),
        (b"2026-11-23T07:03:58Z step 1", "", "step 1"),
        (b"2026-11-23T07:03:58.613+01:00 stdout F step 1", "", "step 1"),
        (b"[1,12]<stdout>:step 1", "12", "step 1"),
        (b"[INFO] step 1", "", "step 1"),
        (b"[INFO|trainer.py:2519] 2026-11-23 07:03:58,613 >>   Num Epochs = 3", "", "  Num Epochs = 3"),
        (b"I1123 07:03:58.613456 140012 train.py:33] step 1", "", "step 1"),
        (b"[11/23/26 07:03:58] INFO     step 1", "", "step 1"),
        (b"[07:03:58] step 1", "", "step 1"),
        (b"[07:03:58.613456] step 1", "", "step 1"),
        (b"[trainer2|0]:INFO:torchtune.utils._logging:step 1", "2", "step 1"),
        (b"[epoch3]: step 1", "", "[epoch3]: step 1"),
        (b"[1,mpirank:3,algo-2]<stderr>:step 1", "3", "step 1"),
        (b"[prterun-node7-4321@1,3]<stdout>: step 1", "3", "step 1"),
        (b"(pretraining, pid=4112) step 1", "", "step 1"),
        (b"(worker1, rank=1, pid=4112, ip=10.0.0.3) step 1", "1", "step 1"),
        (b"10.0.0.7: [2026-01-01 10:00:00,123] [INFO] step 1", "", "step 1"),
        (b"worker-0: step 1", "", "step 1"),
        (b"worker-0: ", "", ""),
        (b" 3: ", "3", ""),
        (b"ip-10-0-0-7.ec2.internal:   5%|# | 1/20 [00:01<00:20]", "", "  5%|# | 1/20 [00:01<00:20]"),
        (b"gpu-node-12.cluster: step 1", "", "step 1"),
        (b"gpu0: step 1", "", "gpu0: step 1"),
        (b"val2: loss 0.5", "", "val2: loss 0.5"),
        (b"ipython3: can't open file", "", "ipython3: can't open file"),
        (b"slurmstepd-node07: error: *** x", "", "slurmstepd-node07: error: *** x"),
        (b"[pod/train-0/main] step 1", "", "step 1"),
        (b"training-nlp-1  | step 1", "", "step 1"),
        (b"epoch_1 | loss 0.5", "", "epoch_1 | loss 0.5"),
        (b"train | loss 0.5", "", "train | loss 0.5"),
        (b"[00:11<01:30,  2.20it/s]", "", "[00:11<01:30,  2.20it/s]"),
        (b"\x1b[1;34mwandb\x1b[0m: \x1b[1mwandb sync x\x1b[0m", "", "wandb: wandb sync x"),
        (
            b"9/10 [00:00<00:00, 29.48it/s]\x1b[AStarting checkpoint save...",
            "",
            "Starting checkpoint save...",
        ),
        (
            b"100%|##| 10/10 [00:00<00:00, 12.28s/it][2026-03-25T10:34:07.530] error: *** x",
            "",
            "error: *** x",
        ),
        (b"\xff\xfe\0words\0", "", "\ufffd\ufffdwords"),
        (b"  5%|#   | 1/20 [00:01<00:20, 1.2it/s]", "", "  5%|#   | 1/20 [00:01<00:20, 1.2it/s]"),
    ],
)
def test_a_record_is_cleaned_of_decoration(raw: bytes, label: str, text: str) -> None:
    """Terminal codes, a bar before other words, and prefixes of ranks and loggers are taken away."""
    assert clean(raw) == (label, text)


def _small_blocks(data: bytes, size: int) -> list[Block]:
    saved = module.BLOCK_BYTES
    module.BLOCK_BYTES = size
    try:
        return list(all_blocks(data))
    finally:
        module.BLOCK_BYTES = saved


@given(TEXTS, st.integers(0, 2), st.booleans())
def test_each_reader_gets_its_lines_and_those_it_follows(
    words: list[bytes], following: int, large: bool
) -> None:
    """What is passed over holds none of the literals: bars alone, or text that lacks their letters."""
    data = b"".join(words)
    readers = [Gatherer(literal, following) for literal in LITERALS]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MANY_BYTES", 0 if large else 1 << 40)
        hand_over(Block(data, 0, 1), readers)
    if not data.translate(None, module.BAR_BYTES):
        return
    for reader in readers:
        wanted, left = [], 0
        for record in _records(data):
            if left or reader.triggers[0] in record:
                wanted.append(record)
                left = following if reader.triggers[0] in record else left - 1
        assert reader.found == wanted


@given(TEXTS, st.integers(1, 5))
def test_lines_are_the_same_in_whatever_order_they_are_asked_for(words: list[bytes], stride: int) -> None:
    """Lines are told right, forwards, backwards and again."""
    data = b"".join(words)
    block = Block(data, 0, 5)
    for place in [*range(0, len(data), stride), *range(len(data) - 1, -1, -stride), *range(len(data))]:
        assert block.line_at(place) == 5 + data.count(b"\n", 0, place)


@given(TEXTS, st.data())
def test_a_record_is_found_from_any_place_in_it(words: list[bytes], draw: st.DataObject) -> None:
    """From the start of any record before it, its start and its end are told."""
    data = b"".join(words) + b"."
    place = draw.draw(st.integers(0, len(data) - 1))
    starts = [0, *(at for at in range(1, place + 1) if data[at - 1] in b"\r\n")]
    for since in starts:
        start, end = Block(data, 0, 1).record_at(place, since)
        assert start == starts[-1]
        assert data[start:end] == _records(data[start:])[0]


@given(
    TEXTS, st.sampled_from([b"x 1|2", b"Loss", b"it [", b"a\tb", b"a b", b"7", b"\xff\x88"]), st.booleans()
)
def test_what_a_record_holds_it_may_hold(words: list[bytes], literal: bytes, large: bool) -> None:
    """No literal that is there is ever ruled out, and no block with another byte than a bar's lacks words."""
    data = b"".join([*words, literal, *words])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MANY_BYTES", 0 if large else 1 << 40)
        assert Block(data, 0, 1).may_hold(literal)
    assert Block(data, 0, 1).has_words == bool(data.translate(None, module.BAR_BYTES))


def test_records_that_say_the_same_are_looked_at_once() -> None:
    """What is kept to rule out literals does not grow with a log that repeats itself."""
    row = b"{'loss': %.3f, 'grad_norm': 0.25, 'epoch': %.2f}\n"
    bar = b"\r%3d%%|##        | %d/999 [00:01<00:03, 5.00it/s]\n"
    block = Block(b"".join((row + bar) % (step / 7, step / 99, step / 9, step) for step in range(999)), 0, 1)
    assert len(block._shapes) < 100
    assert block.may_hold(b"loss")
    assert not block.may_hold(b": loss")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["\r", "\n", "", "\x1b[A"]),
            st.sampled_from(["", "1|2|Loss: 0.5:", "val: "]),
            st.integers(0, 12),
            st.sampled_from([7, 7, 7, 50, 123_456_789_012]),
            st.sampled_from(["[00:01<00:02, 17.2it/s]", " [", "[", ""]),
        ),
        max_size=30,
    )
)
def test_bars_of_a_large_block_are_those_of_a_small_one(drawn: list[tuple[str, str, int, int, str]]) -> None:
    """Where every bar has the same total only the last is looked at, and nothing else changes."""
    text = "".join(f"{a}{name}  40%|██   | {done}/{total} {end}" for a, name, done, total, end in drawn)
    found = []
    for many in (0, 1 << 40):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(bars, "MANY_BYTES", many)
            one = Bars()
            one.read_block(Block(text.encode(), 0, 1))
            found.append(one._bars)
    assert found[0] == found[1]


def test_a_log_of_one_endless_line_is_read_in_bounded_pieces() -> None:
    """Where no record ends, the file is cut into records of the longest kind."""
    pieces = all_blocks(b"x" * (5 << 20))
    assert b"".join(block.data for block in pieces) == b"x" * (5 << 20)
    assert max(len(block.data) for block in pieces) <= module.RECORD_BYTES + module.BLOCK_BYTES


def _records(data: bytes) -> list[bytes]:
    """Return the records of a block."""
    records = data.replace(b"\r", b"\n").split(b"\n")
    return records if records[-1] else records[:-1]
