"""Read what stands behind launchers' prefixes as if they were not there."""

import pytest

from afterall.model import FindingCode
from afterall.scan.logs.lines import Line
from afterall.scan.traces import Trace
from scan.run_making import fixture
from scan.trace_reading import facts, last_part

HOSTS = (b"10.0.0.7: ", b"worker-0: ", b"nid001234: ", b"ip-10-0-0-7: ")


def printed(data: bytes) -> Trace:
    """Return the trace of the rows in a log of HF Trainer."""
    return last_part(data).traces[0]


def steps(trace: Trace) -> list[int]:
    """Return the steps that bars told of the losses, none of them told by an epoch."""
    return [row.step for row in trace.curves["loss"].readings(None)]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("end", [b"\n\r", b"\n"])
def test_rows_and_bars_behind_pdshs_host_are_the_same(host: bytes, end: bytes) -> None:
    """DeepSpeed's launcher runs pdsh, which names the host before each line: bars keep steps and plan."""
    data = fixture("huggingface/rows-4.46.out").replace(b"\n\r", end)
    labelled = b"\n".join(host + line for line in data.split(b"\n"))
    plain, behind = printed(data), printed(labelled)
    assert steps(behind) == steps(plain) == list(range(1, 13))
    assert facts(behind) == facts(plain) == {"global_step": 12, "planned_steps": 12}


def test_a_record_may_be_read_with_its_bar() -> None:
    """The text leaves a bar out that other words follow; what is drawn has both."""
    line = Line(b"0: Epoch 1: 100%|##| 2/2 [00:01<00:00, loss=0.5]saved", 1, 0)
    assert (line.text, line.drawn) == ("saved", "Epoch 1: 100%|##| 2/2 [00:01<00:00, loss=0.5]saved")


@pytest.mark.parametrize("actor", [b"", b"(EngineCore_0 pid=7) "])
def test_an_engines_own_traceback_is_read(actor: bytes) -> None:
    """An engine of vLLM logs one line by line, each with the logger's level, time and place."""
    lines = [
        b"Traceback (most recent call last):",
        b'  File "/r/run.py", line 3, in f',
        b"ValueError: no blocks",
    ]
    log = b"".join(actor + b"ERROR 11-24 10:00:01 [core.py:586] " + line + b"\n" for line in lines)
    (finding,) = last_part(log).findings
    assert (finding.code, finding.evidence["exception"]) == (FindingCode.LINE_TRACEBACK, "ValueError")
