"""Place HF Trainer's printed rows by the bar below them, against the state files of the same runs."""

import json
import re
from pathlib import Path

import pytest

from afterall.scan.checkpoints import Examination
from afterall.scan.experiment import scan_experiment
from afterall.scan.traces import Trace
from scan.run_making import experiment, fixture, lay_down, log
from scan.trace_reading import facts, last_part, rows, values

CURVES = {"loss": "loss", "val_loss": "eval_loss", "learning_rate": "learning_rate"}
WITH_STATES = {
    "huggingface/rows-4.46.out": "huggingface/rows-4.46.state.json",
    "huggingface/resumed-5.24.out": "huggingface/resumed-5.24.state.json",
    "trl/dpo-0.12.out": "trl/dpo-0.12.state.json",
    "trl/grpo-1.16.out": "trl/grpo-1.16.state.json",
    "trl/kto-1.16.out": "trl/kto-1.16.state.json",
    "trl/reward-1.16.out": "trl/reward-1.16.state.json",
}


def printed(data: bytes) -> Trace:
    """Return the trace of the printed rows."""
    return next(t for t in last_part(data).traces if "loss" in t.curves)


@pytest.mark.parametrize("name", WITH_STATES)
def test_rows_stand_at_the_states_steps(name: str) -> None:
    """Every row of a log has the step that trainer_state.json gives it, validation's rows too."""
    history = json.loads(fixture(WITH_STATES[name]))["log_history"]
    trace = printed(fixture(name))
    for curve, key in CURVES.items():
        exact = {row["step"]: row[key] for row in history if key in row}
        assert values(trace, curve) == {step: pytest.approx(v, 1e-3) for step, v in exact.items()}


def test_plan_and_progress_are_the_bars() -> None:
    """The bar below the rows is the training's; those of datasets, validations and shards are not."""
    assert facts(printed(fixture("huggingface/rows-4.46.out"))) == {"global_step": 12, "planned_steps": 12}
    assert facts(printed(fixture("huggingface/resumed-5.24.out"))) == {"global_step": 36, "planned_steps": 36}


def test_a_killed_run_has_its_steps() -> None:
    """A log that ends in the midst of training places its rows all the same."""
    data = fixture("huggingface/rows-4.46.out")
    cut = data[: data.index(b"'epoch': 1.78")]
    trace = printed(cut[: cut.rfind(b"\n") + 1])
    assert list(values(trace, "loss")) == [1, 2, 3, 4, 5, 6, 7]


def test_bars_out_of_order_place_nothing() -> None:
    """Where output and errors were joined late, a bar below a row is not that row's."""
    trace = next(t for t in last_part(fixture("huggingface/whole-5.23.out")).traces if "loss" in t.curves)
    assert len(trace.curves["loss"].readings(None)) == 10
    assert all(row.step < 0 for row in trace.curves["loss"].readings(None))
    assert [row.step for row in rows(trace, "loss")] == list(range(5, 51, 5))


@pytest.mark.parametrize("version", ["4.46", "5.24"])
def test_without_bars_rows_have_no_steps(version: str) -> None:
    """With `disable_tqdm` only epochs are told; nothing is guessed of the steps."""
    trace = printed(fixture(f"huggingface/notqdm-{version}.out"))
    assert [row.step for row in rows(trace, "loss")] == [-1] * 9
    assert facts(trace) == {}


def test_a_run_that_went_on_after_its_totals_is_resumed() -> None:
    """Totals of a first leg do not end the curve; what one leg alone tells is said to be of a leg."""
    part = last_part(fixture("huggingface/resumed-5.24.out"))
    trace = printed(fixture("huggingface/resumed-5.24.out"))
    assert (part.restarts, trace.is_resumed) == (1, True)


def test_another_rank_prefix_changes_nothing() -> None:
    """Rows and bars behind `srun --label`'s prefix are the same rows and bars."""
    data = fixture("huggingface/rows-4.46.out")
    labelled = b"\n".join(b"0: " + line for line in data.split(b"\n"))
    assert values(printed(labelled), "loss") == values(printed(data), "loss")


@pytest.mark.parametrize("is_whole", [True, False])
def test_split_outputs_are_read_together(tmp_path: Path, is_whole: bool) -> None:
    """Rows in `.out` get their steps from the full bar in `.err`; one that is not full tells nothing."""
    data = fixture("huggingface/rows-4.46.out")
    rows_alone = b"".join(re.findall(rb"\{'[^\n]*\n", data))
    bars = re.sub(rb"(?m)[^\r\n]*\{'[^\n]*\n", b"", data)
    bars = bars if is_whole else bars.replace(b"12/12 [", b"11/12 [")
    entries = lay_down(tmp_path, {"run/job.out": rows_alone, "run/job.err": bars})
    logs = [log("run/job.out"), log("run/job.err")]
    found = scan_experiment(experiment("run", entries, logs), Examination(root=tmp_path))
    assert found.trainer == "huggingface"
    steps = [point.step for point in found.series["loss"].points] if "loss" in found.series else []
    assert steps == (list(range(1, 13)) if is_whole else [])
    assert ("planned_steps" in found.metrics) == is_whole
