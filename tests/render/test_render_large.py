"""A large set stays readable: the best and the failed runs first, all else folded, nothing left out."""

import re

from afterall.model import Completion, Direction, Experiment, Ranking, Report, State
from afterall.render.documents import render
from afterall.render.folding import LONGEST
from afterall.render.sections.foremost import MOST_BAD, MOST_BEST
from afterall.settings import SetSettings
from render.render_reports import fact, make_experiment, spec_report, tiny_report

TOTAL = 200
SETTINGS = SetSettings(figures=False)


def numbered(number: int) -> Experiment:
    """Return a run whose loss is its number; every tenth did not come to its end."""
    ended = number % 10 != 0
    return make_experiment(
        f"run{number}",
        number,
        state=State.COMPLETED if ended else State.FAILED,
        completion=Completion(ended),
        metrics={"final_val_loss": fact(float(number)), "global_step": fact(100)},
    )


def large(total: int = TOTAL) -> Report:
    """Return a report on many runs, ranked by their loss."""
    runs = [numbered(number) for number in range(1, total + 1)]
    unfinished = [run.name for run in runs if run.completion.value is False]
    order = [run.name for run in runs if run.name not in unfinished] + unfinished
    ranking = Ranking(
        metric="final_val_loss",
        direction=Direction.DOWN,
        order=tuple(order),
        values={f"run{number}": float(number) for number in range(1, total + 1)},
        unfinished=tuple(unfinished),
    )
    return tiny_report(*runs, rankings=(ranking,))


def markdown(report: Report) -> str:
    """Return RESULTS.md."""
    return render(report, SETTINGS, "", {})["RESULTS.md"].decode()


def unfolded(text: str) -> str:
    """Return what a reader sees before opening anything."""
    return re.sub(r"(?s)<details>.*?</details>", "", text)


def test_the_best_and_the_failed_stand_first() -> None:
    """Of two hundred runs twenty are shown at first sight."""
    told = unfolded(markdown(large()))
    results = told.partition("## Training Results Summary")[2].partition("### Training Duration")[0]
    shown = re.findall(r"(?m)^\| (run\d+) ", results)
    best = [f"run{number}" for number in range(1, 12) if number % 10]
    assert shown == [*best, *(f"run{10 * number}" for number in range(1, MOST_BAD + 1))]
    assert len(best) == MOST_BEST


def test_nothing_is_left_out() -> None:
    """Every run has its row in the folded table."""
    results = markdown(large()).partition("## Training Results Summary")[2].partition("### Training Dur")[0]
    folded = results.partition("<details>")[2]
    assert {f"run{number}" for number in range(1, TOTAL + 1)} == set(re.findall(r"(?m)^\| (run\d+) ", folded))


def test_two_hundred_runs_are_read_in_a_few_screens() -> None:
    """What is not folded has at most three hundred lines."""
    assert unfolded(markdown(large())).count("\n") <= 300


def test_every_fold_is_closed_and_named() -> None:
    """Each has a summary, and blank lines around its table, without which GitHub shows none."""
    text = markdown(large())
    assert text.count("<details>") == text.count("</details>") > 2
    for fold in re.findall(r"(?s)<details>.*?</details>", text):
        assert re.match(r"<details>\n<summary>[^<]+</summary>\n\n\|(?s:.*)\n\n</details>", fold), fold[:200]


def test_a_small_set_has_no_folds() -> None:
    """Up to LONGEST runs everything is seen at once."""
    assert "<details>" not in markdown(spec_report())
    assert "<details>" not in markdown(large(LONGEST))
