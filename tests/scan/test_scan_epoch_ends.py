"""Count the epochs of a program that tells its losses once an epoch."""

from collections.abc import Iterable

import pytest

from scan.trace_reading import last_part


def told(lines: Iterable[str]) -> dict[str, object]:
    """Return the facts that a log's guessed trace tells."""
    (trace,) = last_part("".join(f"{line}\n" for line in lines).encode()).traces
    return {name: fact.value for name, fact in trace.facts.items()}


def rows(form: str, epochs: Iterable[int]) -> list[str]:
    """Return a line for each epoch."""
    return [form.format(epoch=epoch, loss=2 / (epoch + 1)) for epoch in epochs]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (rows("Epoch {epoch}/5 train_loss: {loss:.4f} val_loss: 0.5", range(1, 6)), (5, 5)),
        (rows("Epoch [{epoch}/10], Loss: {loss:.4f}", range(1, 4)), (3, 10)),
        (rows("[epoch {epoch} of 10] loss={loss:.4f}", range(1, 4)), (3, 10)),
        (rows("Epoch {epoch}: train loss {loss:.4f}", range(1, 4)), (3, None)),
        (rows("epoch={epoch} loss={loss:.4f}", range(3)), (3, None)),
        (rows("Epoch {epoch}/24 loss: {loss:.4f}", range(25)), (25, None)),
        (rows("Epoch {epoch}/24 loss: {loss:.4f}", range(24)), (24, None)),
        (rows("Epoch {epoch}/1 loss: {loss:.4f}", [1]), (1, 1)),
        (
            [
                line
                for epoch in (1, 2)
                for line in (f"Epoch {epoch}/3 train loss: 0.5", f"Epoch {epoch}/3 val loss: 0.6")
            ],
            (2, 3),
        ),
        (
            [
                line
                for epoch in (1, 2)
                for line in (
                    f"Epoch {epoch} step {100 * epoch - 50} loss: 0.7",
                    f"Epoch {epoch} step {100 * epoch} loss: 0.5",
                    f"Epoch {epoch} done, val_loss: 0.6",
                )
            ],
            (2, None),
        ),
        (
            [
                line
                for epoch in (1, 2, 3)
                for line in (
                    f"Epoch {epoch} batch 10/20 loss: 0.7",
                    f"Epoch {epoch} batch 20/20 loss: 0.5",
                    f"Epoch {epoch}/4 val_loss: 0.6",
                )
            ],
            (3, 4),
        ),
    ],
)
def test_epochs_that_were_told_to_their_end_are_counted(
    lines: list[str], expected: tuple[int, int | None]
) -> None:
    """From 1 or from 0, with a plan where nobody can read it otherwise."""
    facts = told(lines)
    assert (facts["epochs"], facts.get("planned_epochs")) == expected


@pytest.mark.parametrize(
    "lines",
    [
        rows("Epoch {epoch}/5 loss: {loss:.4f}", [1, 1, 1, 2, 2]),
        rows("Epoch {epoch}/9 loss: {loss:.4f}", [5, 6, 7]),
        rows("Epoch {epoch} loss: {loss:.4f}", [1, 2, 3, 1, 2]),
        rows("Epoch {epoch} loss: {loss:.4f}", [1, 10, 20]),
        rows("Epoch {epoch} loss: {loss:.4f}", [1]),
        rows("Epoch 0.{epoch} loss: {loss:.4f}", [1, 2]),
        ["Epoch 1 loss: 0.5", "loss: 0.4", "Epoch 2 loss: 0.3"],
        rows("step {epoch} loss: {loss:.4f}", [1, 2]),
    ],
    ids=["within", "resumed", "again", "now and then", "one", "parts", "between", "steps"],
)
def test_other_losses_tell_no_epochs(lines: list[str]) -> None:
    """Nobody knows whether the last one they name is over."""
    assert told(lines) == {}


def test_plans_that_differ_are_none() -> None:
    """As where two programs wrote into one log."""
    assert told(["Epoch 1/3 loss: 0.5", "Epoch 2/4 loss: 0.4"]) == {"epochs": 2}
    assert told(["Epoch 1/2 loss: 0.5", "Epoch 2/2 loss: 0.4", "Epoch 3/2 loss: 0.4"]) == {"epochs": 3}
