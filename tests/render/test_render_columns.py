"""Which metrics have a column in the table of results."""

from afterall.analyse import analyse
from afterall.model import Experiment
from afterall.render.documents import render
from afterall.settings import SetSettings
from analyse.analyse_made import evaluation, experiment, material, trained


def rows(*experiments: Experiment, **metrics: str) -> list[list[str]]:
    """Return the cells of the table of results, its heading first."""
    settings = SetSettings(figures=False, metrics={name.replace("__", "/"): v for name, v in metrics.items()})
    report = analyse(material(*experiments, settings=settings))
    document = render(report, settings, "", {})["RESULTS.md"].decode()
    part = document.partition("## Training Results Summary")[2].partition("\n\n|")[2].partition("\n\n")[0]
    lines = [line for line in part.splitlines() if not line.startswith("|:")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_mean_stands_where_nothing_else_is_known_of_the_loss() -> None:
    """A run shorter than its logging interval tells the mean over all its steps, and that alone."""
    short = experiment("short", metrics={"mean_loss": 1.5294, "global_step": 8})
    heading, *_, last = rows(trained("a", 1.0), short)
    assert last[heading.index("Mean Loss")] == "1.5294"
    assert "Mean Loss" not in rows(trained("a", 1.0), trained("b", 2.0))[0]


def test_metrics_of_the_settings_have_columns() -> None:
    """Those of training and the scores of evaluations, each once, missing ones as missing."""
    scored = experiment(
        "a",
        metrics={"final_loss": 1.0, "final_entropy": 0.25},
        evaluations=(evaluation("a/1.eval", None, metrics={"match/accuracy": 0.5}),),
    )
    other = experiment(
        "b",
        metrics={"final_loss": 2.0},
        evaluations=(evaluation("b/1.eval", None, metrics={"match/accuracy": 0.9}),),
    )
    wanted = {"capitalization__match__accuracy": "max", "final_entropy": "max", "final_loss": "min"}
    heading, first, second = rows(scored, other, **wanted)
    score, entropy = heading.index("capitalization/match/accuracy"), heading.index("Entropy")
    assert [row[score] for row in (first, second)] == ["0.5", "0.9"]
    assert [row[entropy] for row in (first, second)] == ["0.25", "—"]
    assert heading.count("Final Loss") == 1
