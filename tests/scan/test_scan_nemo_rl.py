"""Read the blocks of NeMo RL, and nobody else's."""

import pytest

from scan.trace_reading import facts, kinds, last_part, lasts, trace_by, values

LINE = "=" * 25


def grpo(step: int, reward: float, of: int = 2) -> str:
    """Return what is printed of a step of GRPO."""
    return (
        f"\n{LINE} Step {step}/{of} {LINE}\n▶ Generating responses\n\n📊 Training Results:\n"
        f"  • Loss: -0.0123\n  • Generation KL Error: 0.0010\n  • Avg Reward: {reward:.4f}\n"
        "  • Mean Generation Length: 201.2197\n\n⏱️  Timing:\n  • Total step time: 40.00s\n"
        "  • generation: 4.95s (13.9%)\n"
        "    - E2E (Tokens/sec/gpu): 1073.59\n    - Policy Training (Tokens/sec/gpu): 3492.73\n"
    )


def test_steps_of_grpo_are_read() -> None:
    """The loss is a policy's, and the throughput that of the whole step."""
    text = grpo(1, 0.25) + grpo(2, 0.5) + "Max number of steps has been reached, stopping training early\n"
    trace = trace_by("nemo_rl", text.encode())
    assert lasts(trace) == {
        "policy_loss": -0.0123,
        "reward": 0.5,
        "completion_length": 201.2197,
        "steps_per_second": 0.025,
        "tokens_per_second_per_gpu": 1073.59,
    }
    assert values(trace, "reward") == {1: 0.25, 2: 0.5}
    assert (facts(trace), kinds(trace)) == ({"planned_steps": 2, "global_step": 2}, ["done_line"])


def test_how_often_answers_were_right_is_the_trainers_own_evaluation() -> None:
    """The accuracy of a validation, at the step of a checkpoint; that of DPO's training is none."""
    told = "\n📊 Validation Results:\n    • Accuracy: 0.7500\n    • Average response length: 200.0 tokens\n"
    trace = trace_by("nemo_rl", (grpo(1, 0.25) + told + grpo(2, 0.5)).encode())
    assert trace.validation is not None
    assert (trace.validation.checkpoint, trace.validation.metrics) == ("step_1", {"accuracy": 0.75})
    assert trace_by("nemo_rl", (grpo(1, 0.25) + "  • Accuracy: 0.5000\n").encode()).validation is None


@pytest.mark.parametrize("name", ["Loss", "loss"])
def test_fine_tuning_and_dpo_have_losses(name: str) -> None:
    """No reward stands below them; a validation's loss belongs to the step above it."""
    text = (
        f"{LINE} Step 5/9 {LINE}\n📊 Validation Results for `default` set:\n    • Validation loss: 0.6645\n"
        f"\n📊 Training Results:\n  • {name}: 0.6931\n\n⏱️  Timing:\n  • Total step time: 8.00s\n"
    )
    trace = trace_by("nemo_rl", text.encode())
    assert (values(trace, "loss"), values(trace, "val_loss")) == ({5: 0.6931}, {5: 0.6645})


def test_steps_of_later_epochs_count_on() -> None:
    """They are counted within each epoch, of which there may be fewer than planned."""
    text = "".join(f"{LINE} Epoch {epoch}/10 {LINE}\n{grpo(3, 0.25, of=4)}" for epoch in (1, 2))
    trace = trace_by("nemo_rl", text.encode())
    assert (values(trace, "reward"), facts(trace)) == ({3: 0.25, 7: 0.25}, {"global_step": 7})


@pytest.mark.parametrize(
    "text",
    [
        "  • Avg Reward: 0.5000",
        "Step 1/2\n  • Avg Reward: 0.5000",
        "Max number of steps has been reached",
        f"{LINE} Step 1/2 {LINE}\nloss: 0.5",
    ],
)
def test_others_lines_are_no_nemo_rls(text: str) -> None:
    """A number without a step above it counts for nothing, and a heading alone names no trainer."""
    assert "nemo_rl" not in {trace.trainer for trace in last_part(f"{text}\n".encode()).traces}
