"""Read verl's rows, validations and configuration of all eras, and nobody else's."""

import pprint
from typing import Any

import pytest

from scan.trace_reading import facts, kinds, last_part, lasts, rows, trace_by, values

RAY = "\x1b[36m(TaskRunner pid=4711)\x1b[0m "
OLD = (
    "global_seqlen/min:340538.000 - actor/entropy_loss:0.317 - actor/kl_loss:0.024 - actor/pg_loss:0.002 - "
    "actor/ppo_kl:0.000 - actor/grad_norm:0.106 - perf/max_memory_allocated_gb:44.192 - actor/lr:0.000 - "
    "training/global_step:83.000 - critic/score/mean:0.900 - critic/rewards/mean:0.906 - "
    "response_length/mean:330.437 - timing_s/step:50.000 - perf/throughput:1234.500"
)
NEW = (
    "actor/entropy:0.31754 - actor/kl_loss:0.02433 - actor/pg_loss:-0.00213 - actor/loss:-0.00211 - "
    "actor/grad_norm:np.float64(0.10612) - actor/perf/max_memory_allocated_gb:44.19215 - actor/lr:1e-06 - "
    "training/global_step:83 - critic/vf_loss:0.5 - critic/rewards/mean:0.90612 - "
    "response_length/mean:np.float32(330.4375)"
)


def log(*steps: tuple[int, str]) -> bytes:
    """Return a log with these rows."""
    return "".join(f"{RAY}step:{step} - {row}\n" for step, row in steps).encode()


def test_rows_of_three_decimals_are_read() -> None:
    """What a policy is watched by is told; a learning rate of 0.000 is one that was rounded away."""
    assert lasts(trace_by("verl", log((83, OLD)))) == {
        "reward": 0.906,
        "policy_loss": 0.002,
        "entropy": 0.317,
        "kl": 0.024,
        "grad_norm": 0.106,
        "completion_length": 330.437,
        "peak_memory_alloc_gib": 44.192,
        "tokens_per_second_per_gpu": 1234.5,
        "steps_per_second": 0.02,
    }


def test_rows_in_full_are_read() -> None:
    """Numpy's numbers are numbers, and the learning rate, the memory and the value loss are known."""
    told = lasts(trace_by("verl", log((83, NEW))))
    assert (told["learning_rate"], told["grad_norm"], told["completion_length"]) == (1e-06, 0.10612, 330.4375)
    assert (told["peak_memory_alloc_gib"], told["value_loss"], told["entropy"]) == (44.19215, 0.5, 0.31754)


@pytest.mark.parametrize("name", ["actor/reward_kl_penalty", "critic/kl"])
def test_the_kl_in_the_reward_is_the_kl(name: str) -> None:
    """Where the loss has none, the distance from the reference is that which the reward is lessened by."""
    trace = trace_by("verl", log((1, f"actor/ppo_kl:0.5 - {name}:0.125 - critic/rewards/mean:0.5")))
    assert lasts(trace) == {"kl": 0.125, "reward": 0.5}


def test_the_last_validation_is_told_with_its_step() -> None:
    """Of all that was validated on, what verl calls the core; before training it is of step 0, no step."""
    told = (
        "val-aux/gsm8k/reward/mean@1:{0} - val-core/gsm8k/acc/mean@1:{0} - val-core/gsm8k/acc/best@4/std:0.1"
    )
    trace = trace_by(
        "verl", log((0, told.format(0.25)), (4, NEW), (5, f"{NEW} - {told.format(0.5)}"), (6, NEW))
    )
    assert trace.validation is not None
    assert (trace.validation.checkpoint, trace.validation.is_validation) == ("global_step_5", True)
    assert trace.validation.metrics == {"gsm8k/acc/mean@1": 0.5}
    assert (facts(trace), [*values(trace, "reward")]) == ({"global_step": 6}, [4, 5, 6])


def test_older_validations_are_told() -> None:
    """`val/test_score/<source>`, until there was a core."""
    trace = trace_by("verl", log((5, f"{OLD} - val/test_score/openai/gsm8k:0.171")))
    assert trace.validation is not None
    assert trace.validation.metrics == {"test_score/openai/gsm8k": 0.171}


def test_a_run_that_only_validated_took_no_step() -> None:
    """`trainer.val_only` prints step 0 and ends."""
    trace = last_part(log((0, "val-core/gsm8k/acc/mean@1:0.25"))).traces
    assert trace == ()


@pytest.mark.parametrize(
    "last",
    [
        "(\"Final validation metrics: {'val-core/gsm8k/acc/mean@1': \"",
        "'Final validation metrics: None'",
        "Final validation metrics: {'val/loss': 0.5}",
    ],
)
def test_plan_and_last_word_are_evidence(last: str) -> None:
    """The plan stands before the rows, the last word is pretty-printed or plain."""
    text = f"{RAY}Total training steps: 140\n".encode() + log((140, NEW)) + f"{RAY}{last}\n".encode()
    trace = trace_by("verl", text)
    assert (facts(trace), kinds(trace)) == ({"planned_steps": 140, "global_step": 140}, ["done_line"])
    assert not trace.is_resumed


def test_a_row_behind_a_bar_is_read() -> None:
    """Bars of stderr stand in the same file."""
    bar = b"Training Progress:   1%|          | 1/140 [00:49<1:53:43, 49.09s/it]"
    assert values(trace_by("verl", bar + log((1, NEW))), "reward") == {1: 0.90612}


@pytest.mark.parametrize(
    "line", ["Setting global step to 60", "Found latest checkpoint: /r/global_step_60 (step 60)"]
)
def test_a_start_from_a_checkpoint_is_a_resumed_run(line: str) -> None:
    """Reinforcement learning and fine-tuning say it in their own words."""
    assert trace_by("verl", f"{RAY}{line}\n".encode() + log((61, NEW))).is_resumed


def test_fine_tuning_has_losses() -> None:
    """Its validation is a row of its own; the learning rate was in thousandths, and rounded."""
    text = (
        b"Total training steps: 30,\nstep:29 - train/loss:0.512 - train/lr(1e-3):0.010 - train/time(s):0.9\n"
        b"step:30 - train/loss:0.25125 - train/grad_norm:1.5 - train/lr:1e-05 - train/global_tokens:9216\n"
        b"step:30 - val/loss:0.75\nFinal validation metrics: {'val/loss': 0.75}\n"
    )
    trace = trace_by("verl", text)
    assert (values(trace, "loss"), values(trace, "val_loss")) == ({29: 0.512, 30: 0.25125}, {30: 0.75})
    assert values(trace, "learning_rate") == {30: 1e-05}
    assert (trace.validation, facts(trace)) == (None, {"planned_steps": 30, "global_step": 30})


def test_another_run_in_the_same_log_begins_anew() -> None:
    """Below the last word a reward of an earlier step is another run's."""
    done = f"{RAY}'Final validation metrics: None'\n".encode()
    trace = trace_by("verl", log((1, NEW), (2, NEW)) + done + log((1, OLD)))
    assert (values(trace, "reward"), kinds(trace)) == ({1: 0.906}, [])


def printed(**changes: Any) -> bytes:
    """Return a configuration as verl prints it, with these changes of the actor's model."""
    tree = {
        "actor_rollout_ref": {
            "actor": {"_target_": "verl.x", "clip_ratio": 0.2, "optim": {"lr": 3e-06}, "ppo_epochs": None},
            "model": {
                "custom_chat_template": "{% if x %}it's {'",
                "lora_rank": 0,
                "lora_alpha": 16,
                **changes,
            },
            "rollout": {"dtype": "bfloat16", "n": 5, "val_kwargs": {"n": 1}},
        },
        "algorithm": {"adv_estimator": "grpo", "kl_ctrl": {"kl_coef": 0.001}},
        "critic": {"optim": {"lr": 1e-05}},
        "data": {"prompt_key": "prompt", "train_batch_size": 1024},
        "trainer": {"experiment_name": "x", "total_epochs": 15},
    }
    lines = [f"{RAY}{line}\n" for line in pprint.pformat(tree).splitlines()]
    return "".join([*lines[:4], "(WorkerDict pid=9) {'a': [\n", *lines[4:]]).encode()


def test_the_printed_configuration_is_read() -> None:
    """What describes training is told: no defaults of parts not used, nor what others print between."""
    told = trace_by("verl", printed(path="Qwen/Qwen3-8B") + log((1, NEW))).parameters
    assert {key.removeprefix("actor_rollout_ref."): fact.value for key, fact in told.items()} == {
        "actor.clip_ratio": 0.2,
        "actor.optim.lr": 3e-06,
        "model.path": "Qwen/Qwen3-8B",
        "rollout.n": 5,
        "algorithm.adv_estimator": "grpo",
        "algorithm.kl_ctrl.kl_coef": 0.001,
        "data.train_batch_size": 1024,
        "trainer.total_epochs": 15,
    }


def test_what_is_no_finite_number_hides_no_other_setting() -> None:
    """Python prints infinity as a word that is no literal."""
    told = trace_by("verl", printed(path="Qwen/Qwen3-8B").replace(b"0.2", b"inf")).parameters
    assert "actor_rollout_ref.actor.clip_ratio" not in told
    assert told["actor_rollout_ref.actor.optim.lr"].value == 3e-06


def test_an_adapters_settings_are_told_where_there_is_one() -> None:
    """A rank of 0 is no adapter."""
    told = trace_by("verl", printed(lora_rank=32)).parameters
    assert told["actor_rollout_ref.model.lora_alpha"].value == 16


def test_a_configuration_that_was_cut_tells_nothing() -> None:
    """Cut off within the tree, where another actor's rows follow."""
    whole = printed()
    cut = whole[: whole.rindex(b"\n", 0, whole.rindex(b"'data'")) + 1]
    assert trace_by("verl", cut + log((1, NEW))).parameters == {}


@pytest.mark.parametrize(
    "text",
    [
        "step:10 - loss:0.5 - lr:1e-5",
        "mystep:10 - actor/pg_loss:0.5",
        "step:10 actor/pg_loss:0.5 - actor/lr:0.1",
        "step:10/100 - train/loss:0.5",
        "Total training steps: 140",
        "Final validation metrics: {'acc': 0.5}",
        "Setting global step to 60",
    ],
)
def test_others_lines_are_no_verls(text: str) -> None:
    """A step alone, a plan or a last word name no trainer."""
    assert "verl" not in {trace.trainer for trace in last_part(f"{text}\n".encode()).traces}


def test_a_step_printed_twice_counts_once() -> None:
    """A requeued run repeats the steps since its checkpoint."""
    trace = trace_by("verl", log((1, OLD), (2, OLD), (2, NEW), (3, NEW)))
    assert [row.step for row in rows(trace, "reward")] == [1, 2, 3]
    assert values(trace, "reward")[2] == 0.90612
