"""Read what nvidia-smi sampled while a run went on."""

import io

import pytest

from afterall.scan.trainers.gpu_metrics import read_gpu_metrics
from afterall.scan.trainers.sampling_rounds import gpus_in_rounds
from scan.trace_reading import chosen, facts, file_trace

HEADER = (
    "timestamp, utilization.gpu [%], utilization.memory [%], memory.used [MiB], memory.total [MiB], "
    "power.draw [W], temperature.gpu"
)
NAME = "r/artifacts/gpu_metrics.csv"


def at(second: float) -> str:
    """Return a time of one hour as nvidia-smi prints it."""
    return f"2025/10/16 12:{int(second) // 60:02d}:{second % 60:06.3f}"


def row(second: float, utilization: str = "80 %", memory: str = "2048 MiB", power: str = "360.00 W") -> str:
    """Return one sample of the columns in HEADER."""
    return f"{at(second)}, {utilization}, 40 %, {memory}, 81920 MiB, {power}, 55"


def told(*lines: str) -> dict[str, object]:
    """Return the facts in a file of these lines."""
    return facts(file_trace(read_gpu_metrics, ("\n".join(lines) + "\n").encode(), NAME))


def test_means_peaks_and_energy_are_told() -> None:
    """Two samples 30 s apart at 360 W are 3 Wh; memory is told in GiB."""
    found = told(HEADER, row(0), row(30, "100 %", "3072 MiB"))
    assert found == {
        "gpu_utilization_mean_percent": 90.0,
        "gpu_utilization_max_percent": 100.0,
        "gpu_power_mean_w": 360.0,
        "gpu_memory_used_peak_gib": 3.0,
        "gpu_energy_wh": pytest.approx(3.0),
    }


def test_sources_say_how_many_samples() -> None:
    """A mean is of all samples, a peak of one GPU."""
    trace = file_trace(read_gpu_metrics, f"{HEADER}\n{row(0)}\n{row(30)}\n".encode(), NAME)
    assert trace.facts["gpu_utilization_mean_percent"].source.where == "mean of 2 samples, GPU 0"
    assert trace.facts["gpu_energy_wh"].source.where == "power over time, 1 GPU"
    assert not trace.trains


@pytest.mark.parametrize("nothing", ["[N/A]", "[Not Supported]", "ERR!", "[Unknown Error]", "", "12 C"])
def test_what_is_no_value_does_not_count(nothing: str) -> None:
    """A sensor that a GPU has not, or that failed, gives no value; the others still do."""
    found = told(HEADER, row(0, power=nothing), row(30, power=nothing))
    assert "gpu_power_mean_w" not in found
    assert "gpu_energy_wh" not in found
    assert found["gpu_utilization_mean_percent"] == 80.0


def test_values_without_units_are_read_below_a_header() -> None:
    """`nounits` leaves the header's units."""
    found = told(HEADER, f"{at(0)}, 80, 40, 2048, 81920, 360.00, 55")
    assert (found["gpu_power_mean_w"], found["gpu_memory_used_peak_gib"]) == (360.0, 2.0)


def test_without_a_header_only_the_known_columns_are_read() -> None:
    """`noheader` with units is read where the columns are those of cruijff_kit, else not at all."""
    assert told(row(0), row(30))["gpu_power_mean_w"] == 360.0
    assert read_gpu_metrics(io.BytesIO(f"{at(0)}, 80, 40, 2048, 81920, 360.00, 55\n".encode()), NAME) is None
    assert read_gpu_metrics(io.BytesIO(f"{at(0)}, 80 %, 360.00 W\n".encode()), NAME) is None


def test_gpus_take_turns() -> None:
    """Without an index GPUs are told apart by the pauses between rounds."""
    lines = [
        row(30 * at_round + gpu / 100, f"{50 + gpu} %", f"{1024 * (gpu + 1)} MiB")
        for at_round in range(4)
        for gpu in range(4)
    ]
    trace = file_trace(read_gpu_metrics, ("\n".join([HEADER, *lines]) + "\n").encode(), NAME)
    assert trace.facts["gpu_memory_used_peak_gib"].source.where == "greatest of 16 samples, GPU 3"
    assert trace.facts["gpu_energy_wh"].value == pytest.approx(4 * 9.0)


def test_an_index_tells_the_gpu() -> None:
    """Where the index was asked for it counts, in any order of columns."""
    lines = ["index, power.draw [W], timestamp", f"5, 100.00 W, {at(0)}", f"5, 300.00 W, {at(36)}"]
    trace = file_trace(read_gpu_metrics, ("\n".join(lines) + "\n").encode(), NAME)
    assert trace.facts["gpu_power_mean_w"].source.where == "mean of 2 samples, GPU 5"
    assert trace.facts["gpu_energy_wh"].value == pytest.approx(2.0)


def test_a_pause_adds_no_energy() -> None:
    """A job that was requeued did not draw power meanwhile; nor does a clock that was set back."""
    rows = [row(30 * sample) for sample in range(5)]
    assert told(HEADER, *rows, row(3000), row(3030))["gpu_energy_wh"] == pytest.approx(5 * 3.0)
    assert told(HEADER, *rows, row(60))["gpu_energy_wh"] == pytest.approx(4 * 3.0)


def test_a_second_header_is_no_sample() -> None:
    """A file that two monitors appended to has the header twice, its columns as the last one says."""
    assert told(HEADER, row(0), HEADER, row(30))["gpu_energy_wh"] == pytest.approx(3.0)


def test_other_tables_tell_nothing() -> None:
    """A table of other columns is none of nvidia-smi's."""
    assert read_gpu_metrics(io.BytesIO(b"step,loss\n1,0.5\n"), NAME) is None
    assert read_gpu_metrics(io.BytesIO(b""), NAME) is None


def test_rounds_need_a_pause_between_them() -> None:
    """One GPU is one sample a round, however often it is sampled; two of the same time are two."""
    assert gpus_in_rounds([0.0, 30.0, 60.0, 90.0]) == 1
    assert gpus_in_rounds([0.0, 0.0, 30.0, 30.0]) == 2
    assert gpus_in_rounds([0.0, None, 30.0, 30.0]) == 1
    assert gpus_in_rounds([]) == 1


def test_the_runs_own_file_is_chosen() -> None:
    """Copies lie deeper, in checkpoints."""
    paths = ["r/artifacts/gpu_metrics.csv", "r/artifacts/epoch_0/gpu_metrics.csv", "r/x.csv"]
    assert chosen("gpu_metrics", paths) == ["r/artifacts/gpu_metrics.csv"]
