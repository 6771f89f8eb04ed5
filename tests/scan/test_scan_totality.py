"""Hold every reader of traces against any bytes, and against every cut of what real programs wrote."""

import io
from collections.abc import Callable
from typing import IO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterall.errors import BadInput
from afterall.scan.evaluations.harness import read_harness_results
from afterall.scan.evaluations.inspect_ai import read_inspect_log
from afterall.scan.parameters import decoding
from afterall.scan.parameters.directory_names import parse_directory_name
from afterall.scan.parameters.gathering import Said, gather
from afterall.scan.parameters.model_card import parse_model_card
from afterall.scan.parameters.scripts.command_lines import script_settings
from afterall.scan.parameters.scripts.given import Given
from afterall.scan.parameters.scripts.submit_lines import parse_submit_line
from afterall.scan.parameters.standing import Standing
from afterall.scan.trainers import TRAINERS
from scan.run_making import fixture
from scan.trace_reading import numbers, parts_of

LOGS = (
    "torchtune/whole-0.6.out",
    "torchtune/nan-0.6.out",
    "torchtune/whole-0.4.out",
    "torchtune/whole-main.out",
    "torchtune/accumulating-0.2.out",
    "torchtune/dpo-0.6.out",
    "torchtune/full-0.6.out",
    "torchtune/kd-0.6.out",
    "torchtune/resume-0.6.out",
    "huggingface/whole-5.23.out",
    "huggingface/killed-5.23.out",
    "huggingface/trl-5.23.out",
    "huggingface/notqdm-4.46.out",
    "huggingface/notqdm-5.24.out",
    "huggingface/rows-4.46.out",
    "huggingface/tokens-5.24.out",
    "llamafactory/sft-0.9.out",
    "trl/dpo-0.12.out",
    "trl/grpo-1.16.out",
    "trl/kto-1.16.out",
    "trl/orpo-0.12.out",
    "trl/ppo-0.12.out",
    "trl/reward-1.16.out",
    "wandb/0.17.9-many.out",
    "wandb/0.21.4-nan.out",
    "wandb/latest-fail.out",
    "lightning/slurm-csv.out",
    "lightning/rich-2.6.out",
    "litgpt/full-0.5.out",
    "litgpt/lora_r4-0.5.out",
    "hydra/hy.log",
    "submitit/12254_0_log.out",
)
FILES = {
    "huggingface/trainer_state.json": "out/trainer_state.json",
    "huggingface/all_results.json": "out/all_results.json",
    "huggingface/rows-4.46.state.json": "out/checkpoint-12/trainer_state.json",
    "trl/grpo-1.16.state.json": "trl/trainer_state.json",
    "huggingface/events.out.tfevents.1795416570.vm.7670.0": "runs/events.out.tfevents.1",
    "wandb/run-failed.wandb": "wandb/run-1/run-1.wandb",
    "wandb/run-torchtune.wandb": "wandb/run-2/run-2.wandb",
    "lightning/metrics.csv": "lightning_logs/version_0/metrics.csv",
    "lightning/metrics-2.6.csv": "lightning_logs/version_1/metrics.csv",
    "litgpt/metrics.csv": "out/logs/csv/version_0/metrics.csv",
    "tensorboard/lightning-2.6.tfevents": "tb/version_0/events.out.tfevents.1",
    "tensorboard/torch-2.13-tensors.tfevents": "runs/events.out.tfevents.2",
    "mlflow/mlflow-3.17.db": "run/mlflow.db",
    "torchtune/log_1795417042.txt": "logs/log_1795417042.txt",
}
READERS: list[Callable[[IO[bytes], str], object]] = [
    *(files.read for trainer in TRAINERS for files in trainer.files),
    read_inspect_log,
    read_harness_results,
]
CONFIGS = (
    decoding.parse_yaml_file,
    decoding.parse_overrides,
    decoding.parse_tracker_yaml,
    decoding.parse_json_file,
    decoding.parse_adapter,
    decoding.parse_toml_file,
    decoding.parse_tracker_arguments,
    parse_model_card,
)
PIECES = st.sampled_from(
    [line for name in LOGS for line in fixture(name).replace(b"\r", b"\n").split(b"\n") if line][::7]
)
TEXT = st.lists(st.one_of(PIECES, st.binary(max_size=40)), max_size=30)
ENDS = st.sampled_from([b"\n", b"\r", b"\r\n", b"", b"\0", b"\x1b[A\n"])


@given(st.binary(max_size=600))
@settings(max_examples=150)
def test_any_bytes_are_a_log(data: bytes) -> None:
    """Whatever bytes a log holds, reading it gives at least one part."""
    assert parts_of(data)


@given(TEXT, ENDS)
@settings(max_examples=150, deadline=None)
def test_any_mixture_of_real_lines_is_a_log(lines: list[bytes], end: bytes) -> None:
    """Lines of all trainers in any order, damaged and glued together, are read without complaint."""
    for part in parts_of(end.join(lines)):
        assert all(finding.sources for finding in part.findings)
        list(numbers(part.traces))


@pytest.mark.parametrize("name", LOGS)
def test_cutting_a_log_invents_no_number(name: str) -> None:
    """A log that was cut at any byte tells no number that the whole log does not tell."""
    whole = fixture(name)
    known = set(numbers(trace for part in parts_of(whole) for trace in part.traces))
    stride = max(1, len(whole) // 150)
    for end in [*range(0, len(whole), stride), *range(len(whole) - 40, len(whole))]:
        part = parts_of(whole[: max(0, end)])[-1]
        assert set(numbers(t for t in part.traces if t.trainer != "plain")) <= known, end


@pytest.mark.parametrize("name", FILES)
def test_cutting_a_trace_file_invents_no_number(name: str) -> None:
    """A trace file cut at any byte is refused or tells only numbers that the whole file tells."""
    whole, path = fixture(name), FILES[name]
    readers = [files.read for trainer in TRAINERS for files in trainer.files]
    known = {n for read in readers for n in _numbers_in(read, whole, path)}
    assert known
    for end in range(0, len(whole), max(1, len(whole) // 120)):
        assert {n for read in readers for n in _numbers_in(read, whole[:end], path)} <= known, end


@given(st.binary(max_size=400), st.sampled_from(sorted(FILES.values())))
@settings(max_examples=200)
def test_any_bytes_are_refused_or_read(data: bytes, path: str) -> None:
    """Every reader of files takes any bytes: the answer is a value, None, or BadInput."""
    for read in READERS:
        _tried(read, data, path)


@pytest.mark.parametrize("name", [*FILES, "inspect/zstd.eval", "inspect/deflate.eval"])
@given(st.data())
@settings(max_examples=40, deadline=None)
def test_flipped_bytes_are_refused_or_read(name: str, data: st.DataObject) -> None:
    """A real file with damaged bytes is read or refused, by its own reader and by all others."""
    whole = bytearray(fixture(name))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    for read in READERS:
        _tried(read, bytes(whole), FILES.get(name, "eval/x.eval"))


@given(st.binary(max_size=400))
@settings(max_examples=300)
def test_any_bytes_are_a_configuration(data: bytes) -> None:
    """Every configuration format takes any bytes and gives values, a problem, or neither."""
    for parse in CONFIGS:
        config = parse(data, "config")
        gather([Said(Standing.WRITTEN, config.values)], frozenset())


@given(st.text(alphabet="ab{}[]:,&*<!'\"|>-# \n\t0.e~$%@?", max_size=120))
@settings(max_examples=400)
def test_any_yaml_like_text_is_a_configuration(text: str) -> None:
    """Text of YAML's own signs gives values or a problem."""
    config = decoding.parse_yaml_file(text.encode(), "config.yaml")
    assert config.problem is None or config.problem


@given(st.text(max_size=300))
@settings(max_examples=300)
def test_any_text_is_a_script(text: str) -> None:
    """Any text is a batch script, a submit line and a directory's name."""
    script_settings(
        text + "\npython train.py --lr " + text, "job.sh", Given(values={"SLURM_ARRAY_TASK_ID": "3"})
    )
    parse_submit_line(text, ["job.sh"])
    parse_directory_name(text)


def _numbers_in(read: Callable[..., object], data: bytes, path: str) -> set[tuple[str, str, str]]:
    found = _tried(read, data, path)
    return set(numbers([found])) if found is not None else set()  # type: ignore[list-item]


def _tried(read: Callable[..., object], data: bytes, path: str) -> object:
    try:
        return read(io.BytesIO(data), path)
    except BadInput:
        return None
