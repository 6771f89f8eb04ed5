"""Weigh telling lines in whole logs: what stands behind the end of training failed nothing of it."""

from pathlib import Path

import pytest

from afterall.model import Experiment, FindingCode, Severity, SlurmState
from afterall.scan.checkpoints import Examination
from afterall.scan.experiment import scan_experiment
from scan.run_making import attempt, experiment, fixture, lay_down, log

TRACEBACK = b"""\
Traceback (most recent call last):
  File "/home/u/train.py", line 90, in <module>
    push(model)
RuntimeError: boom
"""
WHOLE = [
    "huggingface/whole-5.23.out",
    "torchtune/whole-0.6.out",
    "torchtune/whole-main.out",
    "lightning/slurm-csv.out",
]


def scanned(set_dir: Path, data: bytes) -> Experiment:
    """Return an experiment whose one log, of a failed job, holds these bytes."""
    entries = lay_down(set_dir, {"run/slurm-1.out": data})
    return scan_experiment(
        experiment("run", entries, [log("run/slurm-1.out", "1")], [attempt("1", SlurmState.FAILED)]),
        Examination(set_dir),
    )


def severity_of(found: Experiment, code: FindingCode) -> Severity:
    """Return the severity of the one finding with a code."""
    (finding,) = [finding for finding in found.findings if finding.code is code]
    return finding.gravity


@pytest.mark.parametrize("name", WHOLE)
def test_a_traceback_behind_the_end_is_a_warning(tmp_path: Path, name: str) -> None:
    """Behind the trainer's totals, its last checkpoint or its last line an exception fails no training."""
    found = scanned(tmp_path, fixture(name) + TRACEBACK)
    assert found.completion.value is True
    assert severity_of(found, FindingCode.LINE_TRACEBACK) is Severity.WARNING


@pytest.mark.parametrize("name", WHOLE)
def test_a_full_disk_behind_the_end_is_a_warning(tmp_path: Path, name: str) -> None:
    """The same holds for a line of the table that an exception made an error."""
    full = TRACEBACK.replace(b"RuntimeError: boom", b"OSError: [Errno 28] No space left on device: '/x'")
    found = scanned(tmp_path, fixture(name) + full)
    assert severity_of(found, FindingCode.LINE_DISK_FULL) is Severity.WARNING


def test_a_traceback_before_the_end_stays_an_error(tmp_path: Path) -> None:
    """The same exception in the middle of training is why it did not reach its end."""
    whole = fixture("torchtune/whole-0.6.out")
    found = scanned(tmp_path, whole[: whole.index(b"\r1|30|")] + b"\n" + TRACEBACK)
    assert found.completion.value is False
    assert severity_of(found, FindingCode.LINE_TRACEBACK) is Severity.ERROR


def test_a_retried_failure_is_a_warning(tmp_path: Path) -> None:
    """An exception that a loop printed and went on after has ended nothing."""
    whole = fixture("torchtune/whole-0.6.out")
    at = whole.index(b"\r1|30|")
    found = scanned(tmp_path, whole[:at] + b"\n" + TRACEBACK + whole[at:])
    assert found.completion.value is True
    assert severity_of(found, FindingCode.LINE_TRACEBACK) is Severity.WARNING
