import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.discover.names.logs import is_report_output, job_of_directory, parse_log_name, plausible_job_id

WITH_IDS = [
    ("slurm-1.out", "1", None),
    ("slurm-42191.out", "42191", None),
    ("slurm-20261123.out", "20261123", None),
    ("slurm-8_2.out", "8", "2"),
    ("slurm_77.out", "77", None),
    ("slurm-12345_rank4.out", "12345", None),
    ("slurm-12345-8L_words.out", "12345", None),
    ("slurm-3000000000.out", "3000000000", None),
    ("math_reasoning_finetuneAce-3489209.out", "3489209", None),
    ("dann_training_11072298_4294967294.out", "11072298", None),
    ("sweep-5000_17.out", "5000", "17"),
    ("sweep_5000_017.err", "5000", "17"),
    ("train_12345.log", "12345", None),
    ("rank4.12345.err", "12345", None),
    ("rank4.o12345", "12345", None),
    ("rank4.e12345.3", "12345", "3"),
    ("123456.out", "123456", None),
    ("123456_rank4.out", "123456", None),
    ("12254_0_log.out", "12254", None),
    ("12254_3_0_log.err", "12254", "3"),
    ("train-20261123-170252-61234.out", "61234", None),
    ("rank64_123456.out", "123456", None),
    ("lora-eval-5012345-7.log", "5012345", "7"),
    ("job.5012345.0.out", "5012345", "0"),
    ("5012345-3.out", "5012345", "3"),
    ("OLMo-1B.lora_5012345_2.1.train.log", "5012345", "2"),
    ("job-5012345-gpu03.out", "5012345", None),
    ("slurmJob_5012345_lora.out", "5012345", None),
    ("rank4.out.5012345", "5012345", None),
    ("out.5012345_3", "5012345", "3"),
    ("rank4.o5012345.3.node-01", "5012345", "3"),
    ("grid_5012345_2.txt", "5012345", "2"),
    ("5012345.txt", "5012345", None),
]
WITHOUT_IDS = [
    "rank16_seed0.out", "run_2026-11-23.out", "slurm-2026-11-23.out", "slurm-20261123_170252-x.out",
    "run_20261123.out",
    "run_20261123_170252.log", "run_2026-11-23_170252.log", "train_seed_12345.out", "words_steps_10000.out",
    "lr_10000.out", "2026.out", "12.out", "007123.out", "slurm_final_3.error", "llama-3_1.out", "train.out",
    "slurm.out",
    "slurm.err", "slurm_output.txt", "checkpoint-5000.out", "loss_1795417042.out", "model_v-20000.out", "e",
    "output.log", "run-202611-23.out", "data_1000000_samples.out", "x_5000000_steps.log", "lr-10000-3.out",
]  # fmt: skip
NO_LOGS = [
    "log_1795417042.txt", "README.md", "requirements.txt", "config.yaml", "words.txt", "model.o",
    "events.out.tfevents",
    "LICENSE.txt", "pip.log", "slurm-5.out.gz", "finetune.slurm", "", ".out", "notes.txt", "merges.txt",
    "debug-internal.log", "words_100000.txt", "20261123.txt", "out.20261123", "model.o5.cpp", "log.3",
]  # fmt: skip


@pytest.mark.parametrize(("name", "job_id", "task_id"), WITH_IDS)
def test_a_job_id_is_read_from_known_patterns(name: str, job_id: str, task_id: str | None) -> None:
    """Every way that sbatch's patterns and submitit name logs gives the id and the array's task."""
    named = parse_log_name(name)
    assert named is not None
    assert (named.job_id, named.task_id) == (job_id, task_id)


@pytest.mark.parametrize("name", WITHOUT_IDS)
def test_dates_seeds_and_steps_are_no_job_ids(name: str) -> None:
    """A log whose name holds other numbers is a log without an id."""
    named = parse_log_name(name)
    assert named is not None
    assert named.job_id is None


@pytest.mark.parametrize("name", NO_LOGS)
def test_other_files_are_no_logs(name: str) -> None:
    """Files that only look like text logs are left alone, and so is torchtune's own metric log."""
    assert parse_log_name(name) is None


@pytest.mark.parametrize(
    ("name", "is_stderr"),
    [
        ("slurm.err", True), ("slurm.out", False), ("e", True), ("o", False), ("train_err.log", True),
        ("x.stderr", True),
        ("err-12345.out", True), ("rank4.err.5012345", True), ("out_rank4-12345.log", False),
        ("rank4.e12345", True), ("rank4.o12345", False), ("12254_0_log.err", True), ("stderr.log", True),
        ("nohup", False), ("slurm_final_3.error", True),
    ],
)  # fmt: skip
def test_the_stream_is_read(name: str, is_stderr: bool) -> None:
    """Standard error is told from standard output."""
    named = parse_log_name(name)
    assert named is not None
    assert named.is_stderr is is_stderr


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("rank4-12345.out", "rank4"), ("rank4_12345_err.log", "rank4"), ("slurm-12345_rank4.out", "rank4"),
        ("slurm-5.out", "slurm"), ("train_log.txt", "train"), ("sweep_5000_1.out", "sweep"), ("12345.out",
        ""),
        ("err-12345.out", ""), ("err_rank4.12345.out", "rank4"), ("errors_rank4.out", "errors_rank4"),
        ("OLMo.lora_5012345_2.train.log", "OLMo.lora.train"), ("rank4.out.5012345", "rank4"),
        ("rank16_seed0.out", "rank16_seed0"), ("123456_rank4.out", "rank4"), ("stdout.log", ""),
    ],
)  # fmt: skip
def test_the_stem_is_what_is_left(name: str, stem: str) -> None:
    """Without id, stream and extension the name says whose log it is."""
    named = parse_log_name(name)
    assert named is not None
    assert named.stem == stem


@pytest.mark.parametrize("name", ["hy.log", "gpu.log", "run-torchtune.log", "download.log"])
def test_any_other_log_proves_no_run(name: str) -> None:
    """A .log of any name is a log, but nothing that makes its directory an experiment."""
    named = parse_log_name(name)
    assert named is not None
    assert not named.is_evidence


@pytest.mark.parametrize(
    ("name", "job"),
    [
        ("5012345", ("5012345", None)), ("5012345_3", ("5012345", "3")), ("50123", ("50123", None)),
        ("1234", None), ("20261123", None), ("170252", None), ("step_5000", None), ("0512345", None),
    ],
)  # fmt: skip
def test_a_directory_may_bear_its_jobs_id(name: str, job: tuple[str, str | None] | None) -> None:
    """`logs/%A/%a.out` puts the id into a directory's name; dates, times and short numbers are none."""
    assert job_of_directory(name) == job


def test_the_report_jobs_output_is_known() -> None:
    """What the summary job and the hook print is no training log."""
    own = ("results-12.out", "afterall-summary-12.out", "afterall.log", "results_12.err")
    assert all(is_report_output(name) for name in own)
    assert not any(is_report_output(name) for name in ("slurm-12.out", "results_rank4.out", "results.json"))


def test_only_a_plausible_number_stands_for_a_job() -> None:
    """A directory's number is an id when it has at least four digits and is no year."""
    assert [plausible_job_id(text) for text in ("11072298", "0", "12", "2026", "20261123", "x1")] == [
        "11072298", None, None, None, None, None,
    ]  # fmt: skip


LOG_LIKE = st.from_regex(
    r"[a-z]{0,6}[-_.]{0,2}[0-9]{0,12}[-_.]{0,2}[0-9a-z]{0,12}(\.out|\.err|\.log|\.txt)?", fullmatch=True
)


@given(st.one_of(st.text(max_size=300), LOG_LIKE))
def test_any_name_is_read_or_is_no_log(name: str) -> None:
    """Parsing is total, and what it calls an id or task is decimal without leading zeros."""
    named = parse_log_name(name)
    is_report_output(name)
    job = job_of_directory(name)
    assert job is None or (plausible_job_id(job[0]) == job[0] and re.match(rf"{job[0]}(?!\d)", name))
    if named is not None:
        assert named.job_id is None or re.fullmatch(r"\d+", named.job_id, re.ASCII)
        assert named.task_id is None or re.fullmatch(r"0|[1-9]\d*", named.task_id, re.ASCII)
        assert named.task_id is None or named.job_id is not None
