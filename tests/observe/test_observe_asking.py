"""Check a whole round of questions, with commands that answer as Slurm's do in good and in bad times."""

from pathlib import Path

import pytest

from afterall.model import JobId, Observation, SlurmSource, SlurmState, State
from afterall.observe import Question, observe, over
from afterall.settings import SiteSettings
from observe.observe_slurm import NOW, SET, START, FakeSlurm, at, sacct_row, scontrol_line, squeue_row

QUESTION = Question(work_dir=SET, uid=1001, since=at(0))
REFUSED = "sacct: error: _conn_open: failed to open persistent connection to host:db:6819: Connection refused"
UNKNOWN_JOB = "slurm_load_jobs error: Invalid job id specified\n"


@pytest.fixture
def slurm(tmp_path: Path) -> FakeSlurm:
    """Give a Slurm that knows of no job."""
    slurm = FakeSlurm(tmp_path / "bin")
    slurm.says("sacct", "")
    slurm.says("squeue", "")
    slurm.says("scontrol", "", code=1, complaint=UNKNOWN_JOB)
    return slurm


def ask(slurm: FakeSlurm, question: Question = QUESTION, timeout_s: float = 20) -> Observation:
    """Observe one set without pyslurm."""
    return observe(question, slurm.commands(timeout_s), NOW, use_pyslurm=False)


def answers(observation: Observation) -> dict[SlurmSource, tuple[bool, str]]:
    """Return by source whether it answered, and why not."""
    return {report.source: (report.answered, report.detail) for report in observation.asked}


def test_ended_and_living_jobs(slurm: FakeSlurm) -> None:
    """Accounting tells what ended, the queue what lives, and the set is not over."""
    slurm.says("sacct", sacct_row("7", State="FAILED", ExitCode="3:0") + sacct_row("7.batch", State="FAILED"))
    slurm.says("squeue", squeue_row("8") + squeue_row("9", T="PENDING", r="Priority", N=""))
    observation = ask(slurm)
    assert [(leg.job_id, leg.state) for leg in observation.attempts] == [
        ("7", State.FAILED),
        ("8", State.RUNNING),
        ("9", State.PENDING),
    ]
    assert {leg.cluster for leg in observation.attempts} == {"lab"}
    assert not over(observation, SiteSettings(), NOW).is_over
    assert answers(observation) == {SlurmSource.SACCT: (True, ""), SlurmSource.SQUEUE: (True, "")}


def test_one_query_each(slurm: FakeSlurm) -> None:
    """However many jobs there are, accounting and the queue are asked once."""
    slurm.says("sacct", "".join(sacct_row(str(number)) for number in range(1, 500)))
    assert len(ask(slurm).attempts) == 499
    assert (len(slurm.calls("sacct")), len(slurm.calls("squeue")), len(slurm.calls("scontrol"))) == (1, 1, 0)


def test_jobs_of_other_sets_are_left_out(slurm: FakeSlurm) -> None:
    """A window brings all the user's jobs; only the set's are kept, and no others are asked about."""
    slurm.says("sacct", sacct_row("7", WorkDir="/elsewhere", State="RUNNING") + sacct_row("8"))
    slurm.says("squeue", squeue_row("9", Z="/elsewhere") + squeue_row("10", Z="/elsewhere", T="FAILED"))
    assert [leg.job_id for leg in ask(slurm).attempts] == ["8"]
    assert slurm.calls("scontrol") == []


def test_names_cannot_forge_records(slurm: FakeSlurm) -> None:
    """A job whose name holds a whole record, in the documented separator, is one job with an odd name."""
    forged = "x\n" + sacct_row("99", "\x1f", User="other")
    slurm.says("sacct", sacct_row("7", JobName=forged, Comment=forged))
    (attempt,) = ask(slurm).attempts
    assert (attempt.job_id, attempt.name) == ("7", forged)


def test_a_command_that_ignores_the_separator(slurm: FakeSlurm) -> None:
    """An answer in the documented form is read as well."""
    slurm.says("sacct", sacct_row("7", "\x1f"))
    slurm.says("squeue", squeue_row("8", "\x1f"))
    assert [leg.job_id for leg in ask(slurm).attempts] == ["7", "8"]


@pytest.mark.parametrize(
    "complaint", ["Slurm accounting storage is disabled", REFUSED], ids=["disabled", "refused"]
)
def test_accounting_is_down(slurm: FakeSlurm, complaint: str) -> None:
    """Without accounting the controller answers, with exact exit codes, and the first complaint is told."""
    slurm.says("sacct", "", code=1, complaint=f"{complaint}\nsacct: error: Problem talking to the database\n")
    slurm.says("squeue", squeue_row("7", T="FAILED", e=str(START + 60)))
    slurm.says("scontrol", scontrol_line("7", "FAILED", ExitCode="137:0"))
    observation = ask(slurm)
    (attempt,) = observation.attempts
    assert (attempt.state, attempt.exit_code, attempt.source) == (State.FAILED, 137, SlurmSource.SCONTROL)
    assert answers(observation)[SlurmSource.SACCT] == (False, complaint)
    assert not observation.accounting_answered


def test_accounting_is_slow(slurm: FakeSlurm) -> None:
    """A database that does not answer in time does not keep the queue from being asked."""
    slurm.does("sacct", "sleep 60\n")
    slurm.says("squeue", squeue_row("7"))
    observation = ask(slurm, timeout_s=0.5)
    assert [leg.job_id for leg in observation.attempts] == ["7"]
    assert answers(observation)[SlurmSource.SACCT] == (False, "sacct: no answer within 0.5 s")


def test_accounting_lags(slurm: FakeSlurm) -> None:
    """What accounting still calls running has ended if the controller says so."""
    slurm.says("sacct", sacct_row("7", State="RUNNING", End="Unknown", SubmitLine="sbatch x"))
    slurm.says("squeue", squeue_row("7", T="TIMEOUT", e=str(START + 60)))
    slurm.says("scontrol", scontrol_line("7", "TIMEOUT", ExitCode="0:15"))
    (attempt,) = ask(slurm).attempts
    assert (attempt.state, attempt.signal, attempt.end, attempt.submit_line) == (
        State.TIMEOUT,
        15,
        at(60),
        "sbatch x",
    )


def test_a_runaway_job(slurm: FakeSlurm) -> None:
    """A job that accounting calls running and the controller denies is unknown; in time it is given up."""
    slurm.says("sacct", sacct_row("7", State="RUNNING", End="Unknown"))
    observation = ask(slurm)
    (attempt,) = observation.attempts
    assert (attempt.state, attempt.is_forgotten) == (State.UNKNOWN, True)
    assert slurm.calls("scontrol") == [["-o", "show", "job", "7"]]
    assert not over(observation, SiteSettings(hung_job_s=7200), NOW).is_over
    assert over(observation, SiteSettings(hung_job_s=1800), NOW).is_over


def test_the_controller_is_down(slurm: FakeSlurm) -> None:
    """Without the controller accounting's word stands, and it is asked about one job only."""
    down = "slurm_load_jobs error: Unable to contact slurm controller (connect failure)"
    slurm.says(
        "sacct", "".join(sacct_row(str(number), State="RUNNING", End="Unknown") for number in (7, 8, 9))
    )
    slurm.says("squeue", "", code=1, complaint=down)
    slurm.says("scontrol", "", code=1, complaint=down)
    observation = ask(slurm)
    assert [leg.state for leg in observation.attempts] == [State.RUNNING] * 3
    assert (
        answers(observation)[SlurmSource.SQUEUE]
        == answers(observation)[SlurmSource.SCONTROL]
        == (False, down)
    )
    assert len(slurm.calls("scontrol")) == 1


def test_no_slurm_at_all(tmp_path: Path) -> None:
    """On a machine without Slurm every source says that it is not there."""
    observation = ask(FakeSlurm(tmp_path / "bin"), Question(work_dir=SET, uid=1001, job_ids=(JobId("7"),)))
    assert observation.attempts == ()
    assert answers(observation) == {
        SlurmSource.SACCT: (False, "sacct: not found"),
        SlurmSource.SQUEUE: (False, "squeue: not found"),
        SlurmSource.SCONTROL: (False, "scontrol: not found"),
    }


def test_a_question_with_nothing_to_ask(slurm: FakeSlurm) -> None:
    """Without a user and without ids nothing is asked."""
    observation = ask(slurm, Question(work_dir=SET))
    assert (observation.attempts, observation.asked) == ((), ())
    assert slurm.calls("sacct") == slurm.calls("squeue") == []


def test_unknown_ids_are_an_answer(slurm: FakeSlurm) -> None:
    """The queue fails by ids if it knows none of the ids; that is an empty list."""
    slurm.says("squeue", "", code=1, complaint=UNKNOWN_JOB)
    observation = ask(slurm, Question(work_dir=SET, job_ids=(JobId("7"),)))
    assert answers(observation)[SlurmSource.SQUEUE] == (True, "")


def test_another_record_in_scontrols_answer(slurm: FakeSlurm) -> None:
    """A record of a job that was not asked about is not believed."""
    slurm.says("sacct", sacct_row("7", State="RUNNING", End="Unknown"))
    slurm.says("scontrol", scontrol_line("7", "RUNNING") + scontrol_line("8", "COMPLETED"))
    assert [leg.job_id for leg in ask(slurm).attempts] == ["7"]


def test_an_unknown_column(slurm: FakeSlurm) -> None:
    """A sacct that lacks a column its version should have is asked for the documented ones."""
    slurm.version = "25.11.7"
    slurm.says("squeue", "")
    slurm.says("sacct", sacct_row("7"))
    slurm.refuses("sacct", "*StdOut*", 'sacct: error: Invalid field requested: "StdOut"')
    assert [leg.job_id for leg in ask(slurm).attempts] == ["7"]
    assert ["StdOut" in call[-1] for call in slurm.calls("sacct")] == [True, False]


def test_a_window_too_wide(slurm: FakeSlurm) -> None:
    """Where slurmdbd limits windows, the known ids are asked for instead."""
    refusal = (
        'case "$*" in *" -s "*) echo "sacct: error: Too wide of a date range in query" >&2; exit 1;; esac\n'
    )
    slurm.says("sacct", sacct_row("7"))
    script = (slurm.directory / "sacct").read_text()
    (slurm.directory / "sacct").write_text(script.replace("for argument", refusal + "for argument", 1))
    observation = ask(slurm, Question(work_dir=SET, uid=1001, job_ids=(JobId("7"),)))
    assert [leg.job_id for leg in observation.attempts] == ["7"]
    assert answers(observation)[SlurmSource.SACCT] == (True, "")


def test_many_ids_in_place_of_a_window_too_wide(slurm: FakeSlurm) -> None:
    """They are asked about in portions, as ever."""
    slurm.says("sacct", "")
    slurm.refuses("sacct", '*" -s "*', "sacct: error: Too wide of a date range in query")
    ids = tuple(JobId(str(number)) for number in range(1, 451))
    observation = ask(slurm, Question(work_dir=SET, uid=1001, job_ids=ids))
    asked = [call[call.index("-j") + 1].split(",") for call in slurm.calls("sacct") if "-j" in call]
    assert [len(part) for part in asked] == [200, 200, 50]
    assert [job_id for part in asked for job_id in part] == list(ids)
    assert answers(observation)[SlurmSource.SACCT] == (True, "")


def test_a_memory_kill_from_a_real_looking_answer(slurm: FakeSlurm) -> None:
    """Steps are folded in a live answer as in a recorded one."""
    row = sacct_row("7", State="FAILED", ExitCode="9:0", AllocTRES="mem=1200M")
    step = sacct_row("7.0", State="CANCELLED by 0", ExitCode="0:9", MaxRSS="1342562304")
    slurm.says("sacct", row + step)
    (attempt,) = ask(slurm).attempts
    assert (attempt.slurm_state, attempt.state, attempt.exit_code) == (
        SlurmState.FAILED,
        State.OUT_OF_MEMORY,
        137,
    )


def test_our_own_summary_job_is_told_apart(slurm: FakeSlurm) -> None:
    """A job that `afterall submit` sent is no leg of the set, and its id is told."""
    summary = sacct_row("9", JobName="afterall-sweep", WorkDir=SET)
    slurm.says("sacct", sacct_row("7") + summary)
    observation = ask(slurm)
    assert [leg.job_id for leg in observation.attempts] == ["7"]
    assert observation.summaries == ("9",)
