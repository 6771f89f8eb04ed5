"""Draw how fast each run trained, as bars.

Invariant: one measure for all bars, the first of MEASURES that at least two runs have; of more runs than a
figure holds the fastest and the slowest are drawn, and it says so.
"""

from functools import partial

from afterall.render.composing import plural
from afterall.render.figures import canvas
from afterall.render.figures.figure import Figure
from afterall.render.figures.grouping import is_drawable
from afterall.render.figures.palette import COLOURS
from afterall.render.page import Page
from afterall.render.words.metrics import metric_name

MEASURES = {
    "tokens_per_second_per_gpu_median": "tokens/s per GPU",
    "tokens_per_second_per_gpu": "tokens/s per GPU",
    "samples_per_second": "samples/s",
}
"""With their units, the most telling first."""
MOST_BARS = 30
LEAST_RUNS = 3


def figure(page: Page) -> Figure | None:
    """Return the figure; None where fewer than three runs logged the same measure."""
    for measure in MEASURES:
        speeds = _speeds(page, measure)
        if len(speeds) >= LEAST_RUNS:
            return Figure(_words(page, measure, speeds), partial(_draw, page, measure, speeds))
    return None


def _speeds(page: Page, measure: str) -> dict[str, float]:
    """Return the measure of each run that has it, fastest first."""
    found = {}
    for experiment in page.report.experiments:
        fact = experiment.metrics.get(measure)
        if fact is not None and isinstance(fact.value, int | float) and is_drawable(fact.value):
            found[experiment.name] = float(fact.value)
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _words(page: Page, measure: str, speeds: dict[str, float]) -> str:
    write = page.digits.write
    (fast, most), *_, (slow, least) = speeds.items()
    name = metric_name(measure).heading
    runs = plural(len(speeds), "run")
    return f"{name} of {runs}: from {write(measure, least)} ({slow}) to {write(measure, most)} ({fast})."


def _draw(page: Page, measure: str, speeds: dict[str, float]) -> bytes:
    half = MOST_BARS // 2
    names = list(speeds)
    shown = names if len(names) <= MOST_BARS else [*names[:half], *names[-half:]]
    with canvas.style():
        sheet, (axes,) = canvas.sheet(0.7 + 0.22 * len(shown), width=canvas.WIDTH * 0.8)
        bars = axes.barh(range(len(shown)), [speeds[n] for n in shown], color=COLOURS[0], height=0.7)
        axes.bar_label(bars, [page.digits.write(measure, speeds[n]) for n in shown], padding=3, fontsize=8)
        axes.set_yticks(range(len(shown)), [canvas.label(name) for name in shown])
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.margins(x=0.12)
        axes.xaxis.set_major_formatter("{x:,.0f}")
        left_out = len(names) - len(shown)
        more = f" ({left_out} between them left out)" if left_out else ""
        axes.set_xlabel(f"{metric_name(measure).heading}, {MEASURES[measure]}{more}")
        return canvas.svg(sheet)
