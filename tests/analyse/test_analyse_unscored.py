"""A set without any evaluation is told to evaluate, where nothing else comes first."""

import math

from msgspec.structs import replace

from afterall.model import Experiment, NextStepKind, State, Verdict
from analyse.analyse_asking import step, steps
from analyse.analyse_made import checkpoint, evaluation, failed, trained

EVALUATE = NextStepKind.EVALUATE


def kept(name: str, loss: float = 1.0, verdict: Verdict = Verdict.OK) -> Experiment:
    """Return a finished run with a last checkpoint, and no script beside it."""
    last = checkpoint(f"{name}/epoch_2", is_final=True, verdict=verdict)
    return replace(trained(name, loss, lora_rank=len(name)), checkpoints=(last,))


def test_two_good_models_without_any_score_are_to_be_evaluated() -> None:
    """No command is made up, and those without a good last checkpoint are not named."""
    found = step(
        EVALUATE, kept("a"), kept("bb"), kept("ccc", verdict=Verdict.CORRUPT), kept("dddd", math.nan)
    )
    assert (found.experiments, found.command, found.details) == (("a", "bb"), "", {})
    assert not steps(EVALUATE, kept("a"), kept("bb", verdict=Verdict.CORRUPT))


def test_a_score_or_a_script_of_anyones_is_enough() -> None:
    """Then the set has its own way, and its own suggestions."""
    scored = replace(kept("a"), evaluations=(evaluation("a/1.eval", "epoch_1"),))
    assert not steps(EVALUATE, scored, kept("bb"))
    scripted = kept("a")
    scripted = replace(scripted, layout=replace(scripted.layout, eval_scripts=("a/eval/run.sh",)))
    assert [each.experiments for each in steps(EVALUATE, scripted, kept("bb"))] == [("a",)]


def test_what_has_to_be_done_first_comes_first() -> None:
    """While a run is to be repeated, or one is still on its way, nothing is said."""
    assert not steps(EVALUATE, kept("a"), kept("bb"), failed("ccc"))
    assert not steps(EVALUATE, kept("a"), kept("bb"), replace(kept("ccc"), state=State.RUNNING))
