"""Take loss bars apart all at once exactly as one by one, whatever stands in a log."""

import io
import struct
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.scan.logs import bar_arrays, blocks, loss_bars
from afterall.scan.logs.bar_arrays import all_follow, parse_bars
from afterall.scan.logs.blocks import Block, read_blocks
from afterall.scan.logs.loss_bars import LossBars, parse_loss

STEPS = st.one_of(
    st.integers(0, 12), st.sampled_from(["99999999", "100000000", "07", "123456789012", "1234567890123", ""])
)
EPOCHS = st.one_of(st.integers(0, 3), st.sampled_from(["9999999", "10000000", "01", ""]))
LOSSES = st.one_of(
    st.floats(0, 20).map(repr),
    st.floats(0, 1e4, width=32).map(repr),
    st.floats(width=32).map(repr),
    st.floats().map(repr),
    st.from_regex(r"\A[0-9]{1,8}\.[0-9]{0,24}\Z"),
    st.sampled_from(
        [
            "nan",
            "inf",
            "-inf",
            "NaN",
            "6.5",
            "6.50",
            "06.5",
            "6",
            ".5",
            "5.",
            "",
            "1_0.5",
            "1e5",
            "٣.5",
            "6.5 ",
        ]
    ),
)
ENDS = st.sampled_from(
    [":  40%|████      | 20/50 [00:01<00:02, 17.2it/s]", ": ", ":", "", "|", " 5/7 [", ":|Loss: 3.5:"]
)
SEPARATORS = st.sampled_from(
    ["\r", "\r", "\n", "\r\n", "", " words\n", "Validation loss: 1.5\n", "|Loss: ", "L", "\0"]
)
BARS = st.lists(st.tuples(SEPARATORS, EPOCHS, STEPS, LOSSES, ENDS), max_size=40)
RUNS = st.lists(
    st.tuples(st.integers(1, 4), st.integers(0, 30), st.integers(1, 40), st.integers(1, 2)),
    min_size=1,
    max_size=6,
)


def bars_text(bars: Iterable[tuple[str, object, object, str, str]]) -> bytes:
    """Return a log of bars."""
    return "".join(f"{a}{epoch}|{step}|Loss: {loss}{end}" for a, epoch, step, loss, end in bars).encode()


def state_of(bars: LossBars) -> object:
    """Return all that a reader of bars knows, NaN comparable."""
    rows = [(row.step, struct.pack("d", row.value), row.mark) for row in bars.curve._rows()]
    return (
        rows,
        bars.restarts,
        bars.epoch,
        bars.step,
        bars.total,
        bars.curve.rounding,
        bars._before_epoch,
        bars._last,
    )


def assert_alike(data: bytes, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read a log both ways in blocks of `size`, and compare after every block."""
    monkeypatch.setattr(blocks, "BLOCK_BYTES", size)
    one_by_one, at_once = LossBars(), LossBars()
    for numbered in read_blocks(io.BytesIO(data)):
        for block in (numbered, Block(numbered.data, numbered.offset, None)):
            monkeypatch.setattr(loss_bars, "MANY_BYTES", 1 << 40)
            one_by_one.read_block(block)
            monkeypatch.setattr(loss_bars, "MANY_BYTES", 0)
            at_once.read_block(block)
            assert state_of(at_once) == state_of(one_by_one)
            assert at_once._steps == one_by_one._steps
            assert at_once._offsets == one_by_one._offsets


@given(BARS, st.sampled_from([7, 60, 1000, 1 << 20]))
def test_any_bars_are_read_at_once_as_one_by_one(
    bars: list[tuple[str, object, object, str, str]], size: int
) -> None:
    """Reprints, restarts, glued and broken bars, text between and where blocks end make no difference."""
    with pytest.MonkeyPatch.context() as patch:
        assert_alike(bars_text(bars), size, patch)


@given(RUNS, st.lists(st.floats(0, 10), min_size=1, max_size=9), st.sampled_from([100, 3000, 1 << 20]))
def test_runs_of_bars_are_read_at_once_as_one_by_one(
    runs: list[tuple[int, int, int, int]], losses: list[float], size: int
) -> None:
    """Epochs that follow, go back or start anew, each bar once or twice, make no difference."""
    bars = [
        ("\r", epoch, first + number // each, repr(losses[number // each % len(losses)]), ":  4%| 3/9 [0")
        for epoch, first, length, each in runs
        for number in range(length * each)
    ]
    with pytest.MonkeyPatch.context() as patch:
        assert_alike(bars_text(bars), size, patch)


@given(st.binary(max_size=200), st.integers(0, 200))
def test_any_bytes_are_read_at_once_as_one_by_one(noise: bytes, cut: int) -> None:
    """Bars among any bytes, cut anywhere, make no difference."""
    bars = b"\r1|2|Loss: 0.5: 1/9 [\r1|3|Loss: 0.25: 1/9 ["
    with pytest.MonkeyPatch.context() as patch:
        assert_alike(noise[: len(noise) // 2] + bars + noise[len(noise) // 2 :] + bars[:cut], 1000, patch)


@given(
    st.lists(
        st.one_of(LOSSES, st.integers(0, 1 << 64).map(lambda bits: repr(bits / 2**60))),
        min_size=1,
        max_size=60,
    )
)
def test_every_loss_is_the_nearest_double(texts: list[str]) -> None:
    """A loss read at once has every bit of the one that `float` reads."""
    data = "".join(f"1|2|Loss: {text}: \r" for text in texts).encode()
    rows = parse_bars(Block(data, 0, 1))
    for text, loss, odd in zip(texts, rows.losses, rows.odd, strict=True):
        exact = parse_loss(text.encode())
        assert odd or (exact is not None and struct.pack("d", exact) == struct.pack("d", loss))


def test_usual_losses_are_not_odd() -> None:
    """What Python prints of a loss is read at once: up to 17 digits, NaN, infinity, four decimals."""
    texts = [
        "6.5389084815979",
        "0.053",
        "11.762",
        "0.0012345678901234567",
        "nan",
        "inf",
        "6.5241",
        "0.5",
        "123.25",
    ]
    data = "".join(f"1|{step}|Loss: {text}: \r" for step, text in enumerate(texts, 2)).encode()
    assert not parse_bars(Block(data, 0, 1)).odd.any()


@given(
    st.lists(
        st.sampled_from([b"/50 [", b"/5 [", b"50 [", b" [", b"[", b" ", b"/50 ", b"x" * 20]), max_size=30
    )
)
def test_a_total_stands_before_every_bracket_or_not(words: list[bytes]) -> None:
    """At either end of the data too, where fewer bytes stand before a bracket than the total has."""
    data = b"".join(words)
    follow = all(
        data[: at + 1].endswith(b"/50 ") for at in range(len(data) - 1) if data[at : at + 2] == b" ["
    )
    assert all_follow(data, b"/50 ") == follow


@given(BARS, st.integers(1, 90))
def test_bars_are_found_wherever_the_search_begins_anew(
    bars: list[tuple[str, object, object, str, str]], piece_bytes: int
) -> None:
    """The pieces in which a block is searched make no difference."""
    block = Block(bars_text(bars), 0, 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bar_arrays, "_PIECE_BYTES", piece_bytes)
        in_pieces = parse_bars(block)
    whole = parse_bars(block)
    assert in_pieces.ends.tolist() == whole.ends.tolist()
    assert in_pieces.lines is not None
    assert whole.lines is not None
    assert in_pieces.lines.tolist() == whole.lines.tolist()
