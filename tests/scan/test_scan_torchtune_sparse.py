"""Place the losses of torchtune 0.1's bars, which change only every few steps, at their optimizer steps."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from afterall.scan.curves import BYTES_FROM
from afterall.scan.logs.blocks import Block
from afterall.scan.progress import find_progress
from afterall.scan.traces import Trace
from afterall.scan.trainers.torchtune_sparse import Schedule, last_bar
from scan.run_making import fixture
from scan.trace_reading import facts, trace_by, values

BANNER = "Running LoRAFinetuneRecipeSingleDevice with resolved config:\n\n"


class Recipe(Struct, frozen=True, kw_only=True):
    """A run of 0.1: batches and epochs, its settings, and how many batches it lived for."""

    batches: int
    epochs: int
    every: int
    batches_a_step: int = 1
    most_steps: int = 10**9
    end: int = 10**9

    def draw(self) -> tuple[str, int]:
        """Return the bars it drew, each loss telling its step, and the optimizer steps it took."""
        text, taken, seen = "", 0, 0
        for epoch in range(1, self.epochs + 1):
            words = ""
            for at in range(self.batches):
                if at // self.batches_a_step == self.most_steps or seen == self.end:
                    break
                seen += 1
                if taken % self.every == 0:
                    words = f"{epoch}|{at + 1}|Loss: {taken + 1}.125: "
                    text += self._bar(words, at)
                taken += (at + 1) % self.batches_a_step == 0
                text += self._bar(words, at + 1)
            if seen < self.end:
                text += "\n"
        return text, taken

    def _bar(self, words: str, done: int) -> str:
        share = f"{100 * done // self.batches:3d}%|{'█' * (10 * done // self.batches):10}|"
        return f"\r{words}{share} {done}/{self.batches} [00:01<00:01, 9.1it/s]"


def traced(text: str, **told: int) -> Trace:
    """Return the trace of such bars below a banner of these settings."""
    lines = "".join(f"{name}: {value}\n" for name, value in told.items())
    banner = f"{BANNER}{lines}\nModel is initialized with precision bf16.\n" if told else ""
    return trace_by("torchtune", (banner + text + "\n").encode())


def reached(trace: Trace) -> object:
    """Return the steps that a run came to by this trace alone."""
    found = find_progress([trace], trace.parameters).facts.get("global_step")
    return None if found is None else found.value


@pytest.mark.parametrize(("batches", "epochs", "every"), [(10, 1, 5), (10, 3, 2), (10, 3, 4), (7, 4, 5)])
def test_losses_stand_at_their_steps_and_the_bar_tells_how_far_it_came(
    batches: int, epochs: int, every: int
) -> None:
    """Also where the interval does not divide an epoch."""
    text, taken = Recipe(batches=batches, epochs=epochs, every=every).draw()
    trace = traced(text, log_every_n_steps=every, epochs=epochs)
    assert list(values(trace, "loss")) == list(range(1, batches * epochs + 1, every))
    assert all(int(loss) == step for step, loss in values(trace, "loss").items())
    assert (reached(trace), trace.steps_per_epoch) == (taken, batches)


def test_an_interval_longer_than_an_epoch_leaves_its_end_unknown() -> None:
    """A bar without words may be of any epoch: that training ended early is not said."""
    text, _ = Recipe(batches=4, epochs=3, every=100).draw()
    trace = traced(text, log_every_n_steps=100, epochs=3)
    assert (list(values(trace, "loss")), reached(trace)) == ([-1], None)


RECIPES = st.builds(
    Recipe,
    batches=st.integers(3, 12),
    epochs=st.integers(1, 4),
    every=st.integers(2, 7),
    batches_a_step=st.integers(1, 3),
    most_steps=st.integers(1, 9),
    end=st.integers(1, 60),
)


@given(RECIPES)
@settings(max_examples=300, deadline=None)
def test_wherever_a_run_was_killed_no_step_is_invented(recipe: Recipe) -> None:
    """Where it is known what was reached, it is what was taken, and each loss stands at its own step."""
    text, taken = recipe.draw()
    trace = traced(
        text,
        log_every_n_steps=recipe.every,
        gradient_accumulation_steps=recipe.batches_a_step,
        max_steps_per_epoch=recipe.most_steps,
        epochs=recipe.epochs,
    )
    is_known = "global_step" in facts(trace)
    if is_known:
        assert facts(trace)["global_step"] == taken
        assert all(step in (int(loss), int(loss) - 1) for step, loss in values(trace, "loss").items())


def test_without_a_banner_the_interval_is_seen() -> None:
    """Two losses of the first epoch tell how far apart they are."""
    text, taken = Recipe(batches=10, epochs=2, every=5).draw()
    trace = traced(text)
    assert (list(values(trace, "loss")), reached(trace)) == ([1, 6, 11, 16], taken)


def test_losses_that_fit_no_interval_have_no_step() -> None:
    """Bars that are ahead of their words, of a setting that another run had: the steps are unknown."""
    text, _ = Recipe(batches=10, epochs=2, every=4).draw()
    trace = traced(text, log_every_n_steps=7)
    assert (list(values(trace, "loss")), reached(trace)) == ([-1], None)


@pytest.mark.parametrize(
    "name", ["whole-0.6", "kd-0.6", "whole-0.4", "resume-0.6", "accumulating-0.2", "full-0.6"]
)
def test_bars_that_change_with_each_step_are_left_alone(name: str) -> None:
    """From 0.2 on the logging interval says nothing of the bars."""
    data = fixture(f"torchtune/{name}.out")
    for every in (b"2", b"3", b"5", b"10"):
        told = data.replace(b"log_every_n_steps: 1", b"log_every_n_steps: " + every)
        plain = trace_by("torchtune", data)
        assert values(trace_by("torchtune", told), "loss") == values(plain, "loss")
        for cut in range(data.index(b"|Loss: "), len(data), max(1, len(data) // 40)):
            one = trace_by("torchtune", data[:cut] + b"\n")
            other = trace_by(
                "torchtune", data[:cut].replace(b"log_every_n_steps: 1", b"log_every_n_steps: 2") + b"\n"
            )
            assert one.facts == other.facts
            assert ("loss" in one.curves) == ("loss" in other.curves)


@pytest.mark.parametrize("name", ["whole-0.6", "whole-0.4", "accumulating-0.2"])
@given(st.data())
@settings(max_examples=40, deadline=None)
def test_a_copy_with_few_of_the_bars_moves_no_step(name: str, data: st.DataObject) -> None:
    """What a terminal showed in the end has a bar here and there: each loss stays at its own step."""
    whole = fixture(f"torchtune/{name}.out")
    known = values(trace_by("torchtune", whole), "loss")
    records = whole.split(b"\r")
    bars = [at for at, record in enumerate(records) if b"|Loss: " in record]
    kept = data.draw(st.sets(st.sampled_from(bars), min_size=1, max_size=6))
    banner = records[0] if data.draw(st.booleans()) else b""
    trace = trace_by("torchtune", banner + b"\r" + b"\r".join(records[at] for at in sorted(kept)) + b"\n")
    assert values(trace, "loss").items() <= known.items()
    assert facts(trace).get("global_step", trace.steps_per_epoch) == trace.steps_per_epoch  # of a full bar


@given(st.text("\n\r|x ", max_size=80), st.integers(0, 1 << 40))
def test_the_last_bar_stands_where_its_record_begins(before: str, offset: int) -> None:
    """On its line, or at its byte where lines were not counted."""
    text = f"1|2|Loss: 0.5:  4%| 2/50 [\n{before}\r3|120|Loss: 0.25:  4%|  | 20/50 [00:01<00:02]\n".encode()
    start = text.rindex(b"3|120|")
    numbered, unnumbered = last_bar(Block(text, offset, 7)), last_bar(Block(text, offset, None))
    assert numbered is not None
    assert unnumbered is not None
    assert (numbered.epoch, numbered.number, numbered.done, numbered.total) == (3, 120, 20, 50)
    assert numbered.mark == 7 + text.count(b"\n", 0, start)
    assert unnumbered.mark == BYTES_FROM + offset + start


def test_two_bars_that_are_far_apart_cost_no_more_than_other_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every change draws a bar, so these two tell nothing, and a log of many such runs takes little time."""
    counted: list[int] = []
    changes = Schedule._changes

    def count(schedule: Schedule) -> Iterator[tuple[int, int, int]]:
        for change in changes(schedule):
            counted.append(change[1])
            yield change

    monkeypatch.setattr(Schedule, "_changes", count)
    schedule = Schedule(batches=10**9, batches_a_step=1, steps=10**9, every=2)
    assert schedule.steps_of([1, 800_000_001]) is None
    assert len(counted) < 2_000
    assert schedule.steps_of([1, 801]) == {1: 1, 801: 801} | {at: at for at in range(1, 802, 2)}
