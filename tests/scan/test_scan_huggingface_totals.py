"""Read what HF Trainer's totals say otherwise than the rows before them."""

import json

from afterall.scan.trainers.huggingface_state import read_state
from scan.trace_reading import file_trace, kinds, rows, trace_by


def test_the_peak_memory_is_the_sum_of_what_stages_added() -> None:
    """`skip_memory_metrics=False` tells bytes by stage; together they are the peak of GPU 0's allocator."""
    totals = {
        "train_runtime": 1.0,
        "train_loss": 2.0,
        "step": 4,
        "before_init_mem_gpu": 2**30,
        "init_mem_gpu_alloc_delta": 2**29,
        "train_mem_gpu_alloc_delta": 2**29,
        "train_mem_gpu_peaked_delta": 2**30,
    }
    state = {"log_history": [totals], "global_step": 4}
    trace = file_trace(read_state, json.dumps(state).encode(), "s.json")
    assert [row.value for row in rows(trace, "peak_memory_alloc_gib")] == [3.0]
    del totals["before_init_mem_gpu"]
    trace = file_trace(read_state, json.dumps(state).encode(), "s.json")
    assert "peak_memory_alloc_gib" not in trace.curves


def test_a_rate_over_no_step_is_no_rate() -> None:
    """Axolotl's totals have a throughput of 0 behind the last row's own."""
    log = (
        b"{'loss': '1.5', 'tokens/train_per_sec_per_gpu': '812.5', 'memory/max_active (GiB)': '2.42', "
        b"'memory/device_reserved (GiB)': '7.89', 'epoch': '1'}\n"
        b"{'train_runtime': '2', 'train_loss': '1.6', 'tokens/train_per_sec_per_gpu': '0', 'epoch': '1'}\n"
    )
    trace = trace_by("huggingface", log)
    assert [row.value for row in rows(trace, "tokens_per_second_per_gpu")] == [812.5]
    assert [row.value for row in rows(trace, "peak_memory_active_gib")] == [2.42]
    assert [row.value for row in rows(trace, "peak_memory_reserved_gib")] == [7.89]


OLD_TOTALS = {"train_runtime": 110.5, "train_samples_per_second": 1.8, "epoch": 3.0}


def test_totals_without_a_mean_loss_are_the_end() -> None:
    """Before 4.5 the totals had a runtime and one rate; both their row and their line tell the end."""
    history = [{"loss": 1.9, "epoch": 3.0, "step": 30}, {**OLD_TOTALS, "step": 30, "total_flos": 1}]
    state = {"log_history": history, "global_step": 30}
    trace = file_trace(read_state, json.dumps(state).encode(), "s.json")
    assert kinds(trace) == ["done_line"]
    printed = f"{{'loss': 1.9, 'epoch': 3.0}}\n{OLD_TOTALS}\n".encode()
    assert kinds(trace_by("huggingface", printed)) == ["done_line"]
    assert [row.value for row in rows(trace_by("huggingface", printed), "train_seconds")] == [110.5]


def test_the_runtime_in_a_row_of_transformers_5_is_no_end() -> None:
    """A row that tells the runtime so far beside its loss is none of totals."""
    printed = b"{'loss': '1.9', 'train_runtime': '12.3', 'epoch': '1'}\n"
    assert kinds(trace_by("huggingface", printed)) == []
