"""Tell a place behind a log's skipped middle by its byte, whichever reader tells it."""

import io
import re
from functools import partial

import pytest

from afterall.model import Severity
from afterall.scan.line_severity import weigh_by_progress
from afterall.scan.logs import reading
from afterall.scan.logs.blocks import MANY_BYTES, read_blocks
from afterall.scan.logs.reading import LogPart, read_log
from afterall.scan.trainers import make_readers

GAP = b"." * 78 + b"\n"
BARS = b"".join(
    b"\r1|%d|Loss: 2.5: 50%%|#| %d/900 [00:01<00:01, 1.0it/s]" % (step, step) for step in range(1, 801)
)
ERROR = b"Traceback (most recent call last):\nValueError: boom\n"
TAILS = {
    "bars one by one": BARS[:4000],
    "bars at once": BARS,
    "a bar's end": b"{'loss': 1.5, 'epoch': 1.0}\r100%|##########| 40/40 [00:01<00:00, 9.1it/s]",
    "a summary": b"wandb: Run summary:\nwandb: loss 0.5\nwandb: global_step 7\nwandb: \n",
    "validation": BARS[:4000] + b"\nValidation loss: 1.25\n",
    "a lightning bar": b"Epoch 1: 100%|#| 9/9 [00:01<00:00, v_num=3, train_loss=0.5]\n",
    "a traceback": BARS[:4000] + b"\n" + ERROR,
}


@pytest.fixture
def skipping(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make logs count as too large to be read whole from 65 KiB on."""
    some = partial(read_blocks, head_bytes=1 << 10, tail_bytes=1 << 16)
    monkeypatch.setattr(reading, "read_blocks", some)


def read_behind_a_gap(tail: bytes) -> tuple[bytes, LogPart]:
    """Return a log whose middle is skipped, and what is read of it."""
    data = b"head\n" + GAP * 1000 + b"\n" + tail + b"\n"
    return data, read_log(io.BytesIO(data), "r.out", make_readers)[-1]


@pytest.mark.usefixtures("skipping")
@pytest.mark.parametrize("kind", TAILS)
def test_a_place_is_a_byte_of_the_record_it_speaks_of(kind: str) -> None:
    """Every reading, fact, evidence and finding names a byte behind the gap, none a line."""
    data, part = read_behind_a_gap(TAILS[kind])
    assert not part.is_read_whole
    curves = [curve for trace in part.traces for curve in trace.curves.values()]
    places = [curve.where(row) for curve in curves for row in curve.readings(None)]
    places += [fact.source.where for trace in part.traces for fact in trace.facts.values()]
    places += [evidence.source.where for trace in part.traces for evidence in trace.evidence]
    places += [source.where for finding in part.findings for source in finding.sources]
    assert places
    for place in places:
        found = re.fullmatch(r"byte (\d+)", place)
        assert found is not None, place
        assert len(data) - len(TAILS[kind]) - 2 < int(found[1]) < len(data)


@pytest.mark.usefixtures("skipping")
def test_a_line_above_later_steps_is_milder_behind_the_gap_too() -> None:
    """Bytes are held against bytes, and lines before the gap against bytes behind it."""
    assert len(BARS) >= MANY_BYTES
    before, after = ERROR + BARS[:4000], BARS[:4000] + b"\n" + ERROR
    for tail, expected in ((before, Severity.WARNING), (after, Severity.ERROR)):
        _, part = read_behind_a_gap(tail)
        assert [f.gravity for f in weigh_by_progress(part.findings, part.traces)] == [expected]
