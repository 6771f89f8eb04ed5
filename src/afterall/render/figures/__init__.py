"""Draw the report's figures: what is drawn is decided here, matplotlib is only imported to draw it.

Invariant: the same report gives the same bytes; a figure that would show nothing is not there; each has words
that say what it shows, for who cannot see it.
"""

from collections.abc import Mapping

from afterall.render.escaping import Markdown, text
from afterall.render.figures import cost, final_metric, losses, throughput
from afterall.render.figures.figure import Figure
from afterall.render.page import Page
from afterall.settings import RESULTS_FILES

KINDS = {
    "loss": losses.figure,
    "final_metric": final_metric.figure,
    "cost": cost.figure,
    "throughput": throughput.figure,
}
"""By file name without its ending, in the order of the report. A new one is one module and one row here."""


def figures(page: Page) -> Mapping[str, Figure]:
    """Return the figures that this report has something to show in, by name."""
    if not page.settings.figures:
        return {}
    drawn = {name: make(page) for name, make in KINDS.items()}
    return {name: figure for name, figure in drawn.items() if figure is not None}


def path_of(name: str) -> str:
    """Return a figure's file, relative to the report."""
    return f"{RESULTS_FILES}/{name}.svg"


def image(page: Page, name: str) -> Markdown:
    """Return a figure as an image with its words, "" where the report has none of this name."""
    figure = KINDS[name](page) if page.settings.figures else None
    if figure is None:
        return Markdown("")
    return Markdown(f"![{text(figure.words, 1000)}]({path_of(name)})")
