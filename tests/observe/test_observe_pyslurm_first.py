"""Check when pyslurm is asked instead of sacct, and what follows its failure."""

import json
import sys
from pathlib import Path

import pytest

from afterall.model import JobId, Observation, SlurmSource
from afterall.observe import Question, accounting, from_pyslurm, observe
from observe.observe_slurm import NOW, SET, START, FakeSlurm, sacct_row

BY_IDS = Question(work_dir=SET, uid=1001, job_ids=(JobId("7"),), every_job_known=True)


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSlurm:
    """Give a Slurm whose sacct knows job 7, on a machine where pyslurm seems to be installed."""
    monkeypatch.setattr(accounting, "is_installed", lambda: True)
    slurm = FakeSlurm(tmp_path / "bin")
    slurm.says("sacct", sacct_row("7", JobName="by sacct"))
    slurm.says("squeue", "")
    return slurm


def child_does(slurm: FakeSlurm, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Have the interpreter that would hold pyslurm run a script instead."""
    slurm.does("python", script)
    monkeypatch.setattr(sys, "executable", str(slurm.directory / "python"))


def ask(slurm: FakeSlurm, question: Question = BY_IDS, *, use_pyslurm: bool = True) -> Observation:
    """Observe one set, with pyslurm unless refused."""
    return observe(question, slurm.commands(2), NOW, use_pyslurm=use_pyslurm)


def test_pyslurm_is_the_one_accounting_query(slurm: FakeSlurm, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where pyslurm answers, sacct is not asked."""
    job = {
        "id": 7,
        "state": "COMPLETED",
        "name": "by pyslurm",
        "working_directory": SET,
        "submit_time": START,
    }
    child_does(slurm, monkeypatch, f"echo '{json.dumps({'jobs': [job]})}'\n")
    observation = ask(slurm)
    assert [attempt.name for attempt in observation.attempts] == ["by pyslurm"]
    assert [report.source for report in observation.asked] == [SlurmSource.PYSLURM, SlurmSource.SQUEUE]
    assert observation.accounting_answered
    assert slurm.calls("sacct") == []


@pytest.mark.parametrize(
    ("script", "detail"),
    [
        (
            "echo 'pyslurm: ImportError: libslurmfull.so' >&2; exit 1\n",
            "pyslurm: ImportError: libslurmfull.so",
        ),
        ("kill -9 $$\n", "python: exit code -9"),
        ("echo nonsense\n", "pyslurm: gave no JSON"),
        ("sleep 60\n", "python: no answer within 2 s"),
    ],
)
def test_sacct_answers_for_a_failing_pyslurm(
    slurm: FakeSlurm, monkeypatch: pytest.MonkeyPatch, script: str, detail: str
) -> None:
    """Whatever happens to pyslurm's process, sacct is asked, and the failure is told once."""
    child_does(slurm, monkeypatch, script)
    observation = ask(slurm)
    assert [attempt.name for attempt in observation.attempts] == ["by sacct"]
    told = [report for report in observation.asked if report.source is SlurmSource.PYSLURM]
    assert [(report.answered, report.detail) for report in told] == [(False, detail)]


@pytest.mark.parametrize(
    ("question", "use_pyslurm"),
    [(Question(work_dir=SET, uid=1001), True), (BY_IDS, False)],
    ids=["window", "refused"],
)
def test_when_pyslurm_is_not_asked(
    slurm: FakeSlurm, monkeypatch: pytest.MonkeyPatch, question: Question, use_pyslurm: bool
) -> None:
    """A window needs states, which pyslurm's filter does not know; and the caller may refuse it."""
    child_does(slurm, monkeypatch, "exit 1\n")
    observation = ask(slurm, question, use_pyslurm=use_pyslurm)
    assert slurm.calls("python") == []
    assert [report.source for report in observation.asked] == [SlurmSource.SACCT, SlurmSource.SQUEUE]


def test_many_ids_are_asked_about_in_portions(slurm: FakeSlurm, monkeypatch: pytest.MonkeyPatch) -> None:
    """As sacct is, and no half of an answer counts: where one portion fails, sacct is asked about all."""
    ids = tuple(JobId(str(number)) for number in range(1, 451))
    question = Question(work_dir=SET, uid=1001, job_ids=ids, every_job_known=True)
    child_does(slurm, monkeypatch, """echo '{"jobs": []}'\n""")
    assert ask(slurm, question).accounting_answered
    asked = [json.loads(call[-1])["ids"] for call in slurm.calls("python")]
    assert [len(part) for part in asked] == [200, 200, 50]
    assert slurm.calls("sacct") == []
    child_does(slurm, monkeypatch, """case "$*" in *401*) exit 1;; esac; echo '{"jobs": []}'\n""")
    told = {report.source: report.answered for report in ask(slurm, question).asked}
    assert (told[SlurmSource.PYSLURM], told[SlurmSource.SACCT]) == (False, True)
    assert len(slurm.calls("sacct")) == 3


def test_looking_for_pyslurm_does_not_import_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether pyslurm is there is found without importing it, since a broken slurm.conf ends the process."""
    monkeypatch.setattr(sys, "path", [])
    assert not from_pyslurm.is_installed()
    (tmp_path / "pyslurm.py").write_text("raise SystemExit")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert from_pyslurm.is_installed()
