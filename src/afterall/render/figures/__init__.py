"""Draw the report's figures: what is drawn is decided here, matplotlib is only imported to draw it.

Invariant: the same report gives the same bytes; a figure that would show nothing is not there; each has words
that say what it shows, for who cannot see it. A report without figures does not import matplotlib.
"""

from collections.abc import Mapping
from functools import lru_cache

from afterall.render.escaping import Markdown, text
from afterall.render.figures.figure import Figure
from afterall.render.page import Page
from afterall.settings import RESULTS_FILES


@lru_cache(maxsize=1)
def figures(page: Page) -> Mapping[str, Figure]:
    """Return the figures that this report has something to show in, by name."""
    if not page.settings.figures:
        return {}
    from afterall.render.figures.kinds import KINDS  # noqa: PLC0415 (it imports matplotlib)

    drawn = {name: make(page) for name, make in KINDS.items()}
    return {name: figure for name, figure in drawn.items() if figure is not None}


def path_of(name: str) -> str:
    """Return a figure's file, relative to the report."""
    return f"{RESULTS_FILES}/{name}.svg"


def image(page: Page, name: str) -> Markdown:
    """Return a figure as an image with its words, "" where the report has none of this name."""
    figure = figures(page).get(name)
    return Markdown(f"![{text(figure.words, 1000)}]({path_of(name)})" if figure else "")
