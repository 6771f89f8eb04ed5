"""Read with what a run ran, as wandb records it: environment, packages, samples of its GPUs."""

import io
import json

import pytest

from afterall.errors import BadInput
from afterall.scan.traces import Trace
from afterall.scan.trainers.wandb_file import read_run
from afterall.scan.trainers.wandb_files import read_config, read_metadata, read_requirements
from scan.run_making import fixture
from scan.trace_reading import chosen, facts, file_trace, last_part, rows
from scan.wandb_making import count, items, message, stats, text, wandb_file

COMMIT = "456ef7a89fa01af018c602f6d76ccacabd2c247b"
ENVIRONMENT = message(
    26,
    text(2, b"CPython 3.11.7"),
    message(9, text(1, b"https://user:secret@example.org/x.git"), text(2, COMMIT.encode())),
    text(18, b"NVIDIA H100 80GB HBM3"),
    count(19, 4),
    text(25, b"12.4"),
)
TELEMETRY = message(11, text(4, b"3.11.7"), text(5, b"0.25.0"), text(6, b"4.57.1"))


def told(trace: Trace) -> dict[str, object]:
    """Return a trace's provenance without its sources."""
    return {name: fact.value for name, fact in trace.provenance.items()}


def test_the_environment_record_is_read() -> None:
    """Python, commit, GPU and CUDA stand in one record; the address of the code is left alone."""
    trace = file_trace(read_run, wandb_file(TELEMETRY, ENVIRONMENT), "r.wandb")
    assert told(trace) == {
        "version.python": "3.11.7",
        "version.wandb": "0.25.0",
        "version.transformers": "4.57.1",
        "git_commit": COMMIT,
        "gpu": "NVIDIA H100 80GB HBM3",
        "gpu_count": 4,
        "version.cuda": "12.4",
    }
    assert trace.provenance["gpu"].source.where == "environment record"


def test_an_environment_in_pieces_is_read() -> None:
    """Since 0.20 the GPU comes in a record of its own, by the driver's list of devices."""
    gpus = message(26, count(19, 2), message(24, text(1, b"NVIDIA A100-SXM4-80GB")))
    trace = file_trace(read_run, wandb_file(message(26, text(2, b"CPython 3.12.1")), gpus), "r.wandb")
    assert told(trace) == {
        "version.python": "3.12.1",
        "gpu": "NVIDIA A100-SXM4-80GB",
        "gpu_count": 2,
    }


def test_samples_of_gpus_are_summed_up() -> None:
    """Mean utilization and power are over all samples of all GPUs, the peak of memory that of one."""
    samples: list[dict[str, object]] = [
        {"gpu.0.gpu": 90, "gpu.1.gpu": 70, "gpu.0.powerWatts": 400.5, "gpu.1.powerWatts": 299.5, "cpu": 3},
        {"gpu.0.gpu": 100, "gpu.1.gpu": 60, "gpu.1.memoryAllocatedBytes": 3 * 2**30},
        {"gpu.0.gpu": "NaN", "gpu.process.0.gpu": 1, "gpu.0.memoryAllocatedBytes": 2**30, "gpu.0.gpuX": 5},
    ]
    trace = file_trace(read_run, wandb_file(*stats(samples)), "r.wandb")
    assert facts(trace) == {
        "gpu_utilization_mean_percent": 80.0,
        "gpu_utilization_max_percent": 100.0,
        "gpu_power_mean_w": 350.0,
        "gpu_memory_used_peak_gib": 3.0,
    }
    places = {name: fact.source.where for name, fact in trace.facts.items()}
    assert places["gpu_utilization_mean_percent"] == "mean of 4 samples, GPUs 0-1"
    assert places["gpu_memory_used_peak_gib"] == "greatest of 2 samples, GPU 1"


def test_a_summary_stands_in_for_a_history_that_is_not_there() -> None:
    """Values that were only put into the summary are the last ones; beside a history they do not count."""
    summary = message(3, items(1, {"train/loss": 0.5, "eval/loss": 0.7, "other": 1}))
    alone = file_trace(read_run, wandb_file(summary), "r.wandb")
    assert {key: rows(alone, key)[-1].value for key in alone.curves} == {"loss": 0.5, "val_loss": 0.7}
    history = message(2, items(1, {"train/loss": 0.6, "train/global_step": 3}))
    both = file_trace(read_run, wandb_file(history, summary), "r.wandb")
    assert {key: rows(both, key)[-1].value for key in both.curves} == {"loss": 0.6}


def test_the_metadata_file_is_read() -> None:
    """Until 0.19 the environment stands in a JSON file; the job it names is the one that wrote it."""
    metadata = {
        "python": "3.10.14",
        "git": {"remote": "https://x:y@example.org", "commit": COMMIT},
        "gpu": "NVIDIA A100-SXM4-80GB",
        "gpu_count": 8,
        "cudaVersion": "12.2",
        "slurm": {"job_id": "4711"},
        "args": ["--hf_token", "hf_abcdefghijklmnopqrstuv"],
    }
    trace = file_trace(read_metadata, json.dumps(metadata).encode(), "wandb-metadata.json")
    assert told(trace) == {
        "version.python": "3.10.14",
        "version.cuda": "12.2",
        "git_commit": COMMIT,
        "gpu": "NVIDIA A100-SXM4-80GB",
        "gpu_count": 8,
    }
    assert (trace.job_id, trace.trains) == ("4711", False)


@pytest.mark.parametrize(
    "hostile",
    [{"git": 1, "gpu": ["x"], "gpu_count": True}, {"gpu_nvidia": [], "git": {"commit": "not a hash"}}, {}],
)
def test_hostile_metadata_tell_nothing(hostile: object) -> None:
    """Values of wrong types are passed over."""
    assert read_metadata(io.BytesIO(json.dumps(hostile).encode()), "m.json") is None


def test_cut_metadata_are_refused() -> None:
    """A file that was not written to its end is damaged, and says so."""
    with pytest.raises(BadInput):
        read_metadata(io.BytesIO(b'{"python": "3.1'), "m.json")


def test_packages_are_read_line_by_line() -> None:
    """Of all packages of an environment those that decide numbers are kept; a cut last line is none."""
    data = fixture("wandb/requirements-0.31.txt")
    trace = file_trace(read_requirements, data, "requirements.txt")
    assert told(trace)["version.torch"] == "2.13.0+cpu"
    assert told(trace)["version.trl"] == "1.16.0"
    assert "version.urllib3" not in told(trace)
    for end in range(0, len(data), 7):
        cut = read_requirements(io.BytesIO(data[:end]), "requirements.txt")
        assert cut is None or told(cut).items() <= told(trace).items()


def test_wandbs_own_settings_tell_versions() -> None:
    """The online config.yaml has wandb's own part, beside the user's values."""
    config = (
        b"_wandb:\n    value:\n        cli_version: 0.19.11\n        python_version: 3.11.4\n"
        b"        huggingface_version: 4.51.3\nlr:\n    value: 0.001\n"
    )
    trace = file_trace(read_config, config, "config.yaml")
    assert told(trace) == {
        "version.wandb": "0.19.11",
        "version.python": "3.11.4",
        "version.transformers": "4.51.3",
    }
    assert read_config(io.BytesIO(b"lr:\n    value: 0.001\n"), "config.yaml") is None
    for end in range(len(config)):
        cut = read_config(io.BytesIO(config[:end]), "config.yaml")
        assert cut is None or told(cut).items() <= told(trace).items(), end


def test_only_files_of_a_run_are_wandbs() -> None:
    """A requirements.txt or config.yaml of the user's own is left alone; of runs the newest counts."""
    run = "r/wandb/offline-run-20261123_063325-51h7gb6f/files/"
    old = "r/wandb/run-20261122_063325-51h7gb6e/files/"
    paths = ["r/requirements.txt", "r/config.yaml", old + "requirements.txt", run + "requirements.txt"]
    assert chosen("wandb", [*paths, run + "config.yaml"]) == [run + "requirements.txt", run + "config.yaml"]


def test_the_log_tells_wandbs_version() -> None:
    """The first line wandb prints names its version."""
    [trace] = last_part(fixture("wandb/0.21.4-nofinish.out")).traces
    assert told(trace) == {"version.wandb": "0.21.4"}
    assert trace.curves == {}
