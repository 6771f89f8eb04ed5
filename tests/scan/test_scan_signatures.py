"""Recognise the lines that tell why a run failed, and not those that only look like it."""

import pytest

from afterall.model import Finding, FindingCode, Severity
from afterall.scan.logs.handing import BAR_BYTES
from afterall.scan.logs.signatures import SIGNATURES
from scan.run_making import fixture
from scan.trace_reading import last_part

C = FindingCode

TELLING: list[tuple[FindingCode, str]] = [
    (
        C.LINE_TIME_LIMIT,
        "slurmstepd: error: *** JOB 42191 ON clr1247 CANCELLED AT 2022-04-14T16:17:16 DUE TO TIME LIMIT ***",
    ),
    (
        C.LINE_TIME_LIMIT,
        (
            "slurmstepd-dl-05: error: *** JOB 37946 ON dl-05 CANCELLED AT 2025-12-08T05:58:00 "
            "DUE TO TIME LIMIT ***"
        ),
    ),
    (C.LINE_TIME_LIMIT, "TERM_RUNLIMIT: job killed after reaching LSF run time limit."),
    (
        C.LINE_PREEMPTED,
        "slurmstepd: error: *** JOB 1877080 ON r002 CANCELLED AT 2026-09-25T10:25:59 DUE TO PREEMPTION ***",
    ),
    (
        C.LINE_PREEMPTED,
        (
            "10/20 [00:01<00:01, 12.28s/it]"
            "[2026-03-25T10:34:07.530] error: *** STEP 11509447.0 ON nodeau01 CANCELLED "
            "[2026-03-25T10:34:07.531] error: *** JOB 11509447 ON nodeau01 CANCELLED AT 2026-03-25T10:34:07 "
            "DUE TO PREEMPTION ***"
        ),
    ),
    (C.LINE_CANCELLED, "slurmstepd: error: *** JOB 267039 ON dgx-06 CANCELLED AT 2025-08-21T02:53:05 ***"),
    (
        C.LINE_CANCELLED,
        (
            "[2026-03-30T19:37:26.096] error: *** JOB 10493040 ON gilbreth-h014 "
            "CANCELLED AT 2026-03-30T19:37:26 DUE to SIGNAL Terminated ***"
        ),
    ),
    (C.LINE_CANCELLED, "slurmstepd: error: *** STEP 7.0 ON n1 CANCELLED AT 2025-08-21T02:53:05 ***"),
    (
        C.LINE_CANCELLED,
        "slurmstepd: error: *** JOB 5 ON n1 CANCELLED AT 2025-08-21T02:53:05 DUE TO JOB REQUEUE ***",
    ),
    (C.LINE_NODE_FAILURE, "srun: error: Node failure on jean-zay-iam37"),
    (
        C.LINE_NODE_FAILURE,
        (
            "slurmstepd: error: *** STEP 1943824.0 ON jean-zay-iam17 CANCELLED AT 2023-03-06T03:17:51 "
            "DUE TO NODE FAILURE, SEE SLURMCTLD LOG FOR DETAILS ***"
        ),
    ),
    (
        C.LINE_TASK_EXITED,
        "slurmstepd: error: *** STEP 5.0 ON n CANCELLED AT 2026-01-01T00:00:00 DUE TO TASK FAILURE ***",
    ),
    (C.LINE_TASK_EXITED, "error: *** JOB 9 ON h FAILED (non-zero exit code or other failure mode) ***"),
    (C.LINE_TASK_EXITED, "srun: error: gpu2501: task 0: Exited with exit code 1"),
    (C.LINE_TASK_EXITED, "srun: error: gpu2501: tasks 0-3: Exited with exit code 137"),
    (C.LINE_TASK_EXITED, "srun: error: n1: task 0: Killed"),
    (
        C.LINE_TASK_EXITED,
        (
            "slurmstepd: error: *** STEP 3.0 STEPD TERMINATED ON n1 AT 2026-01-01T00:00:00 "
            "DUE TO JOB NOT ENDING WITH SIGNALS ***"
        ),
    ),
    (
        C.LINE_TASK_EXITED,
        "/var/spool/slurmd/job5/slurm_script: line 9: 411 Segmentation fault      (core dumped) python x.py",
    ),
    (C.LINE_HOST_OUT_OF_MEMORY, "slurmstepd: error: Detected 1 oom-kill event(s) in step 6139636.0 cgroup."),
    (
        C.LINE_HOST_OUT_OF_MEMORY,
        (
            "slurmstepd: error: Detected 2 oom-kill event(s) in step 1.batch cgroup. "
            "Some of your processes may have been killed by the cgroup out-of-memory handler."
        ),
    ),
    (
        C.LINE_HOST_OUT_OF_MEMORY,
        "Detected 1 oom-kill event(s) in StepId=1.batch. Some of your processes may have been killed",
    ),
    (
        C.LINE_HOST_OUT_OF_MEMORY,
        (
            "slurmstepd: error: Detected 1 oom_kill event in StepId=18835145.batch. "
            "Some of the step tasks have been OOM Killed."
        ),
    ),
    (
        C.LINE_HOST_OUT_OF_MEMORY,
        "[2026-03-28T14:27:13.072] error: Detected 3 oom_kill events in StepId=18.batch. Some",
    ),
    (C.LINE_HOST_OUT_OF_MEMORY, "srun: error: holy8a24101: task 0: Out Of Memory"),
    (
        C.LINE_HOST_OUT_OF_MEMORY,
        "slurmstepd: error: StepId=9.0 exceeded memory limit (734003200 > 52428800), being killed",
    ),
    (C.LINE_HOST_OUT_OF_MEMORY, "slurmstepd: error: Exceeded job memory limit"),
    (
        C.LINE_HOST_OUT_OF_MEMORY,
        "/var/spool/slurmd/job18835145/slurm_script: line 46: 2113061 Killed   python3 x.py",
    ),
    (
        C.LINE_CUDA_OUT_OF_MEMORY,
        (
            "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 324.00 MiB. "
            "GPU 0 has a total capacity of 7.63 GiB of which 91.25 MiB is free."
        ),
    ),
    (
        C.LINE_CUDA_OUT_OF_MEMORY,
        "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB",
    ),
    (
        C.LINE_CUDA_OUT_OF_MEMORY,
        (
            "RuntimeError: CUDA out of memory. Tried to allocate 2.93 GiB "
            "(GPU 0; 11.17 GiB total capacity; 5.54 GiB already allocated; 2.22 GiB free)"
        ),
    ),
    (C.LINE_CUDA_OUT_OF_MEMORY, "RuntimeError: CUDA error: out of memory"),
    (C.LINE_CUDA_OUT_OF_MEMORY, "torch.OutOfMemoryError: HIP out of memory. Tried to allocate 1.00 GiB"),
    (
        C.LINE_NCCL,
        (
            "[rank0]:[E1218 20:27:21.426415540 ProcessGroupNCCL.cpp:629] [Rank 0] "
            "Watchdog caught collective operation timeout: "
            "WorkNCCL(SeqNum=1, OpType=BROADCAST, NumelIn=131072000, Timeout(ms)=600000) "
            "ran for 600081 milliseconds"
        ),
    ),
    (
        C.LINE_NCCL,
        (
            "torch.distributed.DistBackendError: NCCL error in: x.cpp:1, "
            "unhandled system error, ncclSystemError: x"
        ),
    ),
    (
        C.LINE_HUB_ACCESS,
        "huggingface_hub.utils._errors.GatedRepoError: 401 Client Error. (Request ID: Root=1-x)",
    ),
    (C.LINE_HUB_ACCESS, "huggingface_hub.errors.GatedRepoError: 403 Client Error."),
    (
        C.LINE_HUB_ACCESS,
        "Cannot access gated repo for url https://huggingface.co/meta-llama/x/resolve/main/config.json.",
    ),
    (C.LINE_HUB_ACCESS, "OSError: You are trying to access a gated repo."),
    (C.LINE_HUB_ACCESS, "Failed to resolve 'huggingface.co' ([Errno -2] Name or service not known)"),
    (
        C.LINE_HUB_ACCESS,
        (
            "ConnectionError: HTTPSConnectionPool(host='huggingface.co', port=443): "
            "Max retries exceeded with url: /api"
        ),
    ),
    (C.LINE_HUB_ACCESS, "OSError: /models/x does not appear to have a file named config.json. Checkout"),
    (C.LINE_DISK_FULL, "OSError: [Errno 122] Disk quota exceeded"),
    (C.LINE_DISK_FULL, "OSError: [Errno 28] No space left on device: '/scratch/x'"),
    (C.LINE_DISK_FULL, "cp: error writing '/archive/x': Disk quota exceeded"),
    (
        C.LINE_FILE_MISSING,
        (
            "/var/spool/slurmd/job1/slurm_script: line 18: "
            "../pytorch.venv/bin/activate: No such file or directory"
        ),
    ),
    (C.LINE_FILE_MISSING, "python: can't open file '/home/x/train.py': [Errno 2] No such file or directory"),
    (C.LINE_FILE_MISSING, "FileNotFoundError: [Errno 2] No such file or directory: 'data.json'"),
    (C.LINE_MODULE_MISSING, "ModuleNotFoundError: No module named 'matplotlib'"),
    (C.LINE_MODULE_MISSING, "ImportError: cannot import name 'x' from 'y'"),
    (
        C.LINE_MODULE_MISSING,
        "CommandNotFoundError: Your shell has not been properly configured to use 'conda activate'.",
    ),
    (C.LINE_MODULE_MISSING, "/var/spool/slurmd/job1/slurm_script: line 5: conda: command not found"),
    (C.LINE_COPY_FAILED, "mv: 'slurm-1.out' and './slurm-1.out' are the same file"),
    (C.LINE_COPY_FAILED, "mv: \u2018slurm-1.out\u2019 and \u2018./slurm-1.out\u2019 are the same file"),
    (C.LINE_COPY_FAILED, "mv: cannot stat 'slurm-2.out': No such file or directory"),
    (C.LINE_COPY_FAILED, "mv: cannot stat \u2018slurm-2.out\u2019: No such file or directory"),
    (C.LINE_COPY_FAILED, "cp: cannot create regular file '/archive/lora/': No such file or directory"),
    (C.LINE_COPY_FAILED, "cp: -r not specified; omitting directory 'out'"),
    (C.LINE_COPY_FAILED, "/usr/bin/cp: missing destination file operand after 'x'"),
    (C.LINE_COPY_FAILED, "0: mv: cannot stat 'x': No such file or directory"),
    (C.LINE_COPY_FAILED, '100%|##| 9/9 [00:01<00:00, 9.0it/s]mv: cannot stat "x": No such file or directory'),
    (
        C.LINE_WANDB,
        "wandb.errors.errors.UsageError: api_key not configured (no-tty). call wandb.login(key=[x])",
    ),
    (C.LINE_WANDB, "wandb: Waiting for W&B process to finish... (failed 1)."),
    (C.LINE_WANDB, "wandb: WARNING Path ./out/wandb/ wasn't writable, using system temp directory."),
    (C.LINE_WANDB, "wandb: ERROR Error while calling W&B API"),
]

HARMLESS = [
    "2025-01-01 E tensorflow/core/grappler/costs/op_level_cost_estimator.cc:699] Error in PredictCost()",
    "the user CANCELLED the dialog",
    "this answer exceeded my expectations about memory",
    "Retrying because of CUDA out of memory, halving the batch",
    "wandb: WARNING Symlinked 1 file into the W&B run directory; call wandb.save again to sync new files.",
    "wandb: Waiting for W&B process to finish... (success).",
    (
        "Using the latest cached version of the dataset since uoft-cs/cifar10 "
        "couldn't be found on the Hugging Face Hub"
    ),
    "HTTPSConnectionPool(host='huggingface.co', port=443): Max retries exceeded. Retrying in 1s [Retry 1/5].",
    "cp: warning: source file 'a' specified more than once",
    "cp: 2",
    "rcp: 'protein' sequence",
    "Killed 3 enemies",
    "Detected kernel version 3.10.0, which is below the recommended minimum of 5.5.0",
    "error: 0.5, Error rate: 0.3",
    "loss: 1.0 No such luck",
]


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
    unsure = "slurm_script: line 8: 21130 Killed   python train.py\n"
    sure = "slurmstepd: error: Detected 1 oom_kill event in StepId=6.batch. Some of the tasks were killed.\n"
    (finding,) = found_in(unsure + sure + unsure)
    assert "oom_kill" in finding.quote
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


def test_a_kill_without_a_reason_is_only_a_warning() -> None:
    """Bash's "Killed" is no proof of missing memory; Slurm's own word is, and is quoted before it."""
    killed = "/var/spool/slurmd/job1/slurm_script: line 4: 21 Killed   python x.py\n"
    assert found_in(killed)[0].gravity is Severity.WARNING
    proven = found_in(killed + "error: Detected 1 oom_kill event in StepId=1.batch. Some\n")[0]
    assert proven.gravity is Severity.ERROR
    assert "oom_kill" in proven.quote


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
        assert row.literal.translate(None, BAR_BYTES), row.literal


def test_every_code_on_lines_has_a_row_or_a_reader() -> None:
    """No kind of line that findings can name is without something that finds it."""
    codes = {code for code in FindingCode if code.value.startswith("line_")}
    assert codes - {row.code for row in SIGNATURES} == {C.LINE_TRACEBACK}
