"""A run that was slower than those that ought to be as fast is found, and one that only scatters is not."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from afterall.analyse import analyse
from afterall.analyse.nodes import MOST, nodes_in
from afterall.model import Completion, Experiment, Fact, Finding, FindingCode, Scalar, SlurmState, State
from afterall.settings import SetSettings
from analyse.analyse_made import attempt, experiment, facts, material, source

SETS = 200
GPU = {"gpu": Fact("NVIDIA A100", source("wandb-metadata.json"))}


JOB: dict[str, Any] = {"gpus": 1, "nodes": 1, "cpus": 8}


def run(
    name: str, rate: float, node: str = "", parameters: dict[str, Scalar] | None = None, **fields: Any
) -> Experiment:
    """Return a finished run of this median throughput; its seed is its name's number."""
    told: dict[str, Scalar] = {"model": "m-1B", "lora_rank": 8, "seed": int(name[1:]), **(parameters or {})}
    defaults: dict[str, Any] = {
        "parameters": told,
        "metrics": {"tokens_per_second_per_gpu_median": rate, "final_loss": 1.0, "global_step": 100},
        "attempts": (attempt(node_list=node, **JOB),),
    }
    return experiment(name, **{**defaults, **fields})


def rated(*rates: float, **fields: Any) -> list[Experiment]:
    """Return runs of these rates, one a seed."""
    return [run(f"s{n}", rate, **fields) for n, rate in enumerate(rates)]


def slow(*runs: Experiment, **fields: Any) -> list[Finding]:
    """Return the findings on slow runs of a set."""
    return [f for f in analyse(material(*runs, **fields)).findings if f.code is FindingCode.STRAGGLER]


def names(*runs: Experiment, **fields: Any) -> list[str | None]:
    """Return the slow runs of a set."""
    return [finding.experiment for finding in slow(*runs, **fields)]


def scattered(chance: random.Random, scatter: float, many: int = 6) -> list[float]:
    """Return rates about 1000."""
    return [1000 * (1 + chance.gauss(0, scatter)) for _ in range(many)]


@pytest.mark.parametrize("scatter", [0.0, 0.001, 0.01, 0.03])
def test_equals_that_only_scatter_give_no_finding(scatter: float) -> None:
    """Of two hundred clean sets, none has a slow run."""
    chance = random.Random(1)
    assert [names(*rated(*scattered(chance, scatter))) for _ in range(SETS)] == [[]] * SETS


def test_a_planted_slow_run_is_found() -> None:
    """One that takes 1.3 times as long among equals that scatter by 2 % is nearly always found, and alone."""
    chance = random.Random(2)
    found = [names(*rated(*scattered(chance, 0.02, 5), 1000 / 1.3)) for _ in range(SETS)]
    assert found.count(["s5"]) >= 0.95 * SETS
    assert all(each in ([], ["s5"]) for each in found)


def test_the_numbers_are_those_of_the_runs() -> None:
    """The run's own, the median of its equals, the slowest of them, and the time by which it took longer."""
    (found,) = slow(*rated(1000, 1010, 990, 500, provenance=GPU))
    assert found.evidence == {
        "measure": "tokens_per_second_per_gpu_median",
        "value": 500,
        "usual": 1000,
        "slowest": 990,
        "longer": pytest.approx(1.0),
        "equals": 3,
        "gpu": "NVIDIA A100",
    }
    assert found.experiment == "s3"


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        ((1000, 1000, 500), []),
        ((1000, 1000, 1000, 870), []),
        ((1000, 1000, 1000, 869), ["s3"]),
        ((1000, 900, 1000, 700), []),
        ((1000, 1000, 1000, 500, 500), []),
        ((1000, 1000, 1000, 1000, 500, 600), ["s4", "s5"]),
        ((1000, 1001, 1002, 1003, 500, 501), ["s4", "s5"]),
        ((1000, 1000, 1000, 2000), []),
    ],
)
def test_who_is_slow_is_decided_by_the_others(rates: tuple[float, ...], expected: list[str]) -> None:
    """Three others at least, twice as many as the slow; more than 15 %, and 3 times what they lie apart."""
    assert names(*rated(*rates)) == expected


def test_the_order_of_runs_does_not_matter() -> None:
    """The same runs are slow whichever comes first."""
    runs = rated(1000, 400, 1000, 990, 1010, 1005, 410)
    assert names(*runs) == names(*reversed(runs)) == ["s1", "s6"]


@pytest.mark.parametrize(
    ("name", "value", "is_equal"),
    [
        ("learning_rate", 0.5, True),
        ("lora_alpha", 64, True),
        ("warmup_steps", 10, True),
        ("batch_size", 4, False),
        ("weight_decay", 0.1, False),
        ("lora_dropout", 0.1, False),
        ("max_seq_len", 4096, False),
        ("some.unknown_setting", True, False),
        ("save_steps", 1, False),
        ("dataloader_num_workers", 0, False),
        ("output_dir", "out/s4", True),
        ("hostname", "n7", True),
    ],
)
def test_only_what_costs_no_time_may_differ(name: str, value: Scalar, is_equal: bool) -> None:
    """A slow run that was set up to do more per step is no finding; a learning rate costs nothing."""
    others = {name: "out/s0" if name == "output_dir" else "n1" if name == "hostname" else 16}
    fast = rated(1000, 1001, 1002, 1003, parameters=others)
    assert names(*fast, run("s4", 500, parameters={name: value})) == (["s4"] if is_equal else [])


def test_what_one_run_alone_says_parts_it_from_the_others() -> None:
    """Nobody knows whether it was the same elsewhere."""
    fast = rated(1000, 1001, 1002, 1003)
    assert names(*fast, run("s4", 500, parameters={"max_seq_len": 4096})) == []
    assert names(*fast, run("s4", 500)) == ["s4"]


def test_what_goes_along_with_a_learning_rate_may_cost_time() -> None:
    """A setting that is folded into a costless one still parts runs."""

    def paired(name: str, rate: float, value: float) -> Experiment:
        return run(name, rate, parameters={"learning_rate": value, "some.depth": value * 100})

    fast = [paired(f"s{n}", 1000 + n, 0.01) for n in range(4)]
    assert names(*fast, paired("s4", 500, 0.02)) == []
    assert names(*fast, paired("s4", 500, 0.01)) == ["s4"]


def test_settings_that_a_set_ignores_may_cost_time() -> None:
    """`ignore_parameters` is about results, not about speed."""
    fast = rated(1000, 1001, 1002, 1003, parameters={"loader": "new"})
    late = run("s4", 500, parameters={"loader": "old"})
    assert names(*fast, late, settings=SetSettings(ignore_parameters=("loader",))) == []


@pytest.mark.parametrize(
    ("fields", "is_equal"),
    [
        ({}, True),
        ({"provenance": {"gpu": Fact("NVIDIA T4", source("x"))}}, False),
        ({"provenance": {}}, False),
        ({"provenance": {**GPU, "version.torch": Fact("2.1", source("x"))}}, False),
        ({"attempts": (attempt(**{**JOB, "gpus": 2}),)}, False),
        ({"attempts": (attempt(**{**JOB, "cpus": 4}),)}, False),
        ({"attempts": (attempt("6"), attempt(**JOB))}, False),
        ({"trainer": "torchtune"}, False),
    ],
)
def test_equals_ran_with_the_same(fields: dict[str, Any], is_equal: bool) -> None:
    """GPU, counts, software and trainer are the same as far as they are known, and one job did it all."""
    fast = rated(1000, 1001, 1002, 1003, provenance=GPU)
    late = run("s4", 500, **{"provenance": GPU, **fields})
    assert names(*fast, late) == (["s4"] if is_equal else [])


def test_runs_that_write_text_while_they_train_have_no_equals() -> None:
    """How long a policy's completions are is its own doing."""
    written = facts({"final_completion_length": 9.0}, "x")
    runs = rated(1000, 1001, 1002, 400)
    assert names(*runs) == ["s3"]
    assert names(*(replace(each, metrics={**each.metrics, **written}) for each in runs)) == []


@pytest.mark.parametrize("unsaid", ["model", "seed"])
def test_a_run_that_does_not_say_what_it_did_has_no_equals(unsaid: str) -> None:
    """That no parameter differs may only mean that none was read."""
    runs = [
        replace(each, parameters={name: fact for name, fact in each.parameters.items() if name != unsaid})
        for each in rated(1000, 1001, 1002, 400)
    ]
    assert names(*runs) == []


def test_a_run_that_hit_its_limit_is_judged_by_its_rate() -> None:
    """What made it slow may be why it did not come to its end; a running one is left in peace."""
    fast, late = rated(1000, 1001, 1002, 1003), run("s4", 500)
    over, alive = (attempt(state=state, **JOB) for state in (SlurmState.TIMEOUT, SlurmState.RUNNING))
    cut = replace(late, state=State.TIMEOUT, completion=Completion(False), attempts=(over,))
    assert names(*fast, cut) == ["s4"]
    assert names(*fast, replace(cut, state=State.RUNNING, attempts=(alive,))) == []


def timed(name: str, metrics: dict[str, Scalar], **fields: Any) -> Experiment:
    """Return a run without any rate."""
    return run(name, 0, metrics={"final_loss": 1.0, **metrics}, **fields)


def test_without_rates_times_for_the_same_steps_decide() -> None:
    """Training alone, by one kind of clock; runs of other numbers of steps are no equals."""
    fast = [timed(f"s{n}", {"train_seconds": 500.0 + n, "global_step": 100}) for n in range(4)]
    (found,) = slow(*fast, timed("s4", {"train_seconds": 800.0, "global_step": 100}))
    wanted = {"measure": "train_seconds", "value_s": 800, "usual_s": 501.5, "slowest_s": 503, "equals": 4}
    assert wanted.items() <= found.evidence.items()
    assert names(*fast, timed("s4", {"train_seconds": 800.0, "global_step": 160})) == []
    late = timed("s4", {"train_seconds": 800.0, "global_step": 100})
    other = replace(
        late, metrics={**late.metrics, "train_seconds": Fact(800.0, source("s4/wandb-summary.json"))}
    )
    assert names(*fast, other) == []
    assert names(*fast, replace(late, completion=Completion(False), state=State.TIMEOUT)) == []


def test_whole_jobs_are_compared_last_and_only_long_ones() -> None:
    """Starting up is part of a job: of ten minutes it makes little, of one it may be all."""

    def job(name: str, seconds: int) -> Experiment:
        return timed(name, {"global_step": 100}, attempts=(attempt(elapsed_s=seconds, gpus=1),))

    (found,) = slow(*(job(f"s{n}", 700 + n) for n in range(4)), job("s4", 1400))
    assert (found.evidence["measure"], found.evidence["value_s"]) == ("elapsed_s", 1400)
    assert names(*(job(f"s{n}", 60 + n) for n in range(4)), job("s4", 120)) == []


def places(*nodes: str) -> list[dict[str, Scalar]]:
    """Return where slow runs are said to have run; the last two of the nodes are theirs."""
    rates = [*(1000 + n for n in range(len(nodes) - 2)), 500, 510]
    runs = [run(f"s{n}", rate, node) for n, (rate, node) in enumerate(zip(rates, nodes, strict=True))]
    keys = ("nodes", "shared_node", "shared_nodes", "slow_runs", "none_there", "equals_there")
    return [{key: f.evidence[key] for key in keys if key in f.evidence} for f in slow(*runs)]


def test_where_slow_runs_ran_is_told_as_far_as_it_is_known() -> None:
    """A node that they share and no equal had; else each one's own, and how many equals ran there too."""
    shared: dict[str, Scalar] = {"shared_node": "n9", "slow_runs": 2}
    assert places("n1", "n2", "n1", "n3", "n9", "n9") == [shared, shared]
    assert places("n1", "n2", "n1", "n3", "n[8-9]", "n[09,9]")[0] == shared
    both: dict[str, Scalar] = {"shared_nodes": "n8, n9", "slow_runs": 2}
    assert places("n1", "n2", "n1", "n3", "n[8-9]", "n[8-9]")[0] == both
    assert places("n1", "n2", "n1", "n3", "n8", "n9") == [
        {"nodes": "n8", "none_there": True},
        {"nodes": "n9", "none_there": True},
    ]
    assert places("n1", "n2", "n1", "n9", "n9", "n9")[0] == {"nodes": "n9", "equals_there": 1}
    assert places("n1", "n2", "n1", "", "n9", "n9")[0] == {"nodes": "n9"}
    assert places("n1", "n2", "n1", "n3", "", "n9") == [{}, {"nodes": "n9", "none_there": True}]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("", set()),
        ("n1", {"n1"}),
        ("gpu[07-09,12],login1", {"gpu07", "gpu08", "gpu09", "gpu12", "login1"}),
        ("r[1-2]n[1-2]", {"r1n1", "r1n2", "r2n1", "r2n2"}),
        ("n[1-2]-ib", {"n1-ib", "n2-ib"}),
        ("n[2-1]", {"n[2-1]"}),
        ("n[1", {"n[1"}),
        ("n[a]", {"n[a]"}),
        (f"n[1-{MOST + 1}]", {f"n[1-{MOST + 1}]"}),
    ],
)
def test_lists_of_nodes_are_read_as_slurm_writes_them(told: str, expected: set[str]) -> None:
    """Ranges keep their width; what has another form is one name."""
    assert nodes_in(told) == expected


@given(st.text(st.sampled_from("n19[],- x")))
def test_any_text_is_some_list_of_nodes(told: str) -> None:
    """Never more than a list may hold, and something for anything."""
    found = nodes_in(told)
    assert len(found) <= MOST
    assert bool(found) == bool(told)
