"""Settings and the runs that repeat them."""

from afterall.analyse.design import Design, lay_out
from afterall.analyse.ordering import in_order
from afterall.analyse.parameters import find_varying
from afterall.model import Experiment
from afterall.settings import SetSettings
from analyse.analyse_made import experiment, trained, unsubmitted


def design(*experiments: Experiment) -> Design:
    """Return the design of experiments given in any order."""
    ordered = in_order(experiments)
    return lay_out(ordered, find_varying(ordered, SetSettings()))


def cells(*experiments: Experiment) -> list[tuple[str, ...]]:
    """Return the names of the runs of each cell."""
    return [tuple(run.name for run in cell.runs) for cell in design(*experiments).cells]


def test_runs_with_other_seeds_share_a_cell() -> None:
    """Equal settings with known, different seeds are replicates."""
    runs = [trained(f"r{rank}s{seed}", 1, lora_rank=rank, seed=seed) for rank in (64, 4) for seed in (1, 0)]
    assert cells(*runs) == [("r4s0", "r4s1"), ("r64s0", "r64s1")]
    assert [cell.seeds for cell in design(*runs).cells] == [(0, 1), (0, 1)]


def test_without_known_seeds_nothing_is_a_replicate() -> None:
    """Two runs that look alike may differ in what no file tells."""
    assert cells(trained("a", 1), trained("b", 1)) == [("a",), ("b",)]
    assert cells(trained("a", 1, seed=1), trained("b", 1)) == [("a",), ("b",)]


def test_a_run_without_a_seed_does_not_part_those_that_have_one() -> None:
    """What one run does not tell takes nothing from the others, and it is no replicate itself."""
    found = design(trained("a", 1, seed=1), trained("b", 1), trained("c", 1, seed=2))
    assert [(tuple(run.name for run in cell.runs), cell.seeds) for cell in found.cells] == [
        (("a", "c"), (1, 2)),
        (("b",), ()),
    ]


def test_the_same_seed_twice_is_no_replicate() -> None:
    """Runs of equal settings and equal seed are not told apart by chance alone."""
    assert cells(trained("a", 1, seed=7), trained("b", 1, seed=7)) == [("a",), ("b",)]


def test_a_second_seed_tells_runs_apart_too() -> None:
    """A data seed replicates a run as the seed does."""
    runs = [trained(f"r{n}", 1, seed=7, data_seed=n) for n in range(2)]
    assert cells(*runs) == [("r0", "r1")]


def test_a_setting_that_a_run_does_not_say_is_a_setting_of_its_own() -> None:
    """A run that says no rank repeats none that does."""
    runs = [
        trained("a", 1, lora_rank=4, seed=0),
        trained("b", 1, lora_rank=8, seed=1),
        trained("c", 1, seed=2),
    ]
    assert cells(*runs) == [("a",), ("b",), ("c",)]


def test_what_left_no_number_stands_in_no_cell() -> None:
    """Never-run experiments compare with nothing."""
    assert cells(trained("a", 1), unsubmitted("b"), experiment("c")) == [("a",)]
