"""Recognise the lines that tell why a run failed, and not those that only look like it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.model import Finding, FindingCode, Scalar, Severity
from afterall.scan.logs.blocks import BAR_BYTES
from afterall.scan.logs.lines import clean
from afterall.scan.logs.signatures import SIGNATURES
from scan.harmless_lines import HARMLESS
from scan.run_making import fixture
from scan.telling_lines import TELLING
from scan.trace_reading import last_part

C = FindingCode


def found_in(text: str) -> list[Finding]:
    """Return the findings in a log of this text."""
    return list(last_part(text.encode() + b"\n").findings)


@pytest.mark.parametrize(
    ("code", "text"), TELLING, ids=[f"{i}-{code.value}" for i, (code, _) in enumerate(TELLING)]
)
def test_each_known_line_is_recognised(code: FindingCode, text: str) -> None:
    """Each wording, old and new, gives its code, its place, and the line as it stands."""
    findings = {finding.code: finding for finding in found_in(f"first line\n{text}")}
    assert code in findings
    assert findings[code].sources[0].where == "line 2"
    assert findings[code].quote in text


def test_every_row_of_the_table_finds_a_line() -> None:
    """No row of signatures is without a line that only it finds in this way: patterns are all alive."""
    lines = [clean(text.encode())[1].encode() for _, text in TELLING]
    for row in SIGNATURES:
        found = [line for line in lines if row.literal in line and row.pattern.search(line)]
        assert all(row.trigger in line for line in found), row
        assert any(row.refusal is None or row.refusal.search(line) is None for line in found), row


def test_literals_stay_few() -> None:
    """Each literal is searched for in every log, so that rows share them where they can."""
    assert len({row.trigger for row in SIGNATURES}) <= 56


@pytest.mark.parametrize("text", HARMLESS)
def test_words_that_only_look_like_it_are_left_alone(text: str) -> None:
    """A line that only sounds alarming is no finding."""
    assert found_in(text) == []


@pytest.mark.parametrize(
    "name",
    [
        "torchtune/whole-0.4.out",
        "torchtune/whole-main.out",
        "huggingface/trl-5.23.out",
        "wandb/latest-many.out",
    ],
)
def test_logs_of_sound_runs_hold_no_telling_line(name: str) -> None:
    """Real logs of runs that went well give no finding at all."""
    assert last_part(fixture(name)).findings == ()


def test_a_code_is_told_once_with_count_and_both_ends() -> None:
    """Many lines of one kind are one finding: how many, the first place and the last."""
    line = "srun: error: n1: task 0: Exited with exit code 1\n"
    (finding,) = found_in(line * 3 + "words\n" + line)
    assert finding.evidence["count"] == 4
    assert [source.where for source in finding.sources] == ["line 1", "line 5"]


def test_the_first_place_told_is_that_of_the_quoted_line() -> None:
    """Of several lines the surest is quoted, wherever it stands; the last place is the last line's."""
    unsure = "RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`\n"
    sure = "RuntimeError: CUDA error: out of memory\n"
    (finding,) = found_in(unsure + sure + unsure)
    assert "out of memory" in finding.quote
    assert [source.where for source in finding.sources] == ["line 2", "line 1", "line 3"]
    (finding,) = found_in(unsure + unsure + sure)
    assert [source.where for source in finding.sources] == ["line 3"]


def test_named_groups_become_evidence() -> None:
    """Numbers in the line are numbers in the evidence; ids stay text."""
    (finding,) = found_in(
        "slurmstepd: error: StepId=9.0 exceeded memory limit (1342562304 > 1258291200), being killed"
    )
    assert finding.evidence == {
        "count": 1,
        "step": "9.0",
        "used_bytes": 1342562304,
        "limit_bytes": 1258291200,
    }


def test_a_killed_step_is_aftermath_of_its_cause() -> None:
    """The cancelled step's line is not told beside the memory kill that caused it, but is told alone."""
    step = "slurmstepd: error: *** STEP 9.0 ON n1 CANCELLED AT 2026-11-23T07:20:57 ***\n"
    memory = "slurmstepd: error: Exceeded job memory limit\n"
    assert [finding.code for finding in found_in(memory + step)] == [C.LINE_HOST_OUT_OF_MEMORY]
    assert [finding.code for finding in found_in(step)] == [C.LINE_CANCELLED]


KILLED = "/var/spool/slurmd/job1/slurm_script: line 4: 21 Killed   python x.py\n"


def test_a_kill_without_a_reason_claims_none() -> None:
    """Bash's "Killed" is no proof of missing memory: it is told by a code of its own, as a warning."""
    (finding,) = found_in(KILLED)
    assert (finding.code, finding.gravity) == (C.LINE_KILLED, Severity.WARNING)


@pytest.mark.parametrize(
    "cause",
    [
        "error: Detected 1 oom_kill event in StepId=1.batch. Some of the step tasks have been OOM Killed.\n",
        "slurmstepd: error: *** JOB 5 ON n1 CANCELLED AT 2025-08-21T02:53:05 ***\n",
        "slurmstepd: error: *** JOB 5 ON n1 CANCELLED AT 2025-08-21T02:53:05 DUE TO TIME LIMIT ***\n",
    ],
)
def test_a_kill_is_told_with_its_reason_alone(cause: str) -> None:
    """Where Slurm says why, the killed process is not told beside it."""
    (finding,) = found_in(KILLED + cause)
    assert finding.code is not C.LINE_KILLED


def test_an_abort_of_the_watchdog_is_told_by_its_timeout() -> None:
    """A rank that NCCL's watchdog aborted (signal 6) is no crash beside the timeout; alone it is one."""
    timeout = "[Rank 0] Watchdog caught collective operation timeout: WorkNCCL(SeqNum=1, OpType=BROADCAST)\n"
    aborted = "E0 api.py:869] failed (exitcode: -6) local_rank: 0 (pid: 31) of binary: python\n"
    assert [finding.code for finding in found_in(timeout + aborted)] == [C.LINE_NCCL]
    assert [finding.code for finding in found_in(aborted)] == [C.LINE_KILLED]


@pytest.mark.parametrize(
    ("text", "evidence"),
    [
        (
            "RuntimeError: CUDA error: device-side assert triggered",
            {"kernel": "device-side assert triggered"},
        ),
        ("RuntimeError: No CUDA GPUs are available", {"no_gpu": "No CUDA GPUs are available"}),
        (
            "RuntimeError: DataLoader worker (pid 12) is killed by signal: Killed.",
            {"worker": "12", "how": "Killed"},
        ),
        ("/bin/sh: 1: torchrun: not found", {"command": "torchrun"}),
        (
            "bash: line 3: ./t: cannot execute binary file: Exec format error",
            {"program": "./t", "problem": "Exec format error"},
        ),
        ("ImportError: /e/f.so: undefined symbol: _ZN3c10", {"built": "/e/f.so", "symbol": "_ZN3c10"}),
        ("OSError: [Errno 116] Stale file handle: '/s/x'", {"problem": "Stale file handle", "file": "/s/x"}),
        (
            (
                "torch.distributed.DistNetworkError: The server socket has failed to listen on any local "
                "network address. port: 29500, useIpv6: false, code: -98, name: EADDRINUSE, message: address "
                "already in use"
            ),
            {"port": "29500"},
        ),
        (
            "huggingface_hub.errors.GatedRepoError: 403 Client Error.",
            {"error": "GatedRepoError", "status": 403},
        ),
        ("Loss is nan, stopping training", {"value": "nan"}),
        ("OSError: [Errno 12] Cannot allocate memory", {"refused": "Cannot allocate memory"}),
        (
            "srun: error: Unable to create step for job 5: Requested node configuration is not available",
            {"problem": "Requested node configuration is not available"},
        ),
    ],
)
def test_what_the_words_need_is_evidence(text: str, evidence: dict[str, Scalar]) -> None:
    """Each line gives the names that its sentence, cause and advice are chosen by."""
    (finding,) = found_in(text)
    assert finding.evidence == {"count": 1, **evidence}


@pytest.mark.parametrize(
    "text",
    [
        f"{prefix}OSError: [Errno 28] No space left on device: '/x/y'"
        for prefix in (
            "",
            "[rank3]: ",
            "3: ",
            "(Worker pid=12) ",
            "\x1b[36m(Worker pid=12)\x1b[0m ",
            "[ERROR] ",
        )
    ],
)
def test_prefixes_of_ranks_and_loggers_hide_no_line(text: str) -> None:
    """An exception's line is known behind what launchers and loggers put before it."""
    (finding,) = found_in(text)
    assert (finding.code, finding.evidence["file"]) == (C.LINE_DISK_FULL, "/x/y")


def test_cutting_a_line_invents_nothing() -> None:
    """What a log that was cut at any byte tells, the whole one tells too, value by value."""
    for _, text in TELLING:
        whole = {finding.code: finding.evidence for finding in found_in(text)}
        for end in range(len(text)):
            for finding in last_part(text[:end].encode()).findings:
                assert finding.evidence.items() <= whole[finding.code].items(), text[:end]


@given(st.binary(max_size=400))
def test_any_bytes_around_a_line_are_survived(noise: bytes) -> None:
    """No row and no prefix makes the reader fail, whatever stands before and behind a telling line."""
    for _, text in TELLING[::7]:
        last_part(noise + text.encode() + noise + b"\n")


def test_of_copies_that_failed_the_last_is_quoted() -> None:
    """The last line of a script decides its exit code, so the last failed copy is shown."""
    text = "mv: cannot stat 'a': No such file or directory\nmv: 'b' and './b' are the same file\n"
    assert found_in(text)[0].quote.startswith("mv: 'b'")


def test_secrets_are_not_quoted() -> None:
    """A token within a telling line is masked in quote and evidence."""
    finding = found_in("OSError: [Errno 28] No space left on device: '/x/hf_abcdefghijklmnopqrstuv'")[0]
    assert "hf_abc" not in finding.quote
    assert "hf_abc" not in str(finding.evidence)


def test_every_literal_is_in_lines_that_are_not_bars() -> None:
    """Blocks of nothing but bars are passed over, so no literal may consist of a bar's bytes alone."""
    for row in SIGNATURES:
        assert row.trigger.translate(None, BAR_BYTES), row.trigger


def test_every_code_on_lines_has_a_row_or_a_reader() -> None:
    """No kind of line that findings can name is without something that finds it."""
    codes = {code for code in FindingCode if code.value.startswith("line_")}
    assert codes - {row.code for row in SIGNATURES} == {C.LINE_TRACEBACK}
