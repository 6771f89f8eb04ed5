"""The table of every run against the baseline."""

import re

from msgspec.structs import replace

from afterall.analyse import analyse
from afterall.model import Experiment
from afterall.render.documents import render
from afterall.render.folding import LONGEST
from afterall.settings import SetSettings
from analyse.analyse_made import experiment, material, trained


def section(baseline: str, *experiments: Experiment) -> str:
    """Return what the report says of a baseline."""
    settings = SetSettings(baseline=baseline, figures=False)
    report = analyse(material(*experiments, settings=settings))
    document = render(report, settings, "", {})["RESULTS.md"].decode()
    found = re.search(r"### \d+\. Against the Baseline\n\n(.*?)\n###? ", document, re.DOTALL)
    return found[1] if found else ""


def cells(told: str) -> list[list[str]]:
    """Return a table's rows below its heading."""
    rows = [line for line in told.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_both_numbers_stand_beside_the_difference() -> None:
    """The best first; what differs with the baseline's value in brackets; one seed is said to be one."""
    told = section(
        "a", trained("a", 2.0, lora_rank=4), trained("b", 1.0, lora_rank=8), trained("c", 3.0, lora_rank=16)
    )
    assert told.startswith("Final validation loss: 2.0 of a; lower is better.")
    assert cells(told) == [
        ["b", "LoRA rank 8 (4)", "1.0", "-1.0 (-50 %)", "one seed"],
        ["c", "LoRA rank 16 (4)", "3.0", "+1.0 (+50 %)", "one seed"],
    ]


def test_what_cannot_be_compared_is_named() -> None:
    """A shorter run has no difference, a twin and a run without numbers stand below the table."""
    short = experiment(
        "short", parameters={"lora_rank": 8}, metrics={"final_val_loss": 1.5, "global_step": 20}
    )
    twin, silent = trained("twin", 1.1, lora_rank=4), experiment("silent", parameters={"lora_rank": 64})
    told = section("a", trained("a", 1.0, lora_rank=4), twin, short, silent)
    assert cells(told) == [["short", "LoRA rank 8 (4)", "1.5", "not at the same step", "no claim"]]
    assert told.endswith("for want of a finite number or of a known difference: silent and twin.\n")


def test_replicates_decide_what_is_believed() -> None:
    """Means stand for settings that ran more than once, and a tie is called one."""
    runs = [
        trained(f"{name}{seed}", loss + seed / 100, lora_rank=rank, seed=seed)
        for name, loss, rank in (("a", 1.0, 4), ("b", 5.0, 8), ("c", 1.001, 16))
        for seed in (1, 2, 3)
    ]
    tie, far = cells(section("a1", *runs))
    assert (tie[0], tie[-1]) == ("c1, c2, and c3 (mean of 3)", "a tie within noise")
    assert far[-1].startswith("p ")


def test_of_many_runs_none_is_left_out() -> None:
    """A long table is folded, as the others are."""
    runs = [trained(f"run{rank}", rank / 10, lora_rank=rank) for rank in range(1, LONGEST + 3)]
    told = section("run1", *runs)
    assert f"<summary>All {LONGEST + 1} that are compared with the baseline</summary>" in told
    assert [row[0] for row in cells(told)] == [f"run{rank}" for rank in range(2, LONGEST + 3)]


def test_a_baseline_without_numbers_says_so() -> None:
    """Nobody is compared with a run that diverged."""
    lost = replace(trained("lost", 1.0, lora_rank=4), metrics={})
    told = section("lost", lost, trained("a", 1.0, lora_rank=8), trained("b", 2.0, lora_rank=16))
    assert told.startswith("lost can be compared with no other run")


def test_hostile_names_stay_text() -> None:
    """A name with a pipe and markup breaks no table."""
    told = section("a", trained("a", 2.0, lora_rank=4), trained("x|<b>*", 1.0, lora_rank=8))
    (row,) = cells(told.replace("x\\|", "x"))
    assert (row[0], len(row)) == ("x\\<b>\\*", 5)


def test_what_only_the_correction_makes_doubtful_is_called_chance() -> None:
    """Two settings that lie beyond their own intervals are no ties, and of two one may be chance."""
    runs = [
        trained(f"{name}{seed}", loss + seed / 100, lora_rank=rank, seed=seed)
        for name, loss, rank in (("a", 1.0, 4), ("b", 1.025, 8), ("c", 0.975, 16))
        for seed in (1, 2, 3)
    ]
    assert [row[-1] for row in cells(section("a1", *runs))] == ["may be chance: p = 0.075"] * 2
