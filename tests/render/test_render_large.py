"""A large set stays readable: the best and the failed runs first, all else folded, nothing left out."""

import math
import re

from msgspec.structs import replace

from afterall.model import Completion, Direction, Experiment, Ranking, Report, State
from afterall.render.documents import render
from afterall.render.folding import LONGEST
from afterall.render.sections.evaluations import MOST_ROWS
from afterall.render.sections.foremost import MOST_BAD, MOST_BEST
from afterall.settings import SetSettings
from render.render_reports import fact, make_evaluation, make_experiment, tiny_report

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


def test_runs_that_nothing_ranks_are_not_called_best() -> None:
    """The first in the report's order stand there instead, and it says so."""
    told = markdown(replace(large(), rankings=()))
    assert f"The first {MOST_BEST} of {TOTAL} experiments, and those that did" in told
    assert f"The best {MOST_BEST} of {TOTAL} experiments" in markdown(large())


def test_a_run_that_diverged_is_not_among_the_best() -> None:
    """Fewer finite numbers than places leave places empty."""
    report = large()
    finite = {"run7": 1.0, "run8": 2.0}
    values = {name: finite.get(name, math.nan) for name in report.rankings[0].order}
    order = (*finite, *(name for name in values if name not in finite))
    ranking = replace(report.rankings[0], values=values, order=order)
    told = unfolded(markdown(replace(report, rankings=(ranking,))))
    assert f"The best 2 of {TOTAL} experiments" in told
    results = told.partition("## Training Results Summary")[2].partition("### Training Duration")[0]
    assert re.findall(r"(?m)^\| (run\d+) ", results)[:3] == ["run7", "run8", "run10"]


def test_a_cut_table_of_evaluations_says_so() -> None:
    """The words on its fold count the rows that are there."""
    made = tuple(make_evaluation(f"task{number}") for number in range(MOST_ROWS + 1))
    shown = markdown(tiny_report(replace(numbered(1), evaluations=made[:-1])))
    assert f"<summary>All {MOST_ROWS} evaluations</summary>" in shown
    cut = markdown(tiny_report(replace(numbered(1), evaluations=made)))
    assert f"<summary>The first {MOST_ROWS} evaluations</summary>" in cut


def test_nothing_is_left_out() -> None:
    """Every run has its row in the folded table."""
    results = markdown(large()).partition("## Training Results Summary")[2].partition("### Training Dur")[0]
    folded = results.partition("<details>")[2]
    assert {f"run{number}" for number in range(1, TOTAL + 1)} == set(re.findall(r"(?m)^\| (run\d+) ", folded))


def test_two_hundred_runs_are_read_in_a_few_screens() -> None:
    """What is not folded has at most three hundred lines."""
    assert unfolded(markdown(large())).count("\n") <= 300


def test_every_fold_is_closed_and_named() -> None:
    """Each has a summary, and blank lines around what it holds, without which GitHub shows no Markdown."""
    text = markdown(large())
    assert text.count("<details>") == text.count("</details>") > 2
    for fold in re.findall(r"(?s)<details>.*?</details>", text):
        assert re.match(r"<details>\n<summary>[^<]+</summary>\n\n\S(?s:.*)\n\n</details>", fold), fold[:200]


def test_every_run_of_a_small_set_is_seen_at_once() -> None:
    """Up to LONGEST runs stand in the open with their results and their checkpoints."""
    told = unfolded(markdown(large(LONGEST)))
    for number in range(1, LONGEST + 1):
        assert len(re.findall(rf"(?m)^\| run{number} ", told)) == 2
