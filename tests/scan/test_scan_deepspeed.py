"""Read DeepSpeed's own lines, which train nothing."""

from scan.trace_reading import lasts, trace_by, values

HEAD = "[2026-01-01 10:00:00,000] [INFO] "


def test_lines_are_read_and_train_nothing() -> None:
    """Learning rate, speed and the allocator's peak; the loss is for the script to print."""
    log = (
        f"{HEAD}[logging.py:96:log_dist] [Rank 0] step=10, skipped=2, lr=[9.65e-06], mom=[[0.9, 0.95]]\n"
        f"{HEAD}[timer.py:260:stop] epoch=0/micro_step=10/global_step=10, "
        "RunningAvgSamplesPerSec=95.1, CurrSamplesPerSec=95.2, MemAllocated=8.39GB, MaxMemAllocated=11.07GB\n"
    )
    trace = trace_by("deepspeed", log.encode())
    assert values(trace, "learning_rate") == {10: 9.65e-06}
    assert lasts(trace)["samples_per_second"] == 95.1
    assert lasts(trace)["peak_memory_alloc_gib"] == 11.07
    assert not trace.trains


def test_lines_of_2022_tell_no_step_beside_the_speed() -> None:
    """They counted the epoch's micro steps, of which several make a step."""
    log = (
        f"{HEAD}[timer.py:198:stop] 0/40, RunningAvgSamplesPerSec=95.1, CurrSamplesPerSec=95.2, "
        "MemAllocated=8.39GB, MaxMemAllocated=11.07GB\n"
    )
    trace = trace_by("deepspeed", log.encode())
    assert values(trace, "samples_per_second") == {-1: 95.1}
    assert lasts(trace)["peak_memory_alloc_gib"] == 11.07


def test_the_banner_tells_the_version() -> None:
    """The hash in it is DeepSpeed's own build, not the training code's commit."""
    banner = "DeepSpeed info: version=0.14.0, git-hash=abc1234, git-branch=x"
    trace = trace_by("deepspeed", f"{HEAD}[logging.py:96:log_dist] [Rank 0] {banner}\n".encode())
    assert {name: fact.value for name, fact in trace.provenance.items()} == {"version.deepspeed": "0.14.0"}


def test_memory_usage_is_read() -> None:
    """`see_memory_usage` prints the peak since it was last set back, in 2^30 bytes."""
    log = (
        f"{HEAD}[utils.py:801:see_memory_usage] MA 2.1 GB         Max_MA 3.2 GB         CA 4.0 GB"
        "         Max_CA 5 GB \n"
    )
    assert lasts(trace_by("deepspeed", log.encode())) == {"peak_memory_alloc_gib": 3.2}
