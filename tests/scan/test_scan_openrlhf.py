"""Read OpenRLHF's steps and bars, and nobody else's."""

import pytest

from scan.trace_reading import facts, kinds, last_part, lasts, rows, trace_by, values

RAY = "(PPOTrainer pid=77) INFO 05-01 10:00:00 [ppo_trainer.py:547] ✨ "
STATUS = (
    "{'policy_loss': -0.0125, 'critic_loss': 0.5, 'actor_lr': 5e-07, 'kl': 0.0028, 'reward': 0.25, "
    "'return': 0.1, 'response_length': 49.5625, 'actor_grad_norm': 0.286}"
)


def bar(epoch: int, done: int, total: int, postfix: str) -> str:
    """Return a bar of fine-tuning as tqdm draws it."""
    return f"Train step of epoch {epoch}:  25%|█▌  | {done}/{total} [00:09<00:08, 3.63it/s, {postfix}]\r"


def test_steps_of_reinforcement_learning_are_read() -> None:
    """What a policy is watched by is told, with the optimizer step."""
    trace = trace_by("openrlhf", f"{RAY}Global step 1: {STATUS}\n{RAY}Global step 2: {STATUS}\n".encode())
    assert lasts(trace) == {
        "reward": 0.25,
        "policy_loss": -0.0125,
        "value_loss": 0.5,
        "kl": 0.0028,
        "completion_length": 49.5625,
        "learning_rate": 5e-07,
        "grad_norm": 0.286,
    }
    assert facts(trace) == {"global_step": 2}


def test_a_loggers_older_words_stand_before_a_step() -> None:
    """`ppo_trainer.py:547] ✨` until vLLM's form was taken over; names of rollouts count too."""
    status = "{'policy_loss': 0.5, 'rollout/reward_mean': -0.75, 'rollout/response_length_mean': 16.0}"
    text = f"(PPOTrainer pid=7) INFO 05-01 10:00:00 ppo_trainer.py:547] ✨ Global step 3: {status}\n"
    assert lasts(trace_by("openrlhf", text.encode())) == {
        "reward": -0.75,
        "policy_loss": 0.5,
        "completion_length": 16.0,
    }


def test_an_evaluation_is_the_trainers_own() -> None:
    """Scores stand under their data set, at the step of a checkpoint."""
    told = "Evaluation completed in 0:01:02, global_step 2, eval_metrics: "
    scores = "{'eval_math_pass4': 0.75, 'eval_math_pass1': 0.5}"
    trace = trace_by("openrlhf", f"{RAY}Global step 2: {STATUS}\n{RAY}{told}{scores}\n".encode())
    assert trace.validation is not None
    assert (trace.validation.checkpoint, trace.validation.is_validation) == ("global_step2", True)
    assert trace.validation.metrics == {"math/pass@4": 0.75, "math/pass@1": 0.5}


def test_bars_of_fine_tuning_give_each_loss_once() -> None:
    """A bar is drawn with a loss before it counts the batch; no step is told, but the part of the epoch."""
    text = (
        "Train epoch:   0%|          | 0/2 [00:00<?, ?it/s]\n"
        + bar(0, 0, 4, "gpt_loss=2.04, lr=tensor(5e-06), grad_norm=12.6")
        + bar(0, 1, 4, "gpt_loss=2.04, lr=tensor(5e-06), grad_norm=12.6")
        + bar(1, 4, 4, "gpt_loss=0.5, lr=1e-6, grad_norm=7.3")
    )
    trace = trace_by("openrlhf", text.encode())
    assert [(row.value, row.epoch) for row in rows(trace, "loss")] == [(2.04, 0.25), (0.5, 2.0)]
    assert [row.value for row in rows(trace, "learning_rate")] == [5e-06, 1e-06]
    assert facts(trace) == {"planned_epochs": 2}


def test_preferences_have_accuracies() -> None:
    """DPO and reward models show how often the chosen answer was preferred."""
    text = bar(0, 10, 40, "loss=0.373, acc=0.875, chosen_reward=0.543, reject_reward=-0.287")
    assert lasts(trace_by("openrlhf", text.encode())) == {
        "epoch": 0.275,
        "loss": 0.373,
        "reward_accuracy": 0.875,
    }


@pytest.mark.parametrize(
    ("steps", "last"),
    [
        (
            f"{RAY}Global step 1: {STATUS}\n",
            "(PPOTrainer pid=7) Episode [2/2]: 100%|███| 50/50 [10:00<00:00]\n",
        ),
        (bar(1, 16, 17, "gpt_loss=0.5"), "Train epoch: 100%|███| 2/2 [00:10<00:00,  5.0s/it]\n"),
    ],
)
def test_the_last_full_bar_is_the_end(steps: str, last: str) -> None:
    """That of the epochs, or of the last episode; of one before it there is more to come."""
    assert kinds(trace_by("openrlhf", f"{steps}\n{last}".encode())) == ["done_line"]
    half = last.replace("[2/2]", "[1/2]").replace("100%|███| 2/2", "50%|███| 1/2")
    assert kinds(trace_by("openrlhf", f"{steps}\n{half}".encode())) == []


@pytest.mark.parametrize("name", ["eval gpt_loss", "eval_loss"])
def test_a_validation_counts_as_its_bar_stood_last(name: str) -> None:
    """Its bar shows means so far, the last one only when it is full and drawn once more."""
    eval_bar = "Eval stage of steps 50: 100%|████| {}/10 [00:01<00:00, 9.9it/s, {}={}]\r"
    shown = [(9, 1.5), (10, 1.5), (10, 1.25)]
    text = bar(0, 3, 4, "gpt_loss=2.04") + "".join(eval_bar.format(n, name, loss) for n, loss in shown)
    trace = trace_by("openrlhf", (text + bar(1, 0, 4, "gpt_loss=1.04")).encode())
    assert [row.value for row in rows(trace, "val_loss")] == [1.25]
    assert lasts(trace_by("openrlhf", text.encode()))["val_loss"] == 1.25


@pytest.mark.parametrize(
    "text",
    [
        "Global step 500",
        "Global step 3: {'loss': 0.5}",
        "{'policy_loss': 0.5}",
        "Train epoch:   0%|          | 0/2 [00:00<?, ?it/s]",
        "Train step of epoch 0:   0%|          | 0/2 [00:00<?, ?it/s]",
        "Epoch 0:  25%|██   | 1/4 [00:09<00:08, 3.63it/s, gpt_loss=2.04]",
    ],
)
def test_others_lines_are_no_openrlhfs(text: str) -> None:
    """A step without a policy's loss, and bars without its words, are another program's."""
    assert "openrlhf" not in {trace.trainer for trace in last_part(f"{text}\n".encode()).traces}


def test_a_requeued_run_repeats_its_steps() -> None:
    """The later time counts."""
    again = STATUS.replace("0.25", "0.5")
    text = "".join(f"{RAY}Global step {n}: {told}\n" for n, told in ((1, STATUS), (2, STATUS), (2, again)))
    assert values(trace_by("openrlhf", text.encode()), "reward") == {1: 0.25, 2: 0.5}
