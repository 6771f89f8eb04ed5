"""What runs ran with is told once where it is the same, and by run where it differs."""

from typing import Any

import pytest

from afterall.model import Experiment
from afterall.render.page import Page
from afterall.render.sections.software import software
from afterall.settings import SetSettings
from render.render_reports import fact, make_experiment, tiny_report


def ran_with(name: str, **provenance: Any) -> Experiment:
    """Return an experiment that recorded this; "__" stands for a dot."""
    return make_experiment(
        name, trainer="huggingface", provenance={k.replace("__", "."): fact(v) for k, v in provenance.items()}
    )


A = ran_with("a", version__torch="2.6.0", version__transformers="4.46.3", git_commit="0123456789abcdef")


@pytest.mark.parametrize(
    ("experiments", "told"),
    [
        ([make_experiment("a")], ""),
        ([A], "Software: Transformers 4.46.3, PyTorch 2.6.0, code at commit `0123456789ab`."),
        ([ran_with("a", gpu="NVIDIA A100"), ran_with("b", gpu="NVIDIA A100")], "Software: NVIDIA A100."),
        (
            [ran_with("a", version__torch="2.6.0"), make_experiment("b")],
            "Software, as 1 of 2 runs recorded it: PyTorch 2.6.0.",
        ),
        (
            [ran_with("a", version__torch="2.6.0"), ran_with("b", version__torch="2.5.1")],
            "**Not the same in every run:** PyTorch 2.6.0 (a), PyTorch 2.5.1 (b).",
        ),
        ([ran_with("a", dataset_files="words.json", gpu_count=4)], ""),
    ],
)
def test_the_software_in_a_sentence(experiments: list[Experiment], told: str) -> None:
    """What all share is one sentence, what differs names the runs, and silence is not agreement."""
    assert software(Page(tiny_report(*experiments), SetSettings())) == told


def test_what_only_some_of_the_recorded_runs_tell_is_not_told_of_all() -> None:
    """A version that one of two recorded runs is silent on is left to RESULTS.json."""
    report = tiny_report(A, ran_with("b", version__torch="2.6.0"))
    assert software(Page(report, SetSettings())) == "Software: PyTorch 2.6.0."


def test_a_hostile_version_is_escaped() -> None:
    """Names of GPUs are others' text."""
    told = software(Page(tiny_report(ran_with("a", gpu="<b>A100</b> | *x*")), SetSettings()))
    assert told == r"Software: \<b>A100\</b> \| \*x\*."


def test_only_what_was_at_work_is_told() -> None:
    """An environment lists whatever is installed: torchtune trains without TRL, whose versions may differ."""
    runs = [
        make_experiment(
            "a", trainer="torchtune", provenance={f"version.{k}": fact(v) for k, v in told.items()}
        )
        for told in ({"trl": "1.0", "torchtune": "0.6.1"}, {"trl": "1.1", "torchtune": "0.6.1"})
    ]
    assert software(Page(tiny_report(*runs), SetSettings())) == "Software: torchtune 0.6.1."
