"""The line that says who is best: settings rather than seeds, and never more than replicates show."""

import math
import re

from afterall.analyse import analyse
from afterall.model import Experiment
from afterall.render.documents import render
from afterall.settings import SetSettings
from analyse.analyse_made import failed, material, trained


def result(*experiments: Experiment) -> str:
    """Return the line, "" where there is none."""
    settings = SetSettings(figures=False)
    report = analyse(material(*experiments, settings=settings))
    document = render(report, settings, "", {})["RESULTS.md"].decode()
    found = re.search(r"(?m)^\*\*Result:\*\* (.*)$", document)
    return found[1] if found else ""


def seeds(name: str, loss: float, rank: int, count: int = 3) -> list[Experiment]:
    """Return replicates that lie 0.01 apart."""
    return [trained(f"{name}{n}", loss + n / 100, lora_rank=rank, seed=n) for n in range(count)]


def test_settings_that_were_repeated_stand_as_their_means() -> None:
    """Not the luckiest seed but the better setting comes first, with what replicates say of it."""
    told = result(*seeds("far", 3.0, 4), *seeds("near", 2.0, 8))
    assert told.startswith(
        "Final validation loss: **rank 8** (2.01 ± 0.01, n = 3), then rank 4 (3.01 ± 0.01, n = 3); "
        "more than seeds alone explain (p"
    )


def test_a_tie_is_called_one() -> None:
    """Two settings that differ less than their seeds do."""
    told = result(*seeds("a", 2.001, 4), *seeds("b", 2.0, 8))
    assert told.endswith("; the two tie, replicates differ as much")


def test_what_only_the_correction_makes_doubtful_is_no_tie() -> None:
    """Seeds differ less than the settings do, and of three comparisons one such may be chance."""
    told = result(*seeds("a", 2.0, 4), *seeds("b", 2.025, 8), *seeds("c", 2.05, 16))
    assert told.endswith("; may be chance of the seeds (p = 0.075 corrected for 3 comparisons)")


def test_a_single_run_stands_beside_means() -> None:
    """It is called by its own name and judged by the set's noise."""
    told = result(*seeds("a", 2.0, 4), trained("alone", 5.0, lora_rank=8, seed=0))
    assert re.search(r"then alone \(5\.0+\); more than seeds alone explain \(p", told)


def test_runs_that_did_not_finish_count_in_no_mean() -> None:
    """A killed replicate's low loss of an earlier step helps nobody."""
    killed = failed("killed", metrics={"final_val_loss": 0.1}, parameters={"lora_rank": 4, "seed": 9})
    told = result(*seeds("a", 2.0, 4), *seeds("b", 3.0, 8), killed)
    assert told.startswith("Final validation loss: **rank 4** (2.01 ± 0.01, n = 3), then rank 8")


def test_replicates_that_diverged_are_counted() -> None:
    """A mean of those that are left hides how often the setting fails."""
    lost = trained("lost", math.nan, lora_rank=4, seed=9)
    told = result(*seeds("a", 2.0, 4), lost, *seeds("b", 3.0, 8))
    assert "**rank 4** (2.01 ± 0.01, n = 3, 1 diverged), then rank 8 (3.01 ± 0.01, n = 3)" in told
    alone = result(trained("alone", 2.0, lora_rank=4, seed=0), lost, *seeds("b", 3.0, 8))
    assert "**alone** (2.00; 1 repeat of it diverged), then rank 8" in alone


def test_one_setting_alone_has_nothing_to_beat() -> None:
    """Replicates of a single setting are told with their scatter and no rival, under their names."""
    assert result(*seeds("a", 2.0, 4)) == "Final validation loss: **a0, a1, and a2** (2.01 ± 0.01, n = 3)"


def test_single_runs_stay_single() -> None:
    """Without replicates the runs stand by name, and chance is not ruled out."""
    told = result(trained("a", 1.0, lora_rank=4), trained("b", 2.0, lora_rank=8))
    assert (
        told == "Final validation loss: **a** (1.0), then b (2.0); nothing was repeated, so it may be chance"
    )
    assert "are equal (1.0)" in result(trained("a", 1.0, lora_rank=4), trained("b", 1.0, lora_rank=8))
