"""Read torchtune's logs of three eras, number by number against the raw text."""

import math
import re

import pytest

from afterall.scan.trainers.torchtune_metrics import read_metrics
from scan.run_making import fixture
from scan.trace_reading import file_trace, last_part, parts_of, rows, trace_by, values

WHOLE = {
    "torchtune/whole-0.4.out": (20, 10, 2),
    "torchtune/whole-0.6.out": (150, 50, 3),
    "torchtune/whole-main.out": (20, 10, 2),
}


def printed_losses(data: bytes) -> dict[int, float]:
    """Return every loss the raw text shows, found without the reader."""
    return {int(step): float(loss) for step, loss in re.findall(rb"\|(\d+)\|Loss: (\S+?):", data)}


@pytest.mark.parametrize("name", WHOLE)
def test_every_step_of_a_run_is_read(name: str) -> None:
    """The curve has every step once, with the loss that the text shows, in all eras."""
    data = fixture(name)
    trace = trace_by("torchtune", data)
    assert values(trace, "loss") == printed_losses(data)
    assert len(values(trace, "loss")) == WHOLE[name][0]
    assert trace.steps_per_epoch == WHOLE[name][1]


@pytest.mark.parametrize("name", WHOLE)
def test_the_resolved_configuration_is_read(name: str) -> None:
    """The banner's YAML gives typed values, each placed in the log."""
    parameters = trace_by("torchtune", fixture(name)).parameters
    assert parameters["epochs"].value == WHOLE[name][2]
    assert isinstance(parameters["optimizer.lr"].value, float)
    assert re.fullmatch(r"line \d+, key optimizer\.lr", parameters["optimizer.lr"].source.where)


def test_validation_losses_stand_at_the_step_of_their_bar() -> None:
    """A validation line glued to a bar belongs to that bar's step."""
    trace = trace_by("torchtune", fixture("torchtune/whole-0.6.out"))
    assert values(trace, "val_loss") == {50: 5.8187, 100: 5.8165, 150: 5.8159}


def test_saves_and_the_final_one_are_told() -> None:
    """Every saved path is listed as written, and the last epoch's save is evidence."""
    trace = trace_by("torchtune", fixture("torchtune/whole-0.6.out"))
    assert len(trace.saved) == 13
    assert trace.saved[-1].endswith("1B_rank4/epoch_2/adapter_config.json")
    assert [evidence.kind for evidence in trace.evidence] == ["final_checkpoint"]


def test_a_diverged_run_keeps_its_nan() -> None:
    """NaN losses are values: the last logged loss of a diverged run is NaN, not its last good one."""
    found = rows(trace_by("torchtune", fixture("torchtune/nan-0.6.out")), "loss")
    assert [row.step for row in found if math.isnan(row.value)] == list(range(3, 21))
    assert found[1].value == 6.5394287109375


@pytest.mark.parametrize(
    ("text", "value"), [("nan", math.nan), ("inf", math.inf), ("-inf", -math.inf), ("1e-05", 1e-05)]
)
def test_every_way_to_print_a_number_is_read(text: str, value: float) -> None:
    """Loss values that the widespread regular expression drops are kept."""
    log = (
        "\r1|1|Loss: 2.5:  50%|# | 1/2 [00:01<00:01, 1.0it/s]"
        f"\r1|2|Loss: {text}: 100%|##| 2/2 [00:02<00:00, 1.0it/s]\n"
    )
    last = rows(trace_by("torchtune", log.encode()), "loss")[-1]
    assert last.step == 2
    assert last.value == value or (math.isnan(value) and math.isnan(last.value))


def bar(epoch: int, step: int, loss: float, done: int, total: int) -> str:
    """Return torchtune's progress bar as it is redrawn at a step."""
    return (
        f"\r{epoch}|{step}|Loss: {loss}:  {100 * done // total}%|#    | {done}/{total} [00:01<00:01, 1.0it/s]"
    )


def test_the_old_epochs_bar_reprinted_changes_nothing() -> None:
    """After the next epoch began, tqdm draws the last bar of the one before once more."""
    log = (
        bar(1, 1, 3.0, 1, 2)
        + bar(1, 2, 2.0, 2, 2)
        + bar(2, 3, 1.5, 1, 2)
        + bar(1, 2, 9.0, 2, 2)
        + bar(2, 4, 1.0, 2, 2)
    )
    part = last_part((log + "\n").encode())
    assert values(part.traces[0], "loss") == {1: 3.0, 2: 2.0, 3: 1.5, 4: 1.0}
    assert part.restarts == 0


def test_steps_counted_within_an_epoch_become_global() -> None:
    """Torchtune 0.1 counts batches anew in every epoch; the curve counts on."""
    log = bar(1, 1, 3.0, 1, 2) + bar(1, 2, 2.0, 2, 2) + bar(2, 1, 1.5, 1, 2) + bar(2, 2, 1.0, 2, 2) + "\n"
    part = last_part(log.encode())
    assert values(part.traces[0], "loss") == {1: 3.0, 2: 2.0, 3: 1.5, 4: 1.0}
    assert part.restarts == 0


def test_a_second_run_without_a_banner_replaces_the_first() -> None:
    """Bars that begin at the first step again are another run: only its losses count."""
    log = bar(1, 1, 3.0, 1, 3) + bar(1, 2, 2.0, 2, 3) + bar(1, 3, 1.0, 3, 3) + bar(1, 1, 4.0, 1, 3) + "\n"
    part = last_part(log.encode())
    assert values(part.traces[0], "loss") == {1: 4.0}
    assert part.restarts == 1


def test_labels_of_srun_do_not_hide_bars() -> None:
    """A bar behind `0: ` is read."""
    log = "0: " + bar(1, 3251, 1.5955958366394043, 1, 2) + "\n"
    assert values(trace_by("torchtune", log.encode()), "loss") == {3251: 1.5955958366394043}


def test_a_run_without_steps_is_told_as_such() -> None:
    """An empty dataset gives epochs of no steps and whole checkpoints: zero steps are a fact."""
    data = fixture("torchtune/whole-0.6.out")
    head = data[: data.index(b"\r  0%|")]
    log = head + b"\r0it [00:00, ?it/s]INFO:torchtune.utils._logging:Starting checkpoint save...\n"
    fact = trace_by("torchtune", log).facts["global_step"]
    assert fact.value == 0
    assert trace_by("torchtune", data).facts == {}


def test_another_programs_empty_bar_is_no_empty_run() -> None:
    """Without a recipe's banner an empty bar tells nothing of training."""
    assert parts_of(b"\r0it [00:00, ?it/s]\n")[-1].traces == ()


def test_the_disk_logger_is_read() -> None:
    """Each line of DiskLogger's file is a step with full precision."""
    data = fixture("torchtune/log_1795417042.txt")
    trace = file_trace(read_metrics, data, "logs/log_1795417042.txt")
    expected = {int(s): float(v) for s, v in re.findall(rb"Step (\d+) \| loss:(\S+)", data)}
    assert values(trace, "loss") == expected
    assert values(trace, "learning_rate")[20] == 0.0
    assert values(trace, "tokens_per_second_per_gpu")[20] == 14292.8154296875


def test_the_json_disk_logger_is_read() -> None:
    """On main the same metrics are JSON lines."""
    trace = file_trace(
        read_metrics, b'{"step": 1, "loss": 2.5}\n{"step": 2, "loss": NaN}\n', "logs/log_1795417042.jsonl"
    )
    assert values(trace, "loss")[1] == 2.5
    assert math.isnan(values(trace, "loss")[2])


def test_the_stdout_logger_is_read_behind_a_bar() -> None:
    """Metrics glued to a bar's end are read, and give what the bar does not."""
    log = bar(1, 11, 6.46, 1, 2) + "\x1b[AStep 11 | loss:6.46 lr:0.00065 tokens_per_second_per_gpu:7115.8 \n"
    trace = trace_by("torchtune", log.encode())
    assert values(trace, "learning_rate") == {11: 0.00065}
    assert values(trace, "tokens_per_second_per_gpu") == {11: 7115.8}


def test_memory_after_setup_is_not_a_training_peak() -> None:
    """What the recipe prints of memory before the first step is left alone."""
    data = fixture("torchtune/whole-0.6.out")
    trace = trace_by("torchtune", data + b"\tGPU peak memory active: 2.35 GiB\n")
    assert not [key for key in trace.curves if "memory" in key]


def test_four_decimals_are_told_from_full_numbers() -> None:
    """Bars of full recipes on main are rounded, and compared as such."""
    rounded = trace_by("torchtune", (bar(1, 1, 6.5241, 1, 2) + "\n").encode()).curves["loss"]
    exact = trace_by("torchtune", fixture("torchtune/whole-0.6.out")).curves["loss"]
    assert (rounded.rounding.decimals, exact.rounding.decimals) == (4, None)


@pytest.mark.parametrize("recipe", ["dpo", "kd", "full"])
def test_other_recipes_print_the_same_bars(recipe: str) -> None:
    """Preference, distillation and full recipes show every step, and what an epoch is to have."""
    data = fixture(f"torchtune/{recipe}-0.6.out")
    trace = trace_by("torchtune", data)
    assert values(trace, "loss") == printed_losses(data)
    assert trace.steps_per_epoch == {"dpo": 10, "kd": 20, "full": 5}[recipe]


def test_what_recipes_log_besides_the_loss_is_read() -> None:
    """Glued to the bars stand DPO's rewards, and distillation's two losses, each at its step."""
    dpo = trace_by("torchtune", fixture("torchtune/dpo-0.6.out"))
    assert values(dpo, "reward_margin")[20] == 0.0009720802772790194
    assert set(values(dpo, "reward_accuracy")) == set(range(1, 21))
    kd = trace_by("torchtune", fixture("torchtune/kd-0.6.out"))
    assert list(values(kd, "kd_loss")) == list(range(5, 41, 5))
    assert values(kd, "class_loss")[40] == 4.315881252288818


def test_a_resumed_run_counts_its_steps_on() -> None:
    """The recipe counts steps from 1 again after it resumed; its epochs tell where it stands."""
    trace = trace_by("torchtune", fixture("torchtune/resume-0.6.out"))
    assert list(values(trace, "loss")) == list(range(41, 61))
    assert trace.is_resumed


@pytest.mark.parametrize("version", ["0.1", "0.2"])
def test_batches_are_no_steps(version: str) -> None:
    """0.1's bars count batches, two of which are a step here; 0.2 counts steps: 20 in both, each once."""
    trace = trace_by("torchtune", fixture(f"torchtune/accumulating-{version}.out"))
    assert list(values(trace, "loss")) == list(range(1, 21))
    assert list(values(trace, "learning_rate")) == list(range(1, 21))
    assert trace.steps_per_epoch == 10
    assert values(trace, "loss")[20] == {"0.1": 4.317155838012695, "0.2": 4.365426540374756}[version]


def test_ppo_tells_its_plan_in_batches() -> None:
    """PPO's bar counts batches of trajectories, which are no optimizer steps; a full one is its end."""
    log = (
        "Running PPOFullFinetuneRecipeSingleDevice with resolved config:\n\nbatch_size: 4\n\n"
        "INFO:torchtune.utils._logging:Total steps to run: 3, Total epochs to run: 1\n"
        "\r  0%|          | 0/3 [00:00<?, ?it/s]\r 33%|###       | 1/3 [00:01<00:02,  1.00s/it]\n"
        "Step 8 | scores:0.5 rlhf_reward:0.25 kl:0.125 loss:0.5 policy_loss:-0.5 value_loss:2.0 \n"
    )
    trace = trace_by("torchtune", log.encode())
    told = [(evidence.kind, evidence.speaks_for) for evidence in trace.evidence]
    assert told == [("planned_steps_not_reached", False)]
    assert {name: fact.value for name, fact in trace.facts.items()} == {"planned_epochs": 1}
    assert {key: rows(trace, key)[-1].value for key in ("reward", "kl", "policy_loss", "value_loss")} == {
        "reward": 0.25,
        "kl": 0.125,
        "policy_loss": -0.5,
        "value_loss": 2.0,
    }
    whole = log + "\r100%|##########| 3/3 [00:03<00:00,  1.00s/it]\n"
    ends = trace_by("torchtune", whole.encode()).evidence
    assert [(evidence.kind, evidence.speaks_for) for evidence in ends] == [("planned_steps_reached", True)]


def test_steps_that_are_counted_from_zero_are_counted_from_one() -> None:
    """Torchtune 0.1 logs its first step as 0."""
    old = b"Step 0 | loss:2.0 lr:0.1 \nStep 1 | loss:1.5 lr:0.2 \n"
    assert values(file_trace(read_metrics, old, "log_1.txt"), "loss") == {1: 2.0, 2: 1.5}


def test_json_lines_are_read() -> None:
    """Main's DiskLogger writes JSON too; NaN stands bare in it."""
    lines = b'{"step": 1, "loss": 2.0}\n{"step": 2, "loss": NaN, "rewards/margins": 0.5}\n{"step": 3, "lo'
    trace = file_trace(read_metrics, lines, "log_1.jsonl")
    assert [row.step for row in rows(trace, "loss")] == [1, 2]
    assert math.isnan(rows(trace, "loss")[1].value)


@pytest.mark.parametrize("prefix", [b"0: ", b"[rank0]:", b"[default0]:", b"[trainer0|0]:", b"10.0.0.7: "])
def test_prefixes_of_ranks_change_nothing(prefix: bytes) -> None:
    """Whoever labels the lines of rank 0, bars, configuration and saves are the same."""
    data = fixture("torchtune/full-0.6.out")
    labelled = b"\n".join(prefix + line for line in data.split(b"\n"))
    plain, found = trace_by("torchtune", data), trace_by("torchtune", labelled)
    assert values(found, "loss") == values(plain, "loss")
    assert {k: f.value for k, f in found.parameters.items()} == {
        k: f.value for k, f in plain.parameters.items()
    }
    assert (found.saved, found.steps_per_epoch) == (plain.saved, plain.steps_per_epoch)


def test_grpo_logs_the_reward_and_the_length_under_other_names() -> None:
    """Its bar has no words, so that the metrics' file alone tells of it."""
    line = (
        b"Step 3 | rewards:1.5 successes:0.25 loss:0.125 policy_loss:0.0625 response_lengths:58.5 lr:1e-06 \n"
    )
    trace = file_trace(read_metrics, line, "logs/log_1795417042.txt")
    told = {key: values(trace, key) for key in ("reward", "completion_length", "loss", "policy_loss")}
    assert told == {
        "reward": {3: 1.5},
        "completion_length": {3: 58.5},
        "loss": {3: 0.125},
        "policy_loss": {3: 0.0625},
    }
