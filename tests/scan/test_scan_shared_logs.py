"""Cut logs that several jobs wrote into at their borders, and nowhere else."""

import pytest

from afterall.model import FindingCode
from scan.run_making import fixture
from scan.trace_reading import facts, last_part, numbers, parts_of, rows, trace_by, values

WHOLE = fixture("torchtune/whole-0.6.out")
OTHER = fixture("torchtune/whole-0.4.out")
PREEMPTED = b"slurmstepd: error: *** JOB 7 ON n1 CANCELLED AT 2026-01-01T00:00:00 DUE TO PREEMPTION ***\n"


@pytest.mark.parametrize(
    "name",
    [
        "torchtune/whole-0.4.out",
        "torchtune/whole-0.6.out",
        "torchtune/whole-main.out",
        "huggingface/whole-5.23.out",
        "huggingface/trl-5.23.out",
        "wandb/latest-plain.out",
        "lightning/slurm-csv.out",
        "submitit/12254_0_log.out",
    ],
)
def test_one_jobs_log_is_one_part(name: str) -> None:
    """Banner, tracker and totals of one run in a row are no borders."""
    assert len(parts_of(fixture(name))) == 1
    assert last_part(fixture(name)).restarts == 0


def test_the_last_job_in_a_shared_log_counts() -> None:
    """A log with two runs gives the second one's numbers, lines and findings."""
    parts = parts_of(WHOLE + OTHER)
    assert len(parts) == 2
    assert len(values(parts[0].traces[0], "loss")) == 150
    assert values(parts[1].traces[0], "loss") == values(trace_by("torchtune", OTHER), "loss")
    assert [finding.code for finding in parts[0].findings] == [FindingCode.LINE_COPY_FAILED]
    assert parts[1].findings == ()


ENDED = (
    *(f"huggingface/{name}.out" for name in ("notqdm-4.46", "notqdm-5.24", "resumed-5.24", "rows-4.46")),
    *(f"huggingface/{name}.out" for name in ("tokens-5.24", "trl-5.23", "whole-5.23")),
    *("lightning/tqdm-1.9.out", "litgpt/full-0.5.out", "litgpt/lora_r4-0.5.out", "llamafactory/sft-0.9.out"),
    *(
        "torchtune/dpo-0.6.out",
        "torchtune/full-0.6.out",
        "torchtune/whole-0.4.out",
        "torchtune/whole-0.6.out",
    ),
    *(
        "trl/dpo-0.12.out",
        "trl/grpo-1.16.out",
        "trl/kto-1.16.out",
        "trl/orpo-0.12.out",
        "trl/reward-1.16.out",
    ),
)


def without_end(log: bytes) -> bytes:
    """Cut a log at a record's end before the first word of its trainer that it is done."""
    for tenths in range(9, 2, -1):
        place = len(log) * tenths // 10
        cut = log[: max(log.rfind(b"\n", 0, place), log.rfind(b"\r", 0, place)) + 1]
        traces = last_part(cut).traces
        if not any(trace.evidence for trace in traces) and any(trace.curves for trace in traces):
            return cut
    raise AssertionError


@pytest.mark.parametrize("name", ENDED)
def test_a_run_killed_below_a_finished_one_has_nothing_of_its_end(name: str) -> None:
    """Appended to the log of one that was done, a run tells the very same as in a log of its own."""
    cut = without_end(fixture(name))
    alone, below = last_part(cut), last_part(fixture(name) + cut)
    assert set(numbers(below.traces)) == set(numbers(alone.traces))
    assert [trace.evidence for trace in below.traces if trace.evidence] == []
    assert [facts(t) for t in below.traces if t.facts] == [facts(t) for t in alone.traces if t.facts]


BLOCK = b"***** train metrics *****\n  epoch         =        2.0\n  train_runtime = 0:00:06.14\n"


def test_a_printed_block_of_totals_is_of_the_run_above_it() -> None:
    """A loss below the totals that a script printed is another run's, and those are none of its own."""
    log = fixture("huggingface/whole-5.23.out")
    cut = without_end(log)
    below = last_part(log + BLOCK + cut)
    assert set(numbers(below.traces)) == set(numbers(last_part(cut).traces))
    assert [trace.evidence for trace in below.traces if trace.evidence] == []


def test_lines_are_counted_through_the_whole_file() -> None:
    """Places in the second part are lines of the file, not of the part."""
    before, after = trace_by("torchtune", OTHER), parts_of(WHOLE + OTHER)[1].traces[0]
    shift = WHOLE.count(b"\n")
    assert [row.mark - shift for row in rows(after, "loss")] == [row.mark for row in rows(before, "loss")]


def test_a_job_killed_before_its_first_step_is_a_part_of_its_own() -> None:
    """Slurm's line ends a job although it never trained, and what follows is another's."""
    banner = WHOLE[: WHOLE.index(b"\r  0%|")]
    parts = parts_of(banner + PREEMPTED + OTHER)
    assert [part.has_trained for part in parts] == [False, True]
    assert [finding.code for finding in parts[0].findings] == [FindingCode.LINE_PREEMPTED]


def test_job_ids_cut_and_are_told() -> None:
    """A prolog that names another job begins a part; naming the same one again does not."""
    first, second = b"##    Job ID : 11\nloss: 1.0\n", b"SLURM_JOB_ID=12\nloss: 2.0\n"
    assert [part.job_id for part in parts_of(first + second + b"Job ID: 12\n")] == ["11", "12"]


def test_an_epilogs_job_id_cuts_nothing() -> None:
    """A job id named for the first time after training is that of the same job."""
    parts = parts_of(OTHER + b"Job ID: 4001\nState: COMPLETED\n")
    assert [(len(parts), part.job_id) for part in parts] == [(1, "4001")]


@pytest.mark.parametrize(
    "ended",
    [
        PREEMPTED,
        PREEMPTED.replace(b"PREEMPTION", b"JOB REQUEUE"),
        PREEMPTED.replace(b"DUE TO PREEMPTION", b"DUE to SIGNAL Terminated"),
    ],
)
def test_a_requeued_job_with_one_id_is_cut(ended: bytes) -> None:
    """After a preemption, a requeue or a cancellation the same job id begins the next leg."""
    leg = b"Job ID: 7\n" + OTHER
    assert len(parts_of(leg + ended + leg)) == 2


def test_a_killed_helper_ends_no_job() -> None:
    """A process that was killed is no end of a job: its log stays one part."""
    killed = b"/var/spool/slurmd/job7/slurm_script: line 4: 21 Killed   nvidia-smi -l 30\n"
    parts = parts_of(b"Job ID: 7\n" + killed + OTHER)
    assert [[finding.code for finding in part.findings] for part in parts] == [[FindingCode.LINE_KILLED]]


def test_an_earlier_jobs_traceback_is_not_the_last_ones() -> None:
    """What ended the job before in the same log is told of its own part alone."""
    boom = b'Traceback (most recent call last):\n  File "/h/t.py", line 2, in f\nValueError: x\n'
    parts = parts_of(OTHER + boom + OTHER)
    assert [[finding.code for finding in part.findings] for part in parts] == [
        [FindingCode.LINE_TRACEBACK],
        [],
    ]


def test_many_parts_stay_few_in_memory() -> None:
    """Of a log that hundreds of jobs appended to, the first and the last parts are kept."""
    parts = parts_of((OTHER[-3000:] + PREEMPTED + b"Job ID: 8\n") * 100)
    assert len(parts) <= 18
