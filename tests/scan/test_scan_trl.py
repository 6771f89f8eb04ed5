"""Read what training on preferences and rewards logs, and name the trainer that did it."""

import json

import pytest

from afterall.scan.metrics import derive_metrics
from afterall.scan.trainers.huggingface_state import read_state
from scan.run_making import fixture
from scan.trace_reading import file_trace, last_part, rows, values

DPO = {"reward_accuracy": "rewards/accuracies", "reward_margin": "rewards/margins"}
LAST = {
    "trl/dpo-0.12": DPO,
    "trl/kto-1.16": {"reward_margin": "rewards/margins", "kl": "kl", "entropy": "entropy"},
    "trl/grpo-1.16": {
        "reward": "reward",
        "kl": "kl",
        "entropy": "entropy",
        "completion_length": "completions/mean_length",
        "val_reward": "eval_reward",
    },
    "trl/reward-1.16": {"reward_accuracy": "accuracy", "reward_margin": "margin"},
}


@pytest.mark.parametrize("name", LAST)
def test_the_last_values_are_the_states(name: str) -> None:
    """Rewards, margins, accuracies and divergences are metrics, by name and exact."""
    history = json.loads(fixture(f"{name}.state.json"))["log_history"]
    metrics = derive_metrics([file_trace(read_state, fixture(f"{name}.state.json"), "s.json")], None)
    for metric, key in LAST[name].items():
        assert metrics[f"final_{metric}"].value == [row[key] for row in history if key in row][-1]


@pytest.mark.parametrize("name", ["trl/dpo-0.12", "trl/grpo-1.16", "trl/kto-1.16", "trl/reward-1.16"])
def test_trl_is_named_by_what_it_logs(name: str) -> None:
    """Its rows and its states name TRL; a row of a name with signs in it is read all the same."""
    assert file_trace(read_state, fixture(f"{name}.state.json"), "s.json").trainer == "trl"
    assert "trl" in [trace.trainer for trace in last_part(fixture(f"{name}.out")).traces]


def test_ppo_has_no_loss_of_its_own() -> None:
    """PPO logs reward, divergence and the losses of its two models, at the state's steps, and no `loss`."""
    state = file_trace(read_state, fixture("trl/ppo-0.12.state.json"), "s.json")
    told = {"reward": "objective/rlhf_reward", "kl": "objective/kl", "value_loss": "loss/value_avg"}
    for curve, key in told.items():
        history = json.loads(fixture("trl/ppo-0.12.state.json"))["log_history"]
        assert values(state, curve) == {row["step"]: row[key] for row in history}
    printed = next(t for t in last_part(fixture("trl/ppo-0.12.out")).traces if "reward" in t.curves)
    assert (state.trainer, printed.trainer, "loss" in printed.curves) == ("trl", "trl", False)
    assert [row.value for row in rows(printed, "reward")] == list(values(state, "reward").values())
    assert all(row.step < 0 for row in rows(printed, "reward"))


def test_orpos_parts_are_told_apart() -> None:
    """The loss on the chosen answers is a part of the loss, not another loss."""
    metrics = derive_metrics(last_part(fixture("trl/orpo-0.12.out")).traces, None)
    assert 3.3 < float(str(metrics["final_nll_loss"].value)) < float(str(metrics["final_loss"].value))


def test_an_accuracy_of_anyone_else_is_no_reward() -> None:
    """`accuracy` and `margin` are a reward model's only beside its mean reward."""
    state = b'{"log_history": [{"step": 1, "loss": 1.0, "accuracy": 0.5, "margin": 2}], "global_step": 1}'
    assert set(file_trace(read_state, state, "s.json").curves) == {"loss"}


def test_plain_hf_is_not_called_trl() -> None:
    """HF Trainer's own rows name no other trainer."""
    traces = last_part(fixture("huggingface/rows-4.46.out")).traces
    assert {trace.trainer for trace in traces} == {"huggingface"}


def test_what_is_watched_of_a_policy_is_no_score() -> None:
    """Of a validation on preferences the rewards are scores; logits, lengths and clipped ratios are not."""
    names = {}
    for name in ("trl/dpo-0.12", "trl/grpo-1.16"):
        validation = file_trace(read_state, fixture(f"{name}.state.json"), "s.json").validation
        assert validation is not None
        names[name] = set(validation.metrics)
    assert names["trl/dpo-0.12"] == {f"rewards/{n}" for n in ("chosen", "rejected", "accuracies", "margins")}
    assert names["trl/grpo-1.16"] == {"reward", "kl", "entropy"}
