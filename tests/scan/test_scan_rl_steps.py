"""Read the steps that slime, prime-rl and DeepSpeed-Chat print, each counted from 0."""

import math

import pytest

from scan.trace_reading import facts, kinds, last_part, lasts, trace_by, values

ACTOR = "(MegatronTrainRayActor pid=18) [2026-04-15 07:59:53] "


def slime(rollout: int, reward: float, loss: str = "0.25") -> str:
    """Return what slime prints of one rollout and the step that learns from it."""
    return (
        f"{ACTOR}data.py:120 - rollout {rollout}: {{'rollout/raw_reward': {reward}, "
        f"'rollout/response_lengths': 812.5, 'rollout/advantages': 0.0}}\n"
        f"{ACTOR}model.py:500 - step {rollout}: {{'train/loss': 9.5, 'train/pg_loss': {loss}, "
        f"'train/entropy_loss': 0.5, 'train/kl_loss': 0.125, 'train/grad_norm': tensor(1.5), "
        f"'train/lr-pg_0': 1e-06, 'train/lr-pg_1': 2e-06, 'train/step': {rollout}}}\n"
    )


def test_slimes_step_has_the_rollout_that_it_learns_from() -> None:
    """The reward stands above the step; the loss of a policy is no training loss."""
    trace = trace_by("slime", (slime(0, 0.25) + slime(1, 0.5)).encode())
    assert lasts(trace) == {
        "reward": 0.5,
        "completion_length": 812.5,
        "policy_loss": 0.25,
        "entropy": 0.5,
        "kl": 0.125,
        "grad_norm": 1.5,
        "learning_rate": 1e-06,
    }
    assert (values(trace, "reward"), facts(trace)) == ({1: 0.25, 2: 0.5}, {"global_step": 2})


def test_slimes_last_evaluation_is_told() -> None:
    """How long answers were is no score."""
    line = f"{ACTOR}rollout.py:90 - eval 1: {{'eval/aime': 0.25, 'eval/aime/response_len/mean': 900.5}}\n"
    trace = trace_by("slime", (slime(0, 0.25) + slime(1, 0.5) + line).encode())
    assert trace.validation is not None
    assert (trace.validation.checkpoint, trace.validation.metrics) == ("iter_0000001", {"aime": 0.25})


def test_slimes_fine_tuning_has_a_loss() -> None:
    """Without a policy's loss the loss is the training loss."""
    line = f"{ACTOR}model.py:500 - step 4: {{'train/loss': 1.5, 'train/grad_norm': nan}}\n"
    trace = trace_by("slime", line.encode())
    assert values(trace, "loss") == {5: 1.5}
    assert math.isnan(values(trace, "grad_norm")[5])


def test_slimes_speed_is_that_of_its_policys_training() -> None:
    """It stands below the rollout's steps, of all GPUs; that of sampling is none, nor one above any step."""
    perf = (
        f"{ACTOR}metrics.py:44 - perf 0: {{'perf/train_time': 2.5, 'perf/actor_train_tok_per_s': 2355.5}}\n"
    )
    sampling = (
        f"{ACTOR}rollout.py:90 - perf 1: {{'perf/rollout_time': 9.5, 'perf/tokens_per_gpu_per_sec': 8.5}}\n"
    )
    log = perf.replace("2355.5", "9.5") + slime(0, 0.25) + perf + sampling
    trace = trace_by("slime", log.encode())
    assert values(trace, "tokens_per_second") == {1: 2355.5}
    assert "tokens_per_second_per_gpu" not in trace.curves


def prime(step: int, told: str) -> str:
    """Return a line of prime-rl's."""
    return f"02:40:5{step} SUCCESS Step {step} | {told}\n"


@pytest.mark.parametrize(
    "form",
    [
        "Time: 0.36s | Loss: {} | Grad. Norm: 2.5 | LR: 1.00e-06 | Peak Mem.: 5.5/23.7 GiB (21.4%)",
        "  1m 4s | Loss {} | Grad. Norm 2.5 | LR 1.00e-06 | MFU 1.4% | Peak Mem. 5.5/23.7 GiB (21.4%)",
    ],
)
def test_prime_rls_fine_tuning_is_read(form: str) -> None:
    """With colons and, later, without; its last word says that it ended."""
    steps = "".join(prime(step, form.format(loss)) for step, loss in ((0, "2.2500"), (1, "1.7500")))
    trace = trace_by("prime_rl", f"{steps}02:41:00 SUCCESS SFT trainer finished!\n".encode())
    assert (values(trace, "loss"), facts(trace)) == ({1: 2.25, 2: 1.75}, {"global_step": 2})
    assert lasts(trace) == {
        "loss": 1.75,
        "grad_norm": 2.5,
        "learning_rate": 1e-06,
        "peak_memory_reserved_gib": 5.5,
    }
    assert kinds(trace) == ["done_line"]


def test_prime_rls_policy_has_a_reward() -> None:
    """The orchestrator tells the reward, the trainer the loss of a policy."""
    text = prime(0, "Time: 9.50s | Reward: 0.5000 | Seq. Length: 812.3 tokens/sample | Async Level: 1")
    text += prime(0, "Time: 9.50s | Loss: 0.0125 | Entropy: 0.2500 | Mismatch KL: 0.0010 | LR: 1.00e-06")
    trace = trace_by("prime_rl", text.encode())
    assert lasts(trace) == {"reward": 0.5, "policy_loss": 0.0125, "entropy": 0.25, "learning_rate": 1e-06}


def test_prime_rls_speed_is_that_of_all_its_gpus() -> None:
    """None is told before two steps were measured, and the orchestrator's is that of sampling."""
    form = "Time: 0.36s | Loss: 2.5 | LR: 1.00e-06 | Throughput: {} tokens/s | MFU: 1.0%"
    text = prime(0, form.format(0)) + prime(1, form.format(3324))
    text += prime(2, " 4s | Loss 2.5 | LR 1.00e-06 | Throughput 4175 tokens/s | MFU 1.2%")
    text += prime(
        3, "Time: 9.50s | Reward: 0.5000 | Throughput: 99 tokens/s | Seq. Length: 812.3 tokens/sample"
    )
    trace = trace_by("prime_rl", text.encode())
    assert values(trace, "tokens_per_second") == {2: 3324.0, 3: 4175.0}


@pytest.mark.parametrize(
    "text", ["Step 3 | 1.5s | Loss: 0.5", "the trainer finished!", "Step 3 | Time: 1s | LR: 0.5"]
)
def test_other_steps_are_not_prime_rls(text: str) -> None:
    """Others print a step and a loss between bars, too."""
    assert "prime_rl" not in {trace.trainer for trace in last_part(text.encode() + b"\n").traces}


@pytest.mark.parametrize(
    ("step", "reward"),
    [
        (
            "epoch: {}|step: {}|ppo_ep: 1|act_loss: {}|cri_loss: 0.5|unsuper_loss: 0.0\n",
            "average reward score: {}\n-----\n",
        ),
        (
            "Epoch: {} | Step: {} | PPO Epoch: 1 | Actor Loss: {} | Critic Loss: 0.5 | Other Loss: 0\n",
            "Average reward score: {} | EMA reward score: -9.5\n",
        ),
    ],
)
def test_deepspeed_chats_policy_is_read(step: str, reward: str) -> None:
    """Of both eras: each epoch counts its steps anew, and the reward stands below its step."""
    rows = [(0, 0, 0.25, -2.5), (0, 1, 0.125, -1.5), (1, 0, math.inf, 0.5)]
    log = "".join(step.format(epoch, at, loss) + reward.format(score) for epoch, at, loss, score in rows)
    trace = trace_by("deepspeed", log.encode())
    assert values(trace, "policy_loss") == {1: 0.25, 2: 0.125, 3: math.inf}
    assert values(trace, "reward") == {1: -2.5, 2: -1.5, 3: 0.5}
    assert values(trace, "value_loss") == {1: 0.5, 2: 0.5, 3: 0.5}
