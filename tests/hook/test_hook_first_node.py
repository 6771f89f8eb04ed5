"""Of the nodes of a job, each of which runs the Epilog, the first alone notes the ending."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hook.hook_runs import EPILOG, Hook


def writes(hook: Hook, nodes: str, node: str, name: str = "SLURM_NODELIST") -> bool:
    """Tell whether the Epilog on `node` of a job on `nodes` leaves a record."""
    env = {key: value for key, value in EPILOG.items() if key != "SLURM_NODELIST"}
    hook.run({**env, name: nodes, "SLURMD_NODENAME": node})
    return len(hook.take()) == 1


@pytest.mark.parametrize(
    ("nodes", "first", "others"),
    [
        ("n1", "n1", ["n", "n10", "1"]),
        ("n1,n2", "n1", ["n2"]),
        ("n[1-4]", "n1", ["n2", "n4", "n"]),
        ("n[3,5-7]", "n3", ["n5", "n7"]),
        ("n[001-128]", "n001", ["n1", "n002", "n128"]),
        ("n[08-11]", "n08", ["n8", "n09", "n10"]),
        ("gpu-a[2-3]-ib,gpu-b1", "gpu-a2-ib", ["gpu-a2", "gpu-a3-ib", "gpu-b1"]),
        ("rack[0-1]node[4-5]", "rack0node4", ["rack0node5", "rack1node4"]),
        ("a1,b[2-3]", "a1", ["b2", "b3"]),
        ("node1.lab.example,node2.lab.example", "node1.lab.example", ["node2.lab.example", "node1"]),
        ("N1", "N1", ["n1"]),
        ("1", "1", ["2"]),
        ("[1-3]", "1", ["2"]),
    ],
)
def test_the_first_node_writes_and_no_other(hook: Hook, nodes: str, first: str, others: list[str]) -> None:
    """In a host list of a known form the first node writes and each other does not."""
    assert writes(hook, nodes, first)
    assert [node for node in others if writes(hook, nodes, node)] == []


UNSURE = ("", "(null)", "n[1", "n1]", "n[]", "n[a-b]", "n[1-[2-3]]", "n[1-2]]", "tux[000x133]", "n[-1]")


@pytest.mark.parametrize("nodes", [*UNSURE, "n 1", "*", ",n1", "n\n1"])
def test_every_node_writes_where_the_first_is_not_certain(hook: Hook, nodes: str) -> None:
    """A list of a form that the hook is not sure of makes no node keep silent."""
    assert writes(hook, nodes, "n1")
    assert writes(hook, nodes, "n2")


def test_the_newer_name_of_the_list_counts(hook: Hook) -> None:
    """SLURM_JOB_NODELIST, which newer Slurms set, decides before SLURM_NODELIST."""
    env = {**EPILOG, "SLURM_JOB_NODELIST": "n[2-3]", "SLURM_NODELIST": "n[1-9]"}
    hook.run({**env, "SLURMD_NODENAME": "n1"})
    assert hook.take() == []
    assert hook.record({**env, "SLURMD_NODENAME": "n2"})["node"] == b"n2"


def test_without_a_nodes_name_the_hook_writes(hook: Hook) -> None:
    """A slurmd that does not tell its name cannot be known not to be the first."""
    hook.run({key: value for key, value in EPILOG.items() if key != "SLURMD_NODENAME"})
    assert len(hook.take()) == 1


def test_the_controller_writes_whatever_the_nodes(hook: Hook) -> None:
    """EpilogSlurmctld runs once a job, so the list does not matter there."""
    hook.run({**EPILOG, "SLURM_SCRIPT_CONTEXT": "epilog_slurmctld"})
    assert len(hook.take()) == 1


ranges = st.lists(st.integers(0, 300), min_size=1, max_size=4, unique=True).map(sorted)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    prefix=st.sampled_from(["n", "gpu-", "dgx.a"]),
    numbers=ranges,
    width=st.integers(1, 4),
    suffix=st.sampled_from(["", "-ib"]),
    rest=st.sampled_from(["", ",zz1", ",zz[1-9]"]),
)
def test_one_node_of_any_list_writes(
    shared_hook: Hook, prefix: str, numbers: list[int], width: int, suffix: str, rest: str
) -> None:
    """Exactly the first node of any bracketed list writes, whatever padding, prefix, suffix and tail."""
    inner = ",".join(str(number).zfill(width) for number in numbers)
    nodes = f"{prefix}[{inner}]{suffix}{rest}"
    names = [f"{prefix}{str(number).zfill(width)}{suffix}" for number in numbers]
    assert [name for name in [*names, "zz1"] if writes(shared_hook, nodes, name)] == names[:1]
