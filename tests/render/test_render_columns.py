"""Which metrics have a column in the table of results."""

from afterall.analyse import analyse
from afterall.model import Experiment
from afterall.render.documents import render
from afterall.settings import SetSettings
from analyse.analyse_made import evaluation, experiment, material, trained
from render.test_render_html import Outline


def written(*experiments: Experiment, **metrics: str) -> dict[str, str]:
    """Return the documents of a set whose settings name these metrics."""
    names = {name.replace("__", "/"): goal for name, goal in metrics.items()}
    settings = SetSettings(figures=False, html=True, metrics=names)
    report = analyse(material(*experiments, settings=settings))
    return {name: document.decode() for name, document in render(report, settings, "", {}).items()}


def rows(*experiments: Experiment, **metrics: str) -> list[list[str]]:
    """Return the cells of the table of results, its heading first."""
    document = written(*experiments, **metrics)["RESULTS.md"]
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


def test_a_speed_of_the_settings_has_a_column_beside_another() -> None:
    """Of several speeds only the best known has one where nobody asks for more."""
    speeds = {"final_loss": 1.0, "tokens_per_second_per_gpu": 900.0, "steps_per_second": 2.5}
    runs = [experiment(name, metrics=speeds) for name in "ab"]
    assert "Steps/sec" in rows(*runs, steps_per_second="max")[0]
    assert "Steps/sec" not in rows(*runs)[0]


def test_the_page_shows_the_reports_columns_at_once() -> None:
    """A metric of the settings, the mean loss and each speed do not wait for a click where they differ."""
    runs = [
        experiment(
            name,
            metrics={
                "mean_loss": place + 1.5,
                "final_entropy": place + 0.25,
                "samples_per_second": place + 8.0,
                "steps_per_second": place + 2.0,
                "best_val_loss": place + 1.0,
            },
        )
        for place, name in enumerate("ab")
    ]
    page = Outline(written(*runs, final_entropy="max")["RESULTS.html"])
    heads = [attrs for tag, attrs in page.elements if tag == "th" and "title" in attrs]
    waits = {str(head["title"]): "more" in str(head.get("class")) for head in heads}
    shown = ("mean_loss", "final_entropy", "samples_per_second", "steps_per_second")
    assert [waits[key] for key in shown] == [False] * len(shown)
    assert waits["best_val_loss"]
