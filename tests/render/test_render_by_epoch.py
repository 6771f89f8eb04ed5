"""Show curves of programs that tell epochs and no optimizer steps over their epochs."""

from collections.abc import Sequence

from afterall.model import Experiment, Point, Points, Series, Source
from afterall.render.figures import figures
from afterall.render.html.curves import curves
from afterall.render.page import Page
from afterall.render.sections.results import view
from afterall.settings import SetSettings
from render.render_reports import tiny_report
from render.test_render_csv import rows
from render.test_render_figures import drawn, run, sweep, texts

EPOCHS = (0.5, 1.0, 1.5, 2.0)


def by_epoch(name: str, rank: int, losses: Sequence[float]) -> Experiment:
    """Return an experiment that logged these losses at the same parts of an epoch."""
    epochs = [1 / 128 * place for place in range(1, len(losses) + 1)] if len(losses) > 4 else EPOCHS
    told = enumerate(zip(losses, epochs, strict=False), start=1)
    points = Points.of(Point(place, value, epoch) for place, (value, epoch) in told)
    series = {"loss": Series("loss", points, Source("run.log"))}
    return run(name, rank, [losses[-1]], series={}, by_epoch=series)


def test_the_figure_has_an_axis_of_epochs() -> None:
    """And says so in words."""
    report = sweep([by_epoch("a", 4, [3.0, 2.0, 1.5, 1.0]), by_epoch("b", 16, [3.0, 2.5, 2.0, 1.75])])
    told = texts(drawn(report, "loss"))
    assert "Epoch" in told
    assert "Optimizer step" not in told
    assert {"1", "2"} <= set(told)
    words = figures(Page(report, SetSettings()))["loss"].words
    assert words == "Training loss by epoch, 2 runs: 3.0000 at first, 1.0000 (a) to 1.7500 (b) at the end."


def test_a_long_curve_is_smoothed_over_its_epochs() -> None:
    """What its places in the log are is on no axis."""
    report = sweep(
        [by_epoch("a", 4, [3 - place / 400 for place in range(384)]), by_epoch("b", 16, [3.0, 2.0])]
    )
    ticks = [float(word) for word in texts(drawn(report, "loss")) if word.replace(".", "").isdigit()]
    assert max(ticks) < 5
    (panel,) = curves(Page(report, SetSettings(html=True)))["panels"]
    (long, _) = panel["curves"]
    assert (panel["axis"], max(long["steps"]), max(long["median"]["steps"])) == ("Epoch", 3.0, 3.0)


def test_steps_come_first() -> None:
    """Where one run tells steps, what others tell of epochs has no place on the axis."""
    report = sweep([run("a", 4, [3.0, 2.0]), by_epoch("b", 16, [3.0, 2.5, 2.0, 1.75])])
    assert "Optimizer step" in texts(drawn(report, "loss"))
    words = figures(Page(report, SetSettings()))["loss"].words
    assert "Training loss by optimizer step, 1 run: 3.0000 at first, 2.0000 at the end. " in words
    assert "Not drawn, known by epoch alone: b. Validation" in words
    held = curves(Page(report, SetSettings(html=True)))
    assert [(panel["title"], panel["axis"]) for panel in held["panels"]] == [
        ("Training loss", "Optimizer step"),
        ("Validation loss", "Optimizer step"),
    ]


def test_what_the_figure_lacks_is_said_below_it() -> None:
    """Its curve stands in the table of results all the same."""
    both = [run("a", 4, [3.0, 2.0, 1.0]), by_epoch("b", 16, [3.0, 2.5, 2.0, 1.75])]
    notes = ["; ".join(map(str, view(Page(sweep(runs), SetSettings())).missing)) for runs in (both, both[1:])]
    assert "last logged step or epoch" in notes[0]
    assert "The figure has only runs that tell steps." in notes[0]
    assert "last logged epoch," in notes[1]
    assert "figure" not in notes[1]


def test_the_table_has_epochs_alone() -> None:
    """No step is told that nobody logged."""
    table = rows(tiny_report(by_epoch("a", 4, [3.0, 2.0])), "curves")
    assert [tuple(row.values()) for row in table] == [
        ("a", "loss", "", "0.5", "3.0"),
        ("a", "loss", "", "1.0", "2.0"),
    ]


def test_the_loss_stands_in_the_table_of_results() -> None:
    """In small, as that of any run."""
    page = Page(tiny_report(by_epoch("a", 4, [3.0, 2.0, 1.5, 1.0])), SetSettings())
    assert page.sparklines == {"a": "█▅▃▁"}
