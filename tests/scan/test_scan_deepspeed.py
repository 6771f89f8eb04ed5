"""Read DeepSpeed's own lines, which train nothing, and its launcher's."""

import pytest

from scan.trace_reading import last_part, lasts, trace_by, values

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


def _node(rank: int, nodes: int = 2) -> str:
    return f"worker-{rank}: {HEAD}[launch.py:152:main] nnodes={nodes}, num_local_procs=2, node_rank={rank}\n"


def _ended(*pids: int) -> str:
    return "".join(f"{HEAD}[launch.py:285:main] Process {pid} exits successfully.\n" for pid in pids)


@pytest.mark.parametrize(
    ("log", "is_told"),
    [
        (_node(0, 1) + "step 1 | loss 5.3\n" + _ended(7, 8), True),
        (_node(0) + _node(1) + _ended(7, 8, 7, 9), True),
        (_node(0, 1) + _ended(7, 8) + _node(0, 1) + _ended(9, 10), True),
        (_node(0, 1) + _ended(7), False),
        (_node(0) + _node(1) + _ended(7, 8), False),
        (_node(0) + _ended(7, 8), False),
        (_node(0, 1) + _node(0, 1) + _ended(9, 10), False),
        (_ended(7, 8), False),
        (_node(0, 1) + _ended(7, 8)[:-1], False),
        (_node(0, 0) + _ended(7, 8), False),
    ],
)
def test_the_launcher_tells_that_the_program_came_back(log: str, *, is_told: bool) -> None:
    """Only where each process of each node and launch did: one that was killed leaves no such line."""
    evidence = [one for trace in last_part(log.encode()).traces for one in trace.evidence]
    assert [(one.kind, one.speaks_for) for one in evidence] == ([("program_ended", True)] if is_told else [])
