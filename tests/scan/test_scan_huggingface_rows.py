"""Take HF Trainer's rows together with the bars below them, as if record after record were read."""

import io
import re
import time
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.scan.logs import blocks
from afterall.scan.logs.reader import LineReader
from afterall.scan.logs.reading import LogPart, read_log
from afterall.scan.trainers import huggingface, huggingface_series, make_readers
from afterall.scan.trainers.huggingface import HuggingFaceLines
from afterall.scan.trainers.huggingface_blocks import MetricsBlocks
from afterall.scan.trainers.huggingface_steps import ROW_AND_BAR
from scan.run_making import fixture

STEP = (
    b"{'loss': '%d.5', 'grad_norm': '0.25', 'epoch': '%.2f'}\n"
    b"\r%3d%%|###       | %d/40 [00:0%d<00:09,  2.20it/s]\r"
)
PIECES = st.one_of(
    st.integers(1, 40).map(lambda step: STEP % (step, step / 20, step, step, step % 10)),
    st.sampled_from(
        [
            b"{'eval_loss': 3.25, 'eval_runtime': 0.5, 'epoch': 1.0}\n",
            b"{'train_runtime': 9.0, 'train_steps_per_second': 4.4, 'train_loss': 2.0, 'epoch': 2.0}\n",
            b"***** train metrics *****\n  epoch = 2.0\n  train_loss = 2.5\n",
            b"  Total optimization steps = 40\n",
            *(
                b"{'loss': 1.5, 'epoch': 0.5}",
                b"{'loss': nan, 'epoch': 1_0}\n",
                b"{'loss': 2, 'epoch': 0.1, 'x': [1]}",
            ),
            *(b"\r 25%|##        | 10/40 [00:01<00:09,  2.20it/s]", b" 50%|     | 0/40 [00:00<?, ?it/s]\r"),
            *(
                b"\r",
                b"\n",
                b"\r\n",
                b"   ",
                b" " * 60 + b"\r",
                b"\x1b[A",
                b"\0",
                b"\xe2\x96",
                b"{",
                b"'}",
                b"]",
            ),
            *(b"0: ", b"[rank1]: ", b"2026-11-23 07:03:58,613 - trainer - INFO - ", b"words", b" loss 3.5\n"),
        ]
    ),
)


def told(parts: tuple[LogPart, ...]) -> str:
    """Return all that the parts of a log tell, NaN comparable."""
    traces = [trace for part in parts for trace in part.traces]
    curves = [(key, curve.rounding, curve._rows()) for trace in traces for key, curve in trace.curves.items()]
    rest = [
        (trace.origin, trace.facts, trace.evidence, trace.steps_per_epoch, trace.is_resumed)
        for trace in traces
    ]
    return repr((curves, rest, [(part.restarts, part.has_trained, part.findings) for part in parts]))


def read(data: bytes, size: int, *, one_by_one: bool) -> str:
    """Return what a log tells, read in blocks of `size`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK_BYTES", size)
        if one_by_one:
            patch.setattr(HuggingFaceLines, "read_at", LineReader.read_at)
            patch.setattr(MetricsBlocks, "wakes", LineReader.wakes)
        return told(read_log(io.BytesIO(data), "job.out", make_readers))


@given(st.lists(PIECES, max_size=30), st.sampled_from([40, 300, 1 << 19]), st.integers(0, 60))
def test_any_rows_and_bars_are_read_at_once_as_one_by_one(pieces: list[bytes], size: int, cut: int) -> None:
    """Glued, prefixed, coloured and broken rows, an end amidst them and small blocks make no difference."""
    data = b"".join(pieces)
    data = data[: len(data) - cut] if cut < 50 else data
    assert read(data, size, one_by_one=False) == read(data, size, one_by_one=True)


@given(
    st.sampled_from(["huggingface/rows-4.46.out", "huggingface/resumed-5.24.out", "trl/grpo-1.16.out"]),
    st.lists(
        st.tuples(
            st.floats(0, 1), st.integers(0, 9), st.sampled_from([b"", b"\r", b"\n", b"\x1b[0m", b"{'", b"}"])
        )
    ),
    st.sampled_from([300, 1 << 19]),
)
def test_a_real_log_that_was_cut_and_stained_is_read_the_same(
    name: str, stains: list[tuple[float, int, bytes]], size: int
) -> None:
    """Wherever bytes are lost or put in, rows taken at once are those taken one by one."""
    data = fixture(name)
    for place, lost, put in stains:
        at = int(place * len(data))
        data = data[:at] + put + data[at + lost :]
    assert read(data, size, one_by_one=False) == read(data, size, one_by_one=True)


def test_usual_rows_are_taken_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a log as the trainer prints it hardly a record is looked at by itself."""
    data = b"".join(STEP % (step, step / 20, step, step, step % 10) for step in range(1, 40))
    taken: list[bytes] = []
    monkeypatch.setattr(HuggingFaceLines, "read", lambda _, line: taken.append(line.raw))
    parts = read_log(io.BytesIO(b"\r" + data), "job.out", make_readers)
    assert taken == []
    assert len(parts[0].traces[0].curves["loss"]) == 39


def rows_of(steps: range, names: str = "loss", total: int = 400) -> bytes:
    """Return rows with their bars, as the trainer prints them."""
    bar = b"\r%3d%%|###       | %d/%d [00:01<00:09,  2.20it/s]\r"
    return b"".join(
        b"{'%s': %d.5, 'epoch': %.2f}\n" % (names.encode(), step, step / 20)
        + bar % (step * 100 // total, step, total)
        for step in steps
    )


BETWEEN = {
    "nothing": b"",
    "the same again": rows_of(range(5, 15)),
    "another total": rows_of(range(10, 20), total=500),
    "other names": rows_of(range(10, 12), "eval_loss"),
    "a row without a bar": b"{'loss': 2.5, 'epoch': 0.5}\n",
    "a number that is none": b"{'loss': 1_0, 'epoch': 0.55}\n\r 3%|# | 11/400 [00:01<00:09,  2.20it/s]\r",
    "a banner": b"  Total optimization steps = 400\n",
    "totals": b"{'train_runtime': 9.0, 'train_loss': 2.0, 'epoch': 0.5}\n",
    "another run": rows_of(range(1, 5)),
    "no space": b"{'loss':1.5, 'loss': 2.5, 'epoch': 0.6}\n\r 3%|# | 12/400 [00:01<00:09,  2.20it/s]\r",
    "a quote that is not closed": b"{'loss': '1.5, 'epoch': 0.6}\n\r 3%|# | 12/400 [00:01<00:09,  2it/s]\r",
    "no number at all": b"{'loss': 'abc', 'epoch': 0.6}\n\r 3%|# | 12/400 [00:01<00:09,  2.20it/s]\r",
    "the bar of no step": b"{'loss': 1.5, 'epoch': 0.6}\n\r 0%|# | 0/400 [00:01<00:09,  2.20it/s]\r",
}


@pytest.mark.parametrize("between", BETWEEN.values(), ids=BETWEEN)
@pytest.mark.parametrize("size", [300, 1 << 19])
def test_what_stands_between_equal_rows_changes_them_as_if_read_one_by_one(between: bytes, size: int) -> None:
    """Whatever ends a stretch of them, all rows have their values and steps."""
    data = b"\r" + rows_of(range(1, 11)) + between + rows_of(range(20, 40))
    assert read(data, size, one_by_one=False) == read(data, size, one_by_one=True)


@given(st.lists(st.tuples(st.sampled_from(list(BETWEEN.values())), st.integers(1, 9)), max_size=5))
def test_stretches_of_equal_rows_are_read_as_if_one_by_one(stretches: list[tuple[bytes, int]]) -> None:
    """In any order, and however short they are."""
    data = b"\r"
    for number, (between, length) in enumerate(stretches):
        data += rows_of(range(40 * number + 1, 40 * number + 1 + length)) + between
    assert read(data, 1 << 19, one_by_one=False) == read(data, 1 << 19, one_by_one=True)


def test_rows_that_cannot_be_taken_together_are_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log of a million rows is not looked at a million times."""
    monkeypatch.setattr(HuggingFaceLines, "_take_series", lambda *_: False)
    tried: list[int] = []

    def count(rows: Sequence[object]) -> None:
        tried.append(len(rows))

    monkeypatch.setattr(huggingface, "series_of", count)
    read_log(io.BytesIO(b"\r" + rows_of(range(1, 200))), "job.out", make_readers)
    assert tried == [199]


@pytest.mark.parametrize("length", [1, 3, 4, 9])
def test_rows_behind_a_banner_are_looked_at_a_few_times_only(
    length: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many banners there are, the time grows with the log and not with its square."""
    looked: list[int] = []

    class Counted:
        def match(self, data: bytes, start: int) -> re.Match[bytes] | None:
            looked.append(start)
            return ROW_AND_BAR.match(data, start)

    monkeypatch.setattr(huggingface_series, "ROW_AND_BAR", Counted())
    starts = range(1, 400, length)
    data = b"".join(
        rows_of(range(start, start + length), total=500) + BETWEEN["a banner"] for start in starts
    )
    parts = read_log(io.BytesIO(b"\r" + data), "job.out", make_readers)
    rows = length * len(starts)
    assert len(parts[-1].traces[0].curves["loss"]) == rows
    assert len(looked) < 3 * rows


@pytest.mark.parametrize("epoch", ["-0.0051", "nan", "inf", "-1e300", "0.0"])
def test_an_epoch_that_cannot_be_gives_no_steps_and_no_error(epoch: str) -> None:
    """Whatever a row claims, its loss is told."""
    rows = re.sub(rb"(?<='epoch': )[\d.]+", epoch.encode(), rows_of(range(1, 9)))
    (trace,) = read_log(io.BytesIO(b"\r" + rows), "job.out", make_readers)[-1].traces
    assert len(trace.curves["loss"]) == 8


def test_rows_that_go_back_again_and_again_are_read_in_time() -> None:
    """Two trainings that print into one log, as nothing labels them, cost no more than their rows."""
    rows = [b"{'loss': 1.5, 'learning_rate': 1e-05, 'epoch': %.4f}\n" % (at / 1000) for at in range(8000)]
    began = time.process_time()
    (part,) = read_log(io.BytesIO(b"".join(rows + rows[-2:] * 4000)), "x.out", make_readers)
    assert time.process_time() - began < 5
    assert sum(len(trace.curves["loss"]) for trace in part.traces) == 8000
