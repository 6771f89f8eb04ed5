"""Read what HF's kin print and keep: SetFit, Sentence Transformers, and scripts with loops of their own."""

import io
import json

import pytest

from afterall.scan.trainers.huggingface_rows import parse_row
from afterall.scan.trainers.huggingface_state import read_state
from afterall.scan.trainers.model_card import read_card
from scan.trace_reading import facts, file_trace, kinds, last_part, trace_by, values

BAR = "\r{:3d}%|###       | {}/300 [00:10<00:20,  1.00it/s]"
BANNER = (
    "***** Running training *****\n"
    "  Num unique pairs = 1200\n"
    "  Batch size = 8\n"
    "  Num epochs = 2\n"
    "  Total optimization steps = 300\n"
)


def setfit_row(step: int) -> str:
    """Return a printed row with the bar below it."""
    row = f"{{'embedding_loss': {1 / step:.4f}, 'learning_rate': 1e-05, 'epoch': {step / 150:.2f}}}\n"
    return row + BAR.format(step // 3, step) + "\r"


def test_setfits_losses_are_losses() -> None:
    """It renames them in what it prints; the plan stands in a banner of its own."""
    validation = "{'eval_embedding_loss': 0.125, 'epoch': 1.0}\n" + BAR.format(50, 150) + "\r"
    totals = (
        "{'train_runtime': 36.5, 'train_steps_per_second': 8.2, 'train_samples_per_second': 66, 'epoch': 2}\n"
    )
    log = (
        BANNER + "".join(map(setfit_row, (50, 100, 150))) + validation + "".join(map(setfit_row, (200, 300)))
    )
    trace = trace_by("huggingface", (log + totals).encode())
    assert values(trace, "loss") == {50: 0.02, 100: 0.01, 150: 0.0067, 200: 0.005, 300: 0.0033}
    assert (values(trace, "val_loss"), kinds(trace)) == ({150: 0.125}, ["done_line"])
    told = facts(trace)
    assert (told["planned_steps"], told["planned_epochs"], told["global_step"]) == (300, 2, 300)


def test_setfits_state_is_read_too() -> None:
    """Its loss is no score of the validation either."""
    history = [
        {"embedding_loss": 0.5, "epoch": 0.5, "step": 75},
        {"eval_embedding_loss": 0.25, "eval_embedding_runtime": 1.0, "epoch": 1.0, "step": 150},
        {"embedding_loss": 0.125, "epoch": 2.0, "step": 300},
    ]
    state = {"global_step": 300, "max_steps": 300, "epoch": 2.0, "log_history": history}
    trace = file_trace(read_state, json.dumps(state).encode(), "out/checkpoint-300/trainer_state.json")
    assert (values(trace, "loss"), values(trace, "val_loss")) == ({75: 0.5, 300: 0.125}, {150: 0.25})
    assert trace.validation is None


def test_an_embedding_loss_beside_the_loss_is_a_part_of_it() -> None:
    """Other models have one, too, which is not what they are trained on alone."""
    row = parse_row("{'loss': 2.5, 'embedding_loss': 0.5, 'epoch': 1.0}")
    assert row is not None
    assert row.numbers == {"loss": 2.5, "embedding_loss": 0.5, "epoch": 1.0}


PREFIX = "09/21/2022 13:38:31 - INFO - {} - "


def script_log(logger: str) -> bytes:
    """Return the banner and the bar of a script that trains in a loop of its own."""
    words = (
        "***** Running training *****",
        "  Num examples = 100",
        "  Num Epochs = 2",
        "  Total optimization steps = 26",
    )
    bars = "".join(
        f"\r{step * 100 // 26:3d}%|###  | {step}/26 [00:01<00:02,  4.79it/s]" for step in range(27)
    )
    return ("".join(f"{PREFIX.format(logger)}{word}\n" for word in words) + bars + "\n").encode()


def test_a_script_with_its_own_loop_tells_its_plan() -> None:
    """The examples of accelerate and diffusers log it as HF's Trainer does; that it trained nobody says."""
    (trace,) = last_part(script_log("__main__")).traces
    assert facts(trace) == {"planned_epochs": 2, "planned_steps": 26, "global_step": 26}
    assert not trace.trains


def test_transformers_own_logger_names_the_trainer() -> None:
    """The same words by the library itself are HF Trainer's."""
    (trace,) = last_part(script_log("transformers.trainer")).traces
    assert (facts(trace)["planned_steps"], trace.trains) == (26, True)


@pytest.mark.parametrize("line", ["x Num Epochs = 2", PREFIX.format("a b") + "  Num Epochs = 2"])
def test_other_words_before_a_plan_make_it_none(line: str) -> None:
    """Only a logger's prefix may stand before it."""
    assert last_part(f"{line}\n".encode()).traces == ()


CARD = """---
tags:
- {tag}
---

# A model

### Framework Versions
- Python: 3.10.12
- Sentence Transformers: 3.3.1
- Transformers: 4.47.1
- PyTorch: 2.5.1+cu121
- Tokenizers: 0.21.0

## Citation
- Datasets: 9.9.9
"""


@pytest.mark.parametrize("tag", ["generated_from_trainer", "generated_from_setfit_trainer"])
def test_cards_of_sentence_transformers_and_setfit_tell_versions(tag: str) -> None:
    """They head the list otherwise, and put a colon behind the names."""
    trace = read_card(io.BytesIO(CARD.format(tag=tag).encode()), "out/README.md")
    assert trace is not None
    assert trace.trainer == "huggingface"
    found = {name.removeprefix("version."): fact.value for name, fact in trace.provenance.items()}
    expected = {"python": "3.10.12", "transformers": "4.47.1", "torch": "2.5.1+cu121", "tokenizers": "0.21.0"}
    assert {name: found.get(name) for name in expected} == expected
    assert "datasets" not in found


def test_rows_that_tell_their_step_are_placed_by_it() -> None:
    """PaddleNLP's say which, without a bar; no plan stands in them."""
    row = "{{'loss': {}, 'learning_rate': 4.5e-05, 'global_step': {}, 'epoch': {}}}\n"
    trace = trace_by("huggingface", (row.format(0.5, 150, 2.0) + row.format(0.25, 160, 2.13)).encode())
    assert values(trace, "loss") == {150: 0.5, 160: 0.25}
    assert facts(trace) == {"global_step": 160}


def test_a_step_that_may_count_within_an_epoch_places_nothing() -> None:
    """Loops of a user's own print rows that look alike."""
    row = "{{'loss': {}, 'step': {}, 'epoch': {}}}\n"
    trace = trace_by("huggingface", (row.format(0.5, 10, 1) + row.format(0.25, 10, 2)).encode())
    assert (list(values(trace, "loss")), facts(trace)) == ([-1], {})
