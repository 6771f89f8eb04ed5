"""Read what a torch archive says of itself: plain values at its top, and records that may share no byte."""

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.model import FindingCode
from afterall.scan.checkpoints.formats import Contents, read_contents
from afterall.scan.checkpoints.formats.pickled import read_pickle
from afterall.scan.checkpoints.formats.torch_scalars import MAX_SCALARS, scalars, top_names
from afterall.scan.checkpoints.formats.torch_zip import Archive
from scan.checkpoint_making import Object, numbers, pickled, torch_bytes
from scan.checkpoint_memory import Memory


def read(data: bytes) -> Contents:
    """Return what is read of a torch archive in memory."""
    return read_contents("a.pt", Memory(data), data[: 1 << 16])


def test_the_plain_values_at_the_top_are_kept() -> None:
    """Counters, sizes and versions beside the state dict, and those of configurations inside of it."""
    extra = {
        "dp_world_size": 4,
        "ds_version": "0.17.1",
        "lr": 0.5,
        "done": True,
        "ds_config": {"zero_optimization": {"stage": 3}, "bf16": {"enabled": True}},
        "optimizer_state_dict": {"partition_count": [2, 4], "base_optimizer_state": {"state": {}}},
        "args": Object("argparse", "Namespace", (), {"tensor_model_parallel_size": 2}),
        "save_strategy": Object("transformers.trainer_utils", "SaveStrategy", ("steps",)),
        "device": Object("torch", "device", ("cpu", 0)),
        "lr_scheduler": {"last_epoch": 7},
        "nothing": None,
    }
    document = read(torch_bytes({"w": numbers(2)}, extra=extra)).document
    assert isinstance(document, Archive)
    assert document.scalars == {
        "dp_world_size": 4,
        "ds_version": "0.17.1",
        "lr": 0.5,
        "done": True,
        "ds_config.zero_optimization.stage": 3,
        "ds_config.bf16.enabled": True,
        "optimizer_state_dict.partition_count": 4,
        "args.tensor_model_parallel_size": 2,
        "save_strategy": "steps",
        "save_strategy.class": "SaveStrategy",
    }
    assert document.keys == {"w", *extra}


@pytest.mark.parametrize("value", [{"n": 2**64}, {"s": "x" * 201}, {7: 1}, {"x": {"y": 1}}, [1, 2], 3])
def test_what_is_no_plain_value_at_the_top_is_left_out(value: Any) -> None:
    """Numbers beyond 64 bits, long texts, keys that are no names, and everything further down."""
    assert scalars(read_pickle(pickled(value)).value) == {}


def test_no_more_values_are_kept_than_anybody_writes() -> None:
    """A hostile table of a million counters costs a bounded part of it."""
    table = {str(index): index for index in range(3 * MAX_SCALARS)}
    assert (len(scalars(table)), len(top_names(table))) == (MAX_SCALARS, MAX_SCALARS)


@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(
    st.sampled_from(["args", "ds_config", "a"]) | st.integers(), inner), max_leaves=20))  # fmt: skip
def test_any_value_has_scalars(value: object) -> None:
    """Whatever the pickle describes."""
    assert len(scalars(value)) <= MAX_SCALARS


DIRECTORY = b"PK\x01\x02"


def in_directory(data: bytes, record: int, at: int, layout: str, value: int) -> bytes:
    """Return the archive with a field of a record's entry in the directory changed."""
    begin = -1
    for _ in range(record + 1):
        begin = data.index(DIRECTORY, begin + 1)
    return data[: begin + at] + struct.pack(layout, value) + data[begin + at + struct.calcsize(layout) :]


@pytest.mark.parametrize(
    "data",
    [
        in_directory(torch_bytes({"a": numbers(9), "b": numbers(9)}), 3, 42, "<L", 0),
        in_directory(torch_bytes({"a": numbers(9), "b": numbers(9)}), 2, 24, "<L", 9),
    ],
    ids=["one record in another", "more bytes than it takes"],
)
def test_records_that_share_bytes_are_damage(data: bytes) -> None:
    """Nothing writes such an archive but who wants a small file to be read for ever."""
    codes = [(fault.code, fault.evidence.get("problem")) for fault in read(data).faults]
    assert (FindingCode.HEADER_INVALID, "records_overlap") in codes
